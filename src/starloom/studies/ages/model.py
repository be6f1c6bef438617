"""The encoder-decoder of the study: what it reads, its loss, training in two steps, storage."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, PyTree

from starloom.models import encoder_decoder as network
from starloom.models.chunks import in_chunks
from starloom.prepare.psd import Grid
from starloom.studies.ages.check import BROAD_BINS, disagreement, residual
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit
from starloom.training.losses import kl_standard_normal

KIND = "ages"
"""Kind of model, in the card."""

GRADIENT_BLOCK = 8
"""Spectra in a gradient on a CPU: their feature maps stay in a core's caches."""

ENCODER_CHUNK = 32
"""Spectra in a call of the encoder on a CPU, for the same reason."""

_FLOOR = 1e-3
"""Smallest standard deviation of a pixel of normalised flux."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes and choices of the network and its loss.

    Args:
        n_input: pixels of a spectrum.
        n_output: bins of a power spectrum.
        filters: channels of the encoder's convolutions.
        taps: their width.
        hidden: neurons of the encoder's dense layer.
        latent: dimensions of the latent space.
        channels: channels of the decoder.
        decoder_taps: width of its convolutions.
        components: principal components of the training spectra that a spectrum keeps; with few
            pairs the network learns the noise otherwise. 0 keeps all, as published.
        kl_weight: factor on the divergence of the latent. 1 as published; the squared errors
            then stand for a noise variance of 0.5 a bin, where it is about 0.08.
        broad_bins: of the first step of the training, on averages of the log power.
    """

    n_input: int = 7514
    n_output: int = 2092
    filters: Sequence[int] = (32, 64)
    taps: int = 8
    hidden: int = 16
    latent: int = 5
    channels: int = 16
    decoder_taps: int = 32
    components: int = 0
    kl_weight: float = 1.0
    broad_bins: int = 31


@dataclass(frozen=True)
class Model:
    """
    A trained ensemble with all that a new star needs.

    Args:
        architecture: of each network.
        params: parameters, with a leading axis of members.
        mean: flux of the mean training spectrum (n_input,).
        std: its standard deviation by pixel.
        components: principal components (n_component, n_input), none for all.
        level: mean log power of the training stars (n_output,).
        spread: usual residual of validation stars in broad bins, see `check.disagreement`.
        score: their sorted disagreement.
    """

    architecture: Architecture
    params: PyTree
    mean: np.ndarray
    std: np.ndarray
    components: np.ndarray
    level: np.ndarray
    spread: np.ndarray = field(default_factory=lambda: np.ones(BROAD_BINS))
    score: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def members(self) -> int:
        """How many networks."""
        return len(jax.tree.leaves(self.params)[0])

    def member(self, index: int) -> PyTree:
        """Parameters of one network."""
        return jax.tree.map(lambda leaf: leaf[index], self.params)


def graph_of(architecture: Architecture) -> object:
    """The static part of the network, without computing its parameters."""
    return _graph(_sizes(architecture))


def weights(numax_uhz: np.ndarray, grid: Grid) -> Float[np.ndarray, "n_star n_bin"]:
    """
    Weight of each bin in the loss: 1, and up to 2 near numax; 0 in the empty first bin.

    References:
        Leung et al. (2023), Sec. 5.
    """
    numax = np.asarray(numax_uhz, float)[:, None]
    offset = (grid.centres_uhz - numax) / (2 * grid.usual_dnu(numax))
    weight = 1 + np.exp(-0.5 * np.square(offset))
    weight[:, 0] = 0.0
    return weight.astype(np.float32)


def standardised(model: Model, flux: np.ndarray) -> Float[np.ndarray, "n_star n_input"]:
    """What the network reads of normalised spectra, float32."""
    return _standardised(flux, model.mean, model.std, model.components)


def scaling_of(
    flux: Float[np.ndarray, "n_star n_input"], architecture: Architecture
) -> dict[str, np.ndarray]:
    """Mean, standard deviation and principal components of the training spectra."""
    from sklearn.utils.extmath import randomized_svd

    mean = flux.mean(axis=0, dtype=np.float64)
    std = np.maximum(flux.std(axis=0, dtype=np.float64), _FLOOR)
    components = np.zeros((0, flux.shape[1]), np.float32)
    if architecture.components:
        ready = ((flux - mean) / std).astype(np.float32)
        count = min(architecture.components, len(flux) - 1)
        components = randomized_svd(ready, count, random_state=0)[2].astype(np.float32)
    return {"mean": mean, "std": std, "components": components}


