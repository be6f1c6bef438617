"""Where the network looks: attention to its inputs, and spectra turned out of its derivative."""

from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jaxtyping import Bool, Float

from starloom.models import uncertain as network
from starloom.models.chunks import in_chunks
from starloom.studies.labels.inputs import LABELS
from starloom.studies.labels.model import Model, visible

ABUNDANCES = ("fe_h", "c_fe", "n_fe", "alpha_m")
"""Labels whose derivative spectra are drawn."""

STEPS = {"fe_h": 0.5, "c_fe": 0.2, "n_fe": 0.2, "alpha_m": 0.2}
"""Steps of the simulated spectra [dex] (Fallows & Sanders 2024, Table 4)."""

CLUMP = {"teff": 4750.0, "logg": 2.5, "fe_h": 0.0, "c_fe": 0.0, "n_fe": 0.2}
CLUMP_RANGE = {"teff": 100.0, "logg": 0.5, "fe_h": 0.5, "c_fe": 0.2, "n_fe": 0.2}
"""Red-clump stars: middle and half width (their Table 5, but 100 K instead of 50 for Teff, since
this sample is smaller)."""

MOST_A_G = 0.5
"""Extinction in G [mag] of the stars whose spectra are compared (their Sec. 5.3)."""


def slopes(
    model: Model, stars: Mapping[str, np.ndarray]
) -> Float[np.ndarray, "n_star n_label n_input"]:
    """
    Derivative of the labels by the inputs, both standardised, without dropout.

    Args:
        model: a single network.
        stars: of `inputs.standardise`.
    """
    given = visible({name: stars[name] for name in ("x", "known")}, model.architecture)
    return in_chunks(_slopes, model.params, given)["slope"]


@jax.jit
def _slopes(params, stars):
    first, first_slope = network.gelu_and_slope(network.first_layer(params, stars))
    second_slope = network.gelu_and_slope(first @ params["w1"] + params["b1"])[1]
    n_input = stars["x"].shape[1]
    return {"slope": network.jacobian(params, first_slope, second_slope, n_input)}


def attention(
    slope: Float[np.ndarray, "n_star n_label n_input"],
    stars: Mapping[str, np.ndarray],
    y_std: Float[np.ndarray, " n_label"],
) -> Float[np.ndarray, "n_label n_input"]:
    """
    Standard deviation over the stars of derivative times input, in the labels' units.

    Args:
        slope: of `slopes`.
        stars: the same stars.
        y_std: of the model's scaling.

    References:
        Fallows & Sanders (2024), Eq. 13.
    """
    return (slope * stars["x"][:, None, :]).std(axis=0) * y_std[:, None]


def red_clump(
    labels: Mapping[str, np.ndarray], a_g: Float[np.ndarray, " n_star"]
) -> Bool[np.ndarray, " n_star"]:
    """Which stars lie in the box of the red clump with little dust; NaN never does."""
    inside = [np.abs(labels[n] - middle) < CLUMP_RANGE[n] for n, middle in CLUMP.items()]
    return np.logical_and.reduce([*inside, a_g < MOST_A_G])


def inverse_slopes(
    slope: Float[np.ndarray, "n_label n_ratio"], spread: Float[np.ndarray, " n_ratio"]
) -> Float[np.ndarray, "n_label n_ratio"]:
    """
    Change of the ratios with each label: the weighted pseudo-inverse of the derivative.

    Args:
        slope: dy/dx by the ratios, in the labels' units.
        spread: weight w^2 of each ratio, its standard deviation over the stars.

    Returns:
        dx/dy.

    References:
        Fallows & Sanders (2024), Eq. 14.
    """
    return (np.linalg.pinv(slope * spread).T) * spread


