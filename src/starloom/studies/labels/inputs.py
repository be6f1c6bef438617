"""What the network reads of a star: ratios of XP coefficients, colours, and the errors of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from starloom.columns import LABEL_FLAGS
from starloom.prepare.colours import COLOURS, FROM_SOURCES, colours
from starloom.prepare.cuts import Cut, apply, between, no_bits, some_bit

LABELS = ("teff", "logg", "fe_h", "c_fe", "n_fe", "alpha_m")
"""Labels in the order of the network's outputs [K, dex]."""

CERTAIN_SIGMA = 10.0
"""The first RP coefficient over its error, below which the linear errors are doubtful."""

TRAINING_CUTS = (
    no_bits("aspcapflag", "aspcapflag", (23,)),
    no_bits("starflag", "starflag", (3, 4, 9, 12, 13, 16)),
    no_bits("extratarg", "extratarg", (4,)),
    between("excess_factor", "phot_bp_rp_excess_factor", 0.0, 3.0),
    Cut("ruwe", "ruwe <= 1.4", ("ruwe",), lambda x: x <= 1.4),
)
"""Stars to learn from (Fallows & Sanders 2024, Secs. 2.1 and 2.3)."""

UNSURE_CUTS = (
    some_bit("teff_bad", "aspcapflag", (16,)),
    *TRAINING_CUTS[1:],
)
"""Stars observed as well whose temperature ASPCAP could not tell: too hot or too cool for it."""

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Scaling:
    """
    Mean and standard deviation of the training stars' inputs and labels.

    Args:
        x_mean: of ratios and colours (n_input,).
        x_std: the same; 0 is not allowed.
        y_mean: of the labels (n_label,).
        y_std: the same.
    """

    x_mean: np.ndarray
    x_std: np.ndarray
    y_mean: np.ndarray
    y_std: np.ndarray


def ratios(
    arrays: Mapping[str, np.ndarray], photometry: Mapping[str, np.ndarray], zero_point: bool = True
) -> tuple[Arrays, np.ndarray]:
    """
    Ratios to the first RP coefficient, colours, errors and flags of each star.

    Args:
        arrays: of `prepare.spectra`: coefficients, errors, correlations.
        photometry: columns of `prepare.stars` on the same rows.
        zero_point: whether the bias of Gaia's parallax is taken off.

    Returns:
        `ratio` (n_star, 109), BP and RP without its first; `colour` (n_star, 5), NaN where
        missing; `error` (n_star, 110) of the coefficients over the first RP one; `correlation`
        (n_star, 2, n_pair); `band_error` (n_star, 7); `a_v` [mag]; `name`, 32 bits of each star.
        And `label_flag`; arrays of stars with no_spectrum or rp0_zero hold no sense.

    References:
        Fallows & Sanders (2024), Sec. 2.2.
    """
    coefficients = np.asarray(arrays["coefficients"], float)
    errors = np.asarray(arrays["errors"], float)
    n_band = coefficients.shape[1] // 2
    with np.errstate(invalid="ignore"):
        broken = ~np.isfinite(coefficients).all(axis=1) | ~(np.isfinite(errors) & (errors > 0)).all(
            axis=1
        )
        first, first_error = coefficients[:, n_band], errors[:, n_band]
        nothing = ~broken & ~(first > 0)
        uncertain = ~broken & (first < CERTAIN_SIGMA * first_error)
    divisor = np.where(broken | nothing, 1.0, first)[:, None]
    ratio = np.delete(coefficients / divisor, n_band, axis=1)
    colour, band_error, seen = colours(photometry, zero_point)
    packed = [arrays[f"{band}_correlations"] for band in ("bp", "rp")]
    flag = _bits(no_spectrum=broken, rp0_zero=nothing, rp0_uncertain=uncertain)
    flag |= _bits(**{f"no_{name}": np.isnan(colour[:, i]) for i, name in enumerate(COLOURS)})
    flag |= _photometric_bits(photometry, seen["parallax"])
    return {
        "ratio": ratio.astype(np.float32),
        "colour": colour,
        "error": np.abs(errors / divisor).astype(np.float32),
        "correlation": np.stack(packed, axis=1).astype(np.float32),
        "band_error": band_error.astype(np.float32),
        "a_v": seen["a_v"],
        "name": short_names(arrays["source_id"]),
    }, flag


def predictable(flag: np.ndarray) -> Bool[np.ndarray, " n_star"]:
    """Stars with a spectrum that can be divided by its first RP coefficient."""
    return (flag & (LABEL_FLAGS["no_spectrum"].mask | LABEL_FLAGS["rp0_zero"].mask)) == 0