def train(
    pairs: Sequence[Mapping[str, np.ndarray]],
    grid: Grid,
    *,
    architecture: Architecture,
    settings: Sequence[Settings],
    members: int,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[Model, list[Fit]]:
    """
    Train an ensemble, on broad bins first where there are two steps, then on the full grid.

    Args:
        pairs: of the training and of the validation stars: `flux`, `log_ratio`, `numax` [uHz].
        grid: of the power spectra.
        architecture: of each network.
        settings: of each step; one alone is the published training on the full grid.
        members: how many networks.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others, its code for example.

    Returns:
        The model at its best epochs, without scores, and the fit of each step.

    References:
        Leung et al. (2023), Sec. 5; the two steps are ours.
    """
    scaling = scaling_of(pairs[0]["flux"], architecture)
    level = np.nan_to_num(pairs[0]["log_ratio"]).mean(axis=0)
    sets = [
        {
            "x": _standardised(part["flux"], **scaling),
            "y": np.nan_to_num(part["log_ratio"]) - level,
            "weight": weights(part["numax"], grid),
        }
        for part in pairs
    ]
    fits, start = [], None
    for step, choice in enumerate(settings):
        full = step == len(settings) - 1
        found = fit(
            *training_parts(architecture, full),
            *sets,
            key=jax.random.fold_in(jax.random.key(seed), step),
            settings=choice,
            members=members,
            start=start,
            folder=folder and f"{folder}/{'full' if full else 'broad'}",
            identity={**dict(identity), "architecture": asdict(architecture)},
            what="full grid" if full else "broad bins",
            block=GRADIENT_BLOCK if jax.default_backend() == "cpu" else 0,
        )
        start = found.params
        fits.append(found)
    model = Model(architecture, start, **scaling, level=level)
    return model, fits


def training_parts(architecture: Architecture, full: bool = True) -> tuple[Callable, Callable]:
    """Loss (of the full grid, or of broad bins) and first parameters, as `training.fit` takes."""
    return _loss(_Frozen(architecture), full), _init(_Frozen(architecture))


class _Frozen:
    """An architecture as a key of caches: fields that are lists become tuples."""

    def __init__(self, architecture):
        self.values = asdict(architecture) | {"filters": tuple(architecture.filters)}
        self.key = tuple(self.values.items())

    def __hash__(self):
        return hash(self.key)

    def __eq__(self, other):
        return self.key == other.key


@functools.cache
def _init(frozen):
    sizes = _sizes(Architecture(**frozen.values))
    return lambda key: (network.build(key, **sizes)[1], {})


@functools.cache
def _loss(frozen, full):
    """Loss of the full grid, or of averages in broad bins."""
    architecture = Architecture(**frozen.values)
    graph, bins = graph_of(architecture), architecture.n_output
    broad = np.arange(bins) * architecture.broad_bins // bins
    averaging = jnp.asarray(broad[:, None] == np.arange(architecture.broad_bins), jnp.float32)

    def loss(params, state, stars, key, training):
        out = network.apply(graph, params, stars["x"], key)
        residual, weight = stars["y"] - out.spectrum, stars["weight"]
        if not full:
            total = weight @ averaging
            residual = (weight * residual) @ averaging / jnp.maximum(total, 1e-6)
            weight = total
        reconstruction = (weight * jnp.square(residual)).sum(axis=-1).mean()
        kl = kl_standard_normal(out.mean, out.log_variance).sum(axis=-1).mean()
        value = reconstruction + architecture.kl_weight * kl
        return value, (state, {"reconstruction": reconstruction, "kl": kl})

    return loss


def encode(
    model: Model, flux: Float[np.ndarray, "n_star n_input"]
) -> dict[str, Float[np.ndarray, "n_star n_member n_latent"]]:
    """
    Latent means and standard deviations of normalised spectra by every member.

    Args:
        model: the ensemble.
        flux: spectra over their continua.

    Returns:
        `latent_mean` and `latent_sigma` (n_star, n_member, n_latent).
    """
    program = _encoder(_Frozen(model.architecture))
    fixed = {name: jnp.asarray(v, jnp.float32) for name, v in _scaling(model).items()}
    chunk = ENCODER_CHUNK if jax.default_backend() == "cpu" else None
    return in_chunks(program, {"params": model.params} | fixed, {"flux": flux}, chunk=chunk)


@functools.cache
def _encoder(frozen):
    graph = graph_of(Architecture(**frozen.values))

    @jax.jit
    def program(weights, stars):
        x = (stars["flux"] - weights["mean"]) / weights["std"]
        parts = weights["components"]
        x = (x @ parts.T) @ parts if len(parts) else x
        # One network after the other: XLA's convolution with a kernel for each is slow.
        found = jax.lax.map(lambda params: network.encode(graph, params, x), weights["params"])
        mean, sigma = (jnp.moveaxis(values, 0, 1) for values in found)
        return {"latent_mean": mean, "latent_sigma": sigma}

    return program


def decode(
    model: Model, latent: Float[np.ndarray, "n_star n_latent"], member: int = 0
) -> Float[np.ndarray, "n_star n_bin"]:
    """Log power over its background that a member predicts at latent positions of its own."""
    spectrum = network.decode(
        graph_of(model.architecture), model.member(member), jnp.asarray(latent, jnp.float32)
    )
    return np.asarray(spectrum) + model.level


def reconstruct(
    model: Model, flux: Float[np.ndarray, "n_star n_input"], member: int = 0
) -> Float[np.ndarray, "n_star n_bin"]:
    """Log power over its background that a member predicts from normalised spectra."""
    return decode(model, encode(model, flux)["latent_mean"][:, member], member)


def with_check(model: Model, validation: Mapping[str, np.ndarray]) -> Model:
    """Note how well the power spectra of validation stars (`flux`, `log_ratio`) are predicted."""
    broad = residual(validation["log_ratio"], reconstruct(model, validation["flux"]))
    spread = np.maximum(np.sqrt(np.square(broad).mean(axis=0)), 1e-6)
    return replace(model, spread=spread, score=np.sort(disagreement(broad, spread)))


def jacobian(
    model: Model, flux: Float[np.ndarray, "n_star n_input"], member: int = 0
) -> Float[np.ndarray, "n_star n_latent n_input"]:
    """Derivative of the latent means of a member with respect to the normalised flux."""
    graph, params = graph_of(model.architecture), model.member(member)
    fixed = {name: jnp.asarray(v, jnp.float32) for name, v in _scaling(model).items()}

    @jax.jit
    def mean(one):
        x = (one - fixed["mean"]) / fixed["std"]
        parts = fixed["components"]
        x = (x @ parts.T) @ parts if len(parts) else x
        return network.apply(graph, params, x[None]).mean[0]

    slope = jax.jit(jax.jacrev(mean))
    return np.stack([np.asarray(slope(jnp.asarray(one, jnp.float32))) for one in flux])


def to_model(model: Model, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and card for `starloom.tables.write_model`; `card` is added to the latter."""
    scaling = _scaling(model) | {"level": model.level, "spread": model.spread, "score": model.score}
    arrays = flatten({"params": model.params, "scaling": scaling})
    architecture = asdict(model.architecture)
    return arrays, {**card, "kind": KIND, "architecture": architecture, "members": model.members}


def from_model(arrays: Mapping[str, np.ndarray], card: Mapping) -> Model:
    """
    The model that `starloom.tables.read_model` has read.

    Raises:
        ValueError: if the card is of another kind of model, or an array has the wrong shape.
        KeyError: if an array is missing.
    """
    require_kind(card, KIND)
    architecture = Architecture(**card["architecture"])
    one = jax.eval_shape(lambda: _init(_Frozen(architecture))(jax.random.key(0))[0])
    like = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((card["members"], *leaf.shape), leaf.dtype), one
    )
    params = unflatten({"params": like}, arrays)["params"]
    names = ("mean", "std", "components", "level", "spread", "score")
    return Model(architecture, params, *(arrays[f"scaling/{name}"] for name in names))


def _scaling(model):
    return {"mean": model.mean, "std": model.std, "components": model.components}


def _standardised(flux, mean, std, components):
    x = ((flux - mean) / std).astype(np.float32)
    return (x @ components.T) @ components if len(components) else x


def _sizes(architecture):
    sizes = asdict(architecture)
    for name in ("components", "kl_weight", "broad_bins"):
        sizes.pop(name)
    return sizes | {"filters": tuple(sizes["filters"])}


def _graph(sizes):
    from flax import nnx

    return nnx.eval_shape(lambda: network.build(jax.random.key(0), **sizes))[0]
