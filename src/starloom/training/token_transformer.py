"""
The token transformer as a model of stars: what it learns from, its training, storage, answers.

Kinds are numbered; each star has a value of each kind or none. In a training step the network
reads one group of kinds at a time (all coefficients, or all labels, say) with some of the tokens
hidden, and is asked for kinds drawn at random, hidden ones and others.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PyTree

from starloom.models import transformer as network
from starloom.models.chunks import in_chunks
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit

KIND = "token_transformer"
"""Kind of model, in the card."""

CHUNK = 256
"""Stars that are answered at a time: attention needs the square of the number of tokens."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes of the network, and what it learns to read.

    Args:
        groups: kinds that are read together, by the name of the group; 64 at most in each. The
            kinds are 0, 1, 2, ..., each in some group.
        width: numbers in the embedding of a token.
        heads: of each attention.
        encoder: blocks that encode tokens.
        decoder: blocks that answer requests.
        requests: kinds that are asked for in a training step, the same share of each group as far
            as it has so many: the labels of a star are few beside its coefficients.
    """

    groups: Mapping[str, Sequence[int]]
    width: int = 32
    heads: int = 4
    encoder: int = 2
    decoder: int = 1
    requests: int = 32

    @property
    def n_kind(self) -> int:
        """How many kinds there are."""
        return 1 + max(max(kinds) for kinds in self.groups.values())


@dataclass(frozen=True)
class Model:
    """
    A trained network with all that a new star needs.

    Args:
        architecture: of the network.
        params: parameters.
        mean: of each kind over the training stars (n_kind,).
        std: their standard deviation (n_kind,).
    """

    architecture: Architecture
    params: PyTree
    mean: np.ndarray
    std: np.ndarray


def prepare(
    value: Float[np.ndarray, "n_star n_kind"],
    error: Float[np.ndarray, "n_star n_kind"],
    training: Bool[np.ndarray, " n_star"],
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """
    Standardise the values with the statistics of the training stars.

    Args:
        value: NaN where a star has none.
        error: one sigma; a value without a finite one counts as missing.
        training: which stars belong to the training set.

    Returns:
        `value`, `variance` (float32; 0 and 1 where missing) and `known` of all stars; mean and
        standard deviation of each kind.

    Raises:
        ValueError: if a kind has fewer than two training values or never varies.
    """
    known = np.isfinite(value) & np.isfinite(error)
    few = known[training].sum(axis=0) < 2
    if few.any():
        raise ValueError(f"kind {few.argmax()} has fewer than two values among the training stars")
    seen = np.where(known, value, np.nan)[training]
    mean, std = np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)
    if not (std > 0).all():
        raise ValueError(f"kind {int(np.argmin(std))} is the same in all training stars")
    stars = {
        "value": np.where(known, (value - mean) / std, 0.0).astype(np.float32),
        "variance": np.where(known, np.square(error / std), 1.0).astype(np.float32),
        "known": known,
    }
    return stars, mean, std


def loss(
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Float[Array, "n_star n_kind"]],
    key: Array,
    training: bool,
    *,
    architecture: Architecture,
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    Negative log likelihood of requested values, a value, averaged over stars, requests and groups.

    Args:
        params: of the network.
        state: passed on.
        stars: of `prepare`.
        key: of what is hidden and of what is asked for.
        training: hide tokens and draw requests; else nothing is hidden and all is asked for.
        architecture: of the network.

    Returns:
        The loss, and the state with the loss by group.

    References:
        Leung & Bovy (2023), Sec. 3: the known and the predicted variance add up.
    """
    request = jnp.arange(architecture.n_kind)
    request_key, *keys = jax.random.split(key, 1 + len(architecture.groups))
    request = _drawn(request_key, architecture) if training else request
    value, variance, known = (stars[name][:, request] for name in ("value", "variance", "known"))
    parts = {}
    for hide_key, (name, kinds) in zip(keys, architecture.groups.items(), strict=True):
        kinds = np.asarray(kinds)
        seen = stars["known"][:, kinds]
        seen = _partly_hidden(hide_key, seen) if training else seen
        mean, excess = network.apply(
            params, stars["value"][:, kinds], kinds, seen, request, heads=architecture.heads
        )
        total = variance + excess
        terms = 0.5 * (jnp.square(value - mean) / total + jnp.log(total))
        parts[name] = jnp.where(known, terms, 0.0).sum() / jnp.maximum(known.sum(), 1)
    return sum(parts.values()) / len(parts), (state, parts)


