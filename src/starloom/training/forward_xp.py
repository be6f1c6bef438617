"""The model from labels to XP spectra: its training, the labels that suit a spectrum, storage."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from starloom.models import forward_xp as network
from starloom.models.chunks import in_chunks
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit

KIND = "forward_xp"
"""Kind of model, in the card."""

TAIL = 60.0
"""Degrees of freedom of the t distribution of residuals: odd stars pull less than a Gaussian's."""

LOOSE = 0.1
"""Scatter of ln parallax added in training: measured log g are too wrong, and companions too many,
for luminosities to be exact; a curve that had to make up for it would not be that of dust."""

LIBRARY = 128
"""Training stars whose labels are tried before a fit starts from the best of them."""

STEPS = 12
"""Of the fit of labels."""

MOST_SCALED = 3.0
"""A curve that seems off by more than this factor is left as it is: nothing was expected."""

CHUNK = 128
"""Stars that are fitted at a time: each brings a matrix."""


@dataclass(frozen=True)
class Model:
    """
    A trained model with all that a new star needs.

    Args:
        params: parameters.
        widths: neurons of the hidden layers.
        mean: of each label over the training stars (n_label,).
        std: their standard deviation (n_label,).
        library: labels of some training stars, standardised (n_library, n_label).
    """

    params: PyTree
    widths: Sequence[int]
    mean: np.ndarray
    std: np.ndarray
    library: np.ndarray