def pattern(
    ratio: Float[np.ndarray, "n_star n_ratio"], value: Float[np.ndarray, "n_star n_label"]
) -> Float[np.ndarray, "n_label n_ratio"]:
    """
    Change of the ratios with each predicted label at fixed others, over a set of stars.

    The pseudo-inverse with the whole covariance of the ratios in place of their variances: what a
    linear model reads out is turned into what it reads.

    Args:
        ratio: of the stars.
        value: their predicted labels.

    References:
        Haufe et al. (2014), Eq. 6.
    """
    centred = value - value.mean(axis=0)
    return np.linalg.lstsq(centred, ratio - ratio.mean(axis=0), rcond=None)[0]


def high_minus_low(
    ratio: Float[np.ndarray, "n_star n_ratio"], label: Float[np.ndarray, " n_star"]
) -> Float[np.ndarray, " n_ratio"]:
    """
    Median ratios of the stars above the median label minus those below, per unit of the label.

    References:
        Fallows & Sanders (2024), Sec. 5.3.
    """
    high = label > np.median(label)
    change = np.median(ratio[high], axis=0) - np.median(ratio[~high], axis=0)
    return change / (np.median(label[high]) - np.median(label[~high]))


def derivatives(
    model: Model,
    ratio: Float[np.ndarray, "n_star n_ratio"],
    stars: Mapping[str, np.ndarray],
    value: Float[np.ndarray, "n_star n_label"],
    reference: Float[np.ndarray, "n_star n_label"],
) -> dict[str, Float[np.ndarray, " n_ratio"]]:
    """
    How the ratios of red-clump stars change with their abundances, in three ways.

    Args:
        model: a single network.
        ratio: of the red-clump stars.
        stars: of `inputs.standardise`, the same.
        value: their predicted labels [K, dex].
        reference: APOGEE's [K, dex], all known.

    Returns:
        `{label}_network` (Eq. 14), `{label}_pattern`, `{label}_observed`, per dex.
    """
    scaling, n_ratio = model.scaling, ratio.shape[1]
    slope = slopes(model, stars).mean(axis=0)[:, :n_ratio]
    slope = slope * scaling.y_std[:, None] / scaling.x_std[:n_ratio]
    inverse = inverse_slopes(slope, scaling.x_std[:n_ratio])
    pattern_ = pattern(ratio.astype(float), value)
    found = {}
    for label in ABUNDANCES:
        index = LABELS.index(label)
        found[f"{label}_network"] = inverse[index]
        found[f"{label}_pattern"] = pattern_[index]
        found[f"{label}_observed"] = high_minus_low(ratio, reference[:, index])
    return found


def as_spectra(
    changes: Mapping[str, Float[np.ndarray, " n_ratio"]], matrix: np.ndarray, n_bp: int
) -> dict[str, np.ndarray]:
    """
    Changes of the ratios as changes of the spectrum, over the first RP coefficient.

    Args:
        changes: by name.
        matrix: from coefficients to flux [W m-2 nm-1] (2 n_bp, n_pixel), GaiaXPy's.
        n_bp: coefficients of BP; the first of RP does not change.
    """
    rest = np.delete(matrix, n_bp, axis=0)
    return {name: change @ rest for name, change in changes.items()}


def rank_correlations(
    spectra: Mapping[str, np.ndarray], labels: Sequence[str] = ABUNDANCES
) -> dict[str, float]:
    """
    Rank correlation of each kind of derivative spectrum with the true one, where there is one.

    Args:
        spectra: of `as_spectra`, with `{label}_true`.
        labels: which.

    Returns:
        `{label}_{kind}`.
    """
    from scipy.stats import spearmanr

    found = {}
    for label in labels:
        for kind in ("network", "pattern", "observed"):
            pair = spectra.get(f"{label}_{kind}"), spectra.get(f"{label}_true")
            if pair[0] is not None and pair[1] is not None:
                both = np.isfinite(pair[0]) & np.isfinite(pair[1])
                found[f"{label}_{kind}"] = float(spearmanr(pair[0][both], pair[1][both])[0])
    return found