def scaling_of(stars: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> Scaling:
    """
    Means and standard deviations of training stars.

    Args:
        stars: of `ratios`.
        labels: `value` (n_star, n_label), NaN where a label is missing.

    Raises:
        ValueError: if fewer than two stars have an input or a label, or one never varies.
    """
    x = np.concatenate([stars["ratio"], stars["colour"]], axis=1).astype(float)
    both = {"input": x, "label": labels["value"]}
    for what, values in both.items():
        few = np.isfinite(values).sum(axis=0) < 2
        if few.any():
            raise ValueError(f"{what} {few.argmax()} has fewer than two training stars")
    moments = [f(v, axis=0) for v in both.values() for f in (np.nanmean, np.nanstd)]
    if not (moments[1] > 0).all() or not (moments[3] > 0).all():
        raise ValueError("an input or a label is the same in all training stars")
    return Scaling(*moments)


def standardise(stars: Mapping[str, np.ndarray], scaling: Scaling) -> Arrays:
    """
    What the network reads of stars, float32.

    Args:
        stars: of `ratios`.
        scaling: of the training stars.

    Returns:
        `x` (n_star, n_input), 0 where missing, `known` (n_star, n_colour), and `ratio`, `error`,
        `correlation`, `band_error`, `name` as they were.
    """
    x = (np.concatenate([stars["ratio"], stars["colour"]], axis=1) - scaling.x_mean) / scaling.x_std
    kept = ("ratio", "error", "correlation", "band_error", "name")
    return {
        "x": np.nan_to_num(x).astype(np.float32),
        "known": np.isfinite(stars["colour"]),
        **{name: stars[name] for name in kept if name in stars},
    }


def constants(scaling: Scaling) -> Arrays:
    """What the input variance needs beside the stars: `to_input`, `to_colour`."""
    return {"to_input": (1 / scaling.x_std).astype(np.float32), "to_colour": FROM_SOURCES}


def labels_of(stars: Mapping[str, np.ndarray], names: Sequence[str] = LABELS) -> Arrays:
    """
    APOGEE's labels and errors, `value` and `error` (n_star, n_label).

    NaN where there is no label, or its error is not positive: nothing is assumed of it.
    """
    value = np.stack([stars[name] for name in names], axis=1).astype(float)
    error = np.stack([stars[f"{name}_err"] for name in names], axis=1).astype(float)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(value) & np.isfinite(error) & (error > 0)
    return {"value": np.where(good, value, np.nan), "error": np.where(good, error, np.nan)}


def trainable(
    stars: Mapping[str, np.ndarray], cuts: Sequence[Cut] = TRAINING_CUTS
) -> tuple[np.ndarray, list[dict]]:
    """Stars of good observation with an APOGEE row, and the counts after every cut."""
    present = stars["apogee_id"] != ""
    cuts = [cut for cut in cuts if all(name in stars for name in cut.columns)]
    columns = {name: stars[name][present] for cut in cuts for name in cut.columns}
    passed, counts = apply(cuts, columns, "the training sample", may_be_empty=True)
    good = np.zeros(len(present), bool)
    good[np.flatnonzero(present)[passed]] = True
    return good, counts


def label_weights(
    value: Float[np.ndarray, "n_star n_label"], bins: int = 25, highest: float = 5.0
) -> Float[np.ndarray, "n_star n_label"]:
    """
    Weights that make rare values of a label count as much as common ones, mean 1.

    Args:
        value: labels; NaN where missing.
        bins: over the central 99 percent of each label; stars beyond join the last ones.
        highest: largest ratio of a weight to that of the median star.

    Returns:
        One over the number of stars in the bin, capped; 0 where missing.
    """
    weights = np.zeros(value.shape)
    for column, values in enumerate(value.T):
        known = np.isfinite(values)
        edges = np.linspace(*np.percentile(values[known], [0.5, 99.5]), bins + 1)
        place = np.clip(np.searchsorted(edges, values[known]) - 1, 0, bins - 1)
        inverse = 1.0 / np.bincount(place, minlength=bins)[place]
        inverse = np.minimum(inverse, highest * np.median(inverse))
        weights[known, column] = inverse / inverse.mean()
    return weights


def short_names(source_id: np.ndarray) -> np.ndarray:
    """32 bits of each star from its source_id, for its own random numbers."""
    words = np.asarray(source_id, np.int64).view(np.uint64)
    words = (words ^ (words >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
    return (words >> np.uint64(32)).astype(np.uint32)


def _photometric_bits(photometry, parallax):
    nothing = np.full(len(parallax), np.nan)
    with np.errstate(invalid="ignore"):
        return _bits(
            negative_parallax=parallax < 0,
            poor_astrometry=~(photometry.get("ruwe", nothing) <= 1.4),
            blended=~(photometry.get("phot_bp_rp_excess_factor", nothing) < 3.0),
        )


def _bits(**conditions):
    return sum(
        np.where(condition, LABEL_FLAGS[name].mask, 0) for name, condition in conditions.items()
    ).astype(np.int32)