def _drawn(key, architecture):
    """Kinds to ask for in a step."""
    share = architecture.requests // len(architecture.groups)
    keys = jax.random.split(key, len(architecture.groups))
    return jnp.concatenate(
        [
            jax.random.permutation(key, jnp.asarray(kinds))[:share]
            for key, kinds in zip(keys, architecture.groups.values(), strict=True)
        ]
    )


def _partly_hidden(key, known):
    """Half of the stars keep all tokens, the others a share that differs from star to star."""
    some, share, token = jax.random.split(key, 3)
    whole = jax.random.bernoulli(some, shape=(len(known), 1))
    kept = jax.random.uniform(token, known.shape) < jax.random.uniform(share, (len(known), 1))
    return known & (whole | kept)


def train(
    stars: Mapping[str, np.ndarray],
    validation: Mapping[str, np.ndarray],
    *,
    mean: np.ndarray,
    std: np.ndarray,
    architecture: Architecture,
    settings: Settings,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[Model, Fit]:
    """
    Train a transformer.

    Args:
        stars: of `prepare`, of the training stars.
        validation: the same for the stars that choose the epoch.
        mean: of `prepare`.
        std: of `prepare`.
        architecture: of the network.
        settings: of the training.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others, its code for example.

    Returns:
        The model of the best epoch, and the fit with its history.
    """
    result = fit(
        functools.partial(loss, architecture=architecture),
        lambda key: (_init(key, architecture), {}),
        stars,
        validation,
        key=jax.random.key(seed),
        settings=settings,
        folder=folder,
        identity={**dict(identity), "architecture": asdict(architecture)},
        what="token transformer",
    )
    return Model(architecture, result.params, mean, std), result


def predict(
    model: Model,
    value: Float[np.ndarray, "n_star n_token"],
    kinds: Sequence[int],
    request: Sequence[int],
) -> tuple[Float[np.ndarray, "n_star n_request"], Float[np.ndarray, "n_star n_request"]]:
    """
    Requested kinds of stars from some of their values.

    Args:
        model: a trained model.
        value: of each of `kinds`, in their own units; NaN where a star has none.
        kinds: what is read.
        request: what is asked for.

    Returns:
        Means and one sigma of what the network does not know, in the units of the kinds; NaN for
        a star without any value.
    """
    kinds, request = np.asarray(kinds), np.asarray(request)
    known = np.isfinite(value)
    given = np.where(known, (value - model.mean[kinds]) / model.std[kinds], 0.0)
    function = _compiled(model.architecture.heads, tuple(kinds.tolist()), tuple(request.tolist()))
    found = in_chunks(
        function, model.params, {"value": given.astype(np.float32), "known": known}, chunk=CHUNK
    )
    std = np.where(known.any(axis=1)[:, None], model.std[request], np.nan)
    return found["mean"] * std + model.mean[request], np.sqrt(found["variance"]) * std


@functools.cache
def _compiled(heads, kinds, request):
    kinds, request = np.asarray(kinds), np.asarray(request)

    def function(params, stars):
        mean, variance = network.apply(
            params, stars["value"], kinds, stars["known"], request, heads=heads
        )
        return {"mean": mean, "variance": variance}

    return jax.jit(function)


def to_model(model: Model, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """
    Arrays and card for `starloom.tables.write_model`.

    Args:
        model: what `train` gave.
        card: plain values to add.

    Returns:
        Arrays by path, and the card.
    """
    arrays = flatten({"params": model.params, "mean": model.mean, "std": model.std})
    return arrays, {**card, "kind": KIND, "architecture": asdict(model.architecture)}


def from_model(arrays: Mapping[str, np.ndarray], card: Mapping) -> Model:
    """
    The model that `starloom.tables.read_model` has read.

    Args:
        arrays: by path.
        card: the model's card.

    Returns:
        The model.

    Raises:
        ValueError: if the card is of another kind of model, or an array has the wrong shape.
        KeyError: if an array is missing.
    """
    require_kind(card, KIND)
    architecture = Architecture(**card["architecture"])
    like = jax.eval_shape(lambda: _init(jax.random.key(0), architecture))
    params = unflatten({"params": like}, arrays)["params"]
    return Model(architecture, params, arrays["mean"], arrays["std"])


def _init(key, architecture):
    sizes = {name: getattr(architecture, name) for name in ("width", "heads", "encoder", "decoder")}
    return network.init(key, architecture.n_kind, **sizes)
