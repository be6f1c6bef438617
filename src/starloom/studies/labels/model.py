"""The uncertain network of the study: its sizes, loss, training and storage."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from starloom.models import uncertain as network
from starloom.prepare.colours import COLOURS
from starloom.studies.labels.inputs import LABELS, Scaling, constants
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit
from starloom.training.losses import symmetric

KIND = "labels"
"""Kind of model, in the card."""

WARM_UP = 1 / 8
"""Share of the steps that leaves out the variance from the inputs (2,500 of 20,000)."""

HIDDEN = 0.1
"""Share of the stars of a step from which each colour is hidden with probability one half: the
fill-ins are learned on them, since few training stars lack a band."""

SMALLEST = 1e-6
"""Variance added to all, in standardised units: keeps the logarithm finite."""

BLOCK = 100
"""Stars whose gradient is taken at a time on a CPU: what they need stays in its caches."""

DENSE_BYTES = 2**30
"""Correlations are unpacked once before a training where they take less memory than this."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes and choices of the network.

    Args:
        n_input: ratios and colours.
        widths: neurons of the two hidden layers.
        pseudo_mag: whether the pseudo-absolute magnitude is given; else it counts as missing.
        balanced: whether rare labels weigh as much as common ones.
        members: networks of an ensemble; None for one.
    """

    n_input: int = 114
    widths: Sequence[int] = (128, 128)
    pseudo_mag: bool = True
    balanced: bool = False
    members: int | None = None


@dataclass(frozen=True)
class Model:
    """
    A trained network with all that a new star needs.

    Args:
        architecture: of the network.
        params: parameters; of an ensemble with a leading axis of members.
        scaling: of inputs and labels.
        reference: what training stars look like; see `range.reference_of`.
        sigma_scale: factor on each label's total error (n_label,).
    """

    architecture: Architecture
    params: PyTree
    scaling: Scaling
    reference: Mapping[str, np.ndarray] = field(default_factory=dict)
    sigma_scale: np.ndarray = field(default_factory=lambda: np.ones(len(LABELS)))


def init(key: Array, architecture: Architecture) -> tuple[PyTree, PyTree]:
    """Parameters of a new network, and its state: the number of steps done."""
    sizes = (architecture.n_input, len(COLOURS), tuple(architecture.widths), len(LABELS))
    return network.init(key, *sizes), {"step": jnp.zeros((), jnp.int32)}


def loss(
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Float[Array, "n_star _"]],
    key: Array,
    training: bool,
    *,
    fixed: Mapping[str, np.ndarray],
    warm_up: int,
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    Negative log likelihood of the labels, by star, summed over the labels.

    Args:
        params: of the network.
        state: steps done.
        stars: of `inputs.standardise`, with `y`, its variance `y_variance` and its `weight`
            (n_star, n_label), standardised.
        key: of the dropout.
        training: with dropout, and a step further; else without.
        fixed: of `inputs.constants`.
        warm_up: steps without the variance from the inputs.

    Returns:
        The loss, and the state with the mean variances by origin.

    References:
        Fallows & Sanders (2024), Eqs. 9 and 10; the variance of the model from two passes of
        dropout, which no gradient enters.
    """
    widths, n_star = params["w1"].shape, len(stars["x"])
    first_key, second_key, hide_key = jax.random.split(key, 3)
    first, second = (network.draw_masks(k, n_star, widths) for k in (first_key, second_key))
    stars = unpacked({**stars, **fixed})
    if training:
        stars["known"] = _partly_hidden(hide_key, stars["known"])

    def without(_):
        mean, excess = network.predict(params, stars, first)
        return mean, excess, jnp.zeros_like(mean)

    def with_input(_):
        return network.predict_with_input(params, stars, first if training else None)

    if training:
        mean, excess, given = jax.lax.cond(state["step"] < warm_up, without, with_input, None)
        passes = mean, network.predict(params, stars, second)[0]
    else:
        mean, excess, given = with_input(None)
        passes = [network.predict(params, stars, masks)[0] for masks in (first, second)]
    spread = jax.lax.stop_gradient(0.5 * jnp.square(passes[0] - passes[1]))
    variance = stars["y_variance"] + spread + given + excess + SMALLEST
    terms = 0.5 * (jnp.square(mean - stars["y"]) / variance + jnp.log(variance))
    parts = {"model": spread.mean(), "input": given.mean(), "excess": excess.mean()}
    state = {"step": state["step"] + 1} if training else state
    return (stars["weight"] * terms).sum(axis=1).mean(), (state, parts)


