"""The scatter VAE as a model of stars: its architecture, loss, training and storage."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, PyTree

from starloom.models import scatter_vae as network
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit
from starloom.training.losses import gaussian, gaussian_blocks, kl_standard_normal

KIND = "scatter_vae"
"""Kind of model, in the card."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes and choices of the network and its likelihood.

    Args:
        n_input: coefficients of a spectrum, BP then RP.
        widths: neurons in the encoder's layers; the decoders mirror them.
        latent: dimensions of the latent space.
        scatter: `capped` (sigmoid) or `free` (softplus) scatter head.
        likelihood: `diagonal` errors, or the `full` covariance within BP and RP.
    """

    n_input: int = 110
    widths: Sequence[int] = (90, 70, 50, 30, 10)
    latent: int = 6
    scatter: str = "capped"
    likelihood: str = "diagonal"


@dataclass(frozen=True)
class Model:
    """
    A trained scatter VAE with all that a new star needs.

    Args:
        architecture: of the network.
        params: parameters.
        stats: running statistics.
        mean: of flux-normalised coefficients over the training stars (n_input,).
        std: their standard deviation (n_input,).
        reference: what training stars look like, for the outlier score; see `reference`.
        scatter_scale: factor on the scatter; 1 unless `recalibrate` was asked for.
    """

    architecture: Architecture
    params: PyTree
    stats: PyTree
    mean: np.ndarray
    std: np.ndarray
    reference: Mapping[str, np.ndarray] = field(default_factory=dict)
    scatter_scale: float = 1.0


def init(key: Array, architecture: Architecture) -> tuple[PyTree, PyTree]:
    """Parameters and running statistics of a new network."""
    return _build(key, architecture)[1:]


def loss(
    params: PyTree,
    stats: PyTree,
    stars: Mapping[str, Float[Array, "n_star n_input"]],
    key: Array,
    training: bool,
    *,
    architecture: Architecture,
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    Mean over the stars of reconstruction loss plus Kullback-Leibler divergence [nat].

    Args:
        params: parameters.
        stats: running statistics.
        stars: `x`, `error` and, for the full likelihood, `correlation` (n_star, 2, 1485).
        key: for the latent draws.
        training: normalise by the batch and renew the statistics.
        architecture: of the network.

    Returns:
        The loss, and the statistics with the loss's parts `reconstruction` and `kl`.

    References:
        Laroche & Speagle (2024), Eqs. 1-5, with sums over pixels and latent dimensions.
    """
    graph = graph_of(architecture)
    out, stats = network.apply(graph, params, stats, stars["x"], key=key, training=training)
    residual = stars["x"] - out.spectrum
    if architecture.likelihood == "full":
        terms = gaussian_blocks(residual, stars["error"], stars["correlation"], out.scatter)[1]
    else:
        terms = gaussian(residual, stars["error"] ** 2 + out.scatter**2)
    reconstruction = terms.mean()
    kl = kl_standard_normal(out.mean, out.log_variance).sum(axis=-1).mean()
    return reconstruction + kl, (stats, {"reconstruction": reconstruction, "kl": kl})


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
    Train a scatter VAE and note what its training stars look like.

    Args:
        stars: `x` and `error` (and `correlation`) of the training stars, from `prepare`.
        validation: the same for the stars that choose the epoch.
        mean: from `prepare`.
        std: from `prepare`.
        architecture: of the network.
        settings: of the training.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others, its code for example.

    Returns:
        The model of the best epoch, and the fit with its history.
    """
    result = _fit(stars, validation, architecture, settings, seed, None, folder, identity)
    return Model(architecture, result.params, result.state, mean, std), result


def train_ensemble(
    stars: Mapping[str, np.ndarray],
    validation: Mapping[str, np.ndarray],
    *,
    mean: np.ndarray,
    std: np.ndarray,
    architecture: Architecture,
    settings: Settings,
    seed: int,
    members: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[list[Model], Fit]:
    """
    Train several scatter VAEs at once, which differ in everything random.

    Args:
        stars: as in `train`.
        validation: as in `train`.
        mean: from `prepare`.
        std: from `prepare`.
        architecture: of the networks.
        settings: of the training.
        seed: of everything random; each member derives its own.
        members: how many.
        folder: where checkpoints go and are resumed from.
        identity: as in `train`.

    Returns:
        The members at their own best epochs, and the fit, whose arrays have an axis of members.
    """
    result = _fit(stars, validation, architecture, settings, seed, members, folder, identity)
    models = []
    for i in range(members):
        params, stats = jax.tree.map(lambda leaf, i=i: leaf[i], (result.params, result.state))
        models.append(Model(architecture, params, stats, mean, std))
    return models, result


def to_model(model: Model, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """
    Arrays and card for `starloom.tables.write_model`.

    Args:
        model: what `train` gave.
        card: plain values to add (training data, seed, scores).

    Returns:
        Arrays by path, and the card.
    """
    tree = {
        "params": model.params,
        "stats": model.stats,
        "scaling": {"mean": model.mean, "std": model.std},
        "reference": dict(model.reference),
    }
    return flatten(tree), {
        **card,
        "kind": KIND,
        "architecture": asdict(model.architecture),
        "scatter_scale": model.scatter_scale,
    }


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
    like = jax.eval_shape(lambda: init(jax.random.key(0), architecture))
    tree = unflatten(dict(zip(("params", "stats"), like, strict=True)), arrays)
    reference = {
        name.removeprefix("reference/"): values
        for name, values in arrays.items()
        if name.startswith("reference/")
    }
    return Model(
        architecture,
        tree["params"],
        tree["stats"],
        arrays["scaling/mean"],
        arrays["scaling/std"],
        reference,
        card["scatter_scale"],
    )


def graph_of(architecture: Architecture) -> nnx.GraphDef:
    """The static part of the network, without computing its parameters."""
    return nnx.eval_shape(lambda: _build(jax.random.key(0), architecture))[0]


def _fit(stars, validation, architecture, settings, seed, members, folder, identity):
    return fit(
        lambda *arguments: loss(*arguments, architecture=architecture),
        lambda key: init(key, architecture),
        stars,
        validation,
        key=jax.random.key(seed),
        settings=settings,
        members=members,
        folder=folder,
        identity={**dict(identity), "architecture": asdict(architecture)},
        what="scatter VAE",
    )


def _build(key, architecture):
    return network.build(
        key,
        n_input=architecture.n_input,
        widths=tuple(architecture.widths),
        n_latent=architecture.latent,
        scatter=architecture.scatter,
    )