def loss(
    params: PyTree, state: PyTree, stars: Mapping[str, Array], key: Array, training: bool
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    Mean over the stars of minus the logarithm of a t distribution of their residuals [nat].

    Args:
        params: parameters.
        state: passed on.
        stars: `labels` (n_star, n_label) standardised, `log_flux` (n_star, n_pixel), `white`
            (n_star, n_pixel, n_pixel) of `models.forward_xp.in_logarithms`, and `prior` of
            `dust_and_distance`, which are those that suit the star best.
        key: not used.
        training: not used.

    Returns:
        The loss, and the state with the mean `chi2` a pixel.
    """
    del key, training
    chi2 = _best(params, stars["labels"], stars)[1]
    n_pixel = stars["log_flux"].shape[1]
    terms = 0.5 * (TAIL + n_pixel) * jnp.log1p(chi2 / TAIL)
    return terms.mean(), (state, {"chi2": chi2.mean() / n_pixel})


def train(
    stars: Mapping[str, np.ndarray],
    validation: Mapping[str, np.ndarray],
    *,
    curve: Float[np.ndarray, " n_pixel"],
    widths: Sequence[int],
    settings: Settings,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[Model, Fit]:
    """
    Train the network and the extinction curve.

    Args:
        stars: of the training stars, as for `loss`, with `labels` in their own units.
        validation: the same for the stars that choose the epoch.
        curve: a first extinction curve, of roughly the right slope.
        widths: neurons of the hidden layers.
        settings: of the training.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others, its code for example.

    Returns:
        The model of the best epoch, and the fit with its history.

    Raises:
        ValueError: if a label never varies.
    """
    mean, std = stars["labels"].mean(axis=0), stars["labels"].std(axis=0)
    if not (std > 0).all():
        raise ValueError(f"label {int(np.argmin(std))} is the same in all training stars")
    stars, validation = (_loosened(part, mean, std) for part in (stars, validation))
    near = stars["log_flux"] - 2 * stars["prior"][:, 1, :1]
    start = np.median(near, axis=0).astype(np.float32)
    result = fit(
        loss,
        lambda key: (network.init(key, len(mean), start, curve, widths), {}),
        stars,
        validation,
        key=jax.random.key(seed),
        settings=settings,
        folder=folder,
        identity={**dict(identity), "widths": list(widths), "curve": np.asarray(curve).tolist()},
        what="labels to spectra",
    )
    chosen = np.random.default_rng(seed).permutation(len(stars["labels"]))[:LIBRARY]
    params = _scaled(result.params, stars)
    return Model(params, tuple(widths), mean, std, stars["labels"][chosen]), result


def infer(model: Model, stars: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """
    The labels with which the model comes closest to spectra.

    No label of the stars themselves is read: the fit starts from the best of the model's library
    of training stars, and its prior is as wide as the training stars are.

    Args:
        model: a trained model.
        stars: `log_flux`, `white`, `prior`.

    Returns:
        `labels` in their own units, `extinction` [mag], `parallax` [mas], `log_flux` (n_star,
        n_pixel) and `chi2` of pixels and priors.

    References:
        Zhang, Green & Rix (2023), Sec. 3.3; Levenberg (1944).
    """
    given = {name: stars[name] for name in ("log_flux", "white", "prior")}
    found = in_chunks(_compiled(), (model.params, model.library), given, chunk=CHUNK)
    parallax = np.exp(found.pop("log_parallax"))
    return found | {"labels": found["labels"] * model.std + model.mean, "parallax": parallax}


def _loosened(stars, mean, std):
    """Standardised labels, and room for distances."""
    prior = np.array(stars["prior"])
    prior[:, 1, 1] = np.hypot(prior[:, 1, 1], LOOSE)
    labels = ((stars["labels"] - mean) / std).astype(np.float32)
    return {**stars, "labels": labels, "prior": prior}


def _scaled(params, stars):
    """
    The model with its curve in units of the expected extinctions.

    A stronger curve with less extinction gives the same spectra; only the priors tell them apart,
    and gradients are slow to hear them. Fitted extinctions are precise, expected ones are not:
    the slope of the expected over the fitted ones is the factor that is missing.
    """
    found = in_chunks(_compiled_best(), params, stars)["found"][:, 0]
    expected, sigma = stars["prior"][:, 0].T
    weight = sigma**-2.0
    off = found - np.average(found, weights=weight)
    spread = (weight * off * off).sum()
    slope = (weight * off * expected).sum() / spread if spread > 0 else 1.0
    slope = slope if 1 / MOST_SCALED < slope < MOST_SCALED else 1.0
    return params | {"log_curve": params["log_curve"] - jnp.float32(np.log(slope))}


@functools.cache
def _compiled_best():
    return jax.jit(lambda params, stars: {"found": _best(params, stars["labels"], stars)[0]})


def _best(params, labels, stars):
    """Best extinction and ln parallax for given labels, and their chi^2."""
    residual = stars["log_flux"] - network.intrinsic(params, labels)
    design = jnp.broadcast_to(network.design(params), (len(residual), 2, residual.shape[1]))
    vectors = jnp.concatenate([residual[:, None], design], axis=1)
    white = jnp.einsum("npq,nvq->nvp", stars["white"], vectors)
    return network.dust_and_distance(white[:, 1:], white[:, 0], stars["prior"])


@functools.cache
def _compiled():
    return jax.jit(lambda weights, stars: jax.vmap(functools.partial(_fit_one, *weights))(stars))


def _fit_one(params, library, star):
    """Levenberg's fit of one star, from the best entry of the library."""
    n_label = library.shape[1]
    expected, sigma = star["prior"].T

    def misfit(x):
        labels, rest = x[:n_label], x[n_label:]
        model = network.intrinsic(params, labels[None])[0] + rest @ network.design(params)
        white = star["white"] @ (star["log_flux"] - model)
        return jnp.concatenate([white, labels, (rest - expected) / sigma])

    whitened = network.design(params) @ star["white"].T
    residual = (star["log_flux"] - network.intrinsic(params, library)) @ star["white"].T
    rest, chi2 = network.dust_and_distance(
        jnp.broadcast_to(whitened, (len(library), *whitened.shape)),
        residual,
        jnp.broadcast_to(star["prior"], (len(library), *star["prior"].shape)),
    )
    first = jnp.argmin(chi2 + jnp.square(library).sum(axis=1))

    def step(_, carry):
        x, damping, now = carry
        slope, left = jax.jacfwd(misfit)(x), misfit(x)
        normal = slope.T @ slope
        move = jnp.linalg.solve(normal + damping * jnp.diag(jnp.diag(normal)), slope.T @ left)
        there = (x - move).at[n_label].max(0.0)
        then = jnp.square(misfit(there)).sum()
        better = then < now
        return (
            jnp.where(better, there, x),
            jnp.where(better, damping * 0.2, damping * 10),
            jnp.where(better, then, now),
        )

    x = jnp.concatenate([library[first], rest[first]])
    x, _, chi2 = jax.lax.fori_loop(0, STEPS, step, (x, 0.01, jnp.square(misfit(x)).sum()))
    spectrum = network.log_flux(params, x[None, :n_label], x[None, n_label], x[None, n_label + 1])
    return {
        "labels": x[:n_label],
        "extinction": x[n_label],
        "log_parallax": x[n_label + 1],
        "log_flux": spectrum[0],
        "chi2": chi2,
    }


def to_model(model: Model, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """
    Arrays and card for `starloom.tables.write_model`.

    Args:
        model: what `train` gave.
        card: plain values to add.

    Returns:
        Arrays by path, and the card.
    """
    names = ("params", "mean", "std", "library")
    return flatten({name: getattr(model, name) for name in names}), {
        **card,
        "kind": KIND,
        "widths": list(model.widths),
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
    scaling = {name: arrays[name] for name in ("mean", "std", "library")}
    start = jnp.ones(len(arrays["params/log_curve"]))
    like = jax.eval_shape(
        lambda: network.init(jax.random.key(0), len(scaling["mean"]), start, start, card["widths"])
    )
    return Model(unflatten({"params": like}, arrays)["params"], tuple(card["widths"]), **scaling)