def targets(labels: Mapping[str, np.ndarray], scaling: Scaling, weight: np.ndarray | None = None):
    """
    What the loss holds the network against, float32.

    Args:
        labels: `value` and `error` (n_star, n_label), NaN where missing.
        scaling: of the labels.
        weight: of each label of each star; 1 by default.

    Returns:
        `y`, `y_variance`, `weight`; 0, 1, 0 where a label is missing.
    """
    known = np.isfinite(labels["value"])
    weight = known if weight is None else weight * known
    return {
        "y": np.where(known, (labels["value"] - scaling.y_mean) / scaling.y_std, 0.0),
        "y_variance": np.where(known, np.square(labels["error"] / scaling.y_std), 1.0),
        "weight": weight,
    }


def train(
    stars: Mapping[str, np.ndarray],
    validation: Mapping[str, np.ndarray],
    *,
    scaling: Scaling,
    architecture: Architecture,
    settings: Settings,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[Model, Fit]:
    """
    Train a network, or an ensemble of them.

    Args:
        stars: of `inputs.standardise` with `targets`, of the training stars.
        validation: the same for the stars that choose the epoch.
        scaling: of inputs and labels.
        architecture: of the network.
        settings: of the training.
        seed: of everything random; each member derives its own.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others, its code for example.

    Returns:
        The model of the best epoch, and the fit with its history.
    """
    ready = [_ready(part, architecture) for part in (stars, validation)]
    steps = settings.epochs * max(len(stars["x"]) // settings.batch, 1)
    fixed = constants(scaling)
    result = fit(
        lambda *given: loss(*given, fixed=fixed, warm_up=int(WARM_UP * steps)),
        lambda key: init(key, architecture),
        *ready,
        key=jax.random.key(seed),
        settings=settings,
        members=architecture.members,
        block=BLOCK if jax.default_backend() == "cpu" else 0,
        folder=folder,
        identity={**dict(identity), "architecture": asdict(architecture)},
        what="labels",
    )
    return Model(architecture, jax.device_get(result.params), scaling), result


def visible(stars: Mapping[str, np.ndarray], architecture: Architecture) -> dict[str, np.ndarray]:
    """The stars as the network may see them: perhaps without the pseudo-absolute magnitude."""
    if architecture.pseudo_mag:
        return dict(stars)
    known, x = stars["known"].copy(), stars["x"].copy()
    known[:, -1], x[:, -1] = False, 0.0
    return {**stars, "known": known, "x": x}


def unpacked(stars: Mapping[str, Array]) -> dict[str, Array]:
    """The stars with their correlations as matrices, which they may be already."""
    correlation, n_band = stars["correlation"], stars["error"].shape[-1] // 2
    if correlation.ndim < 4:
        correlation = symmetric(correlation, n_band)
    return {**stars, "correlation": correlation}


def to_model(model: Model, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """
    Arrays and card for `starloom.tables.write_model`.

    Args:
        model: what `train` gave.
        card: plain values to add (training data, seed, scores).
    """
    tree = {
        "params": model.params,
        "scaling": asdict(model.scaling),
        "reference": dict(model.reference),
        "sigma_scale": model.sigma_scale,
    }
    more = {"kind": KIND, "labels": list(LABELS), "architecture": asdict(model.architecture)}
    return flatten(tree), {**card, **more}


def from_model(arrays: Mapping[str, np.ndarray], card: Mapping) -> Model:
    """
    The model that `starloom.tables.read_model` has read.

    Raises:
        ValueError: if the card is of another kind of model, or an array has the wrong shape.
        KeyError: if an array is missing.
    """
    require_kind(card, KIND)
    architecture = Architecture(**card["architecture"])
    one = jax.eval_shape(lambda: init(jax.random.key(0), architecture)[0])
    members = () if architecture.members is None else (architecture.members,)
    like = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((*members, *leaf.shape), leaf.dtype), one)
    params = unflatten({"params": like}, arrays)["params"]
    groups = {
        group: {
            name.removeprefix(f"{group}/"): values
            for name, values in arrays.items()
            if name.startswith(f"{group}/")
        }
        for group in ("scaling", "reference")
    }
    scaling = Scaling(**groups["scaling"])
    return Model(architecture, params, scaling, groups["reference"], arrays["sigma_scale"])


def _partly_hidden(key, known):
    """Which colours a step may see: all that are known of most stars, half of them of some."""
    star_key, colour_key = jax.random.split(key)
    chosen = jax.random.uniform(star_key, (len(known), 1)) < HIDDEN
    return known & ~(chosen & (jax.random.uniform(colour_key, known.shape) < 0.5))


def _ready(stars, architecture):
    """float32 throughout, the correlations as matrices where there is room for them."""
    stars = visible({k: v for k, v in stars.items() if k != "name"}, architecture)
    stars = {k: v if v.dtype == bool else v.astype(np.float32) for k, v in stars.items()}
    n_star, _, n_pair = stars["correlation"].shape
    n_band = stars["error"].shape[1] // 2
    if 8 * n_star * n_band**2 < DENSE_BYTES and n_pair == n_band * (n_band - 1) // 2:
        stars = jax.tree.map(np.asarray, unpacked(stars))
    return stars
