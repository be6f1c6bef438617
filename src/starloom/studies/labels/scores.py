"""How good labels and their errors are, on stars that no training has seen."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from starloom.training.calibration import LEVELS, bootstrap_error, coverage, pulls, width

ENDS = 0.1
"""Share of the stars at either end of a label where its trend to the mean is measured."""


def score(
    value: Float[np.ndarray, " n_star"],
    sigma: Float[np.ndarray, " n_star"],
    reference: Float[np.ndarray, " n_star"],
    reference_sigma: Float[np.ndarray, " n_star"] | float,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """
    Bias, scatter and honesty of one label.

    Args:
        value: predictions; pairs with a NaN are left out.
        sigma: their total errors.
        reference: what they are held against.
        reference_sigma: its error.
        seed: of the bootstrap.

    Returns:
        `bias` (median difference), `scatter` (1.4826 MAD), `rmse`, `sigma` (median error),
        `value` (median), `pull_mean`, `pull_width`, `coverage_50`, `_68`, `_95`, `likelihood`
        (mean log density of the reference), each but the last two kinds with `_error`; `n`.
        Empty where fewer than ten stars have both.
    """
    other = np.broadcast_to(np.asarray(reference_sigma, float), np.shape(value))
    good = np.isfinite(value) & np.isfinite(reference) & np.isfinite(sigma) & np.isfinite(other)
    if good.sum() < 10:
        return {}
    value, sigma, reference, other = (a[good] for a in (value, sigma, reference, other))
    difference, pull = value - reference, pulls(value, sigma, reference, other)
    statistics = {
        "bias": (np.median, difference),
        "scatter": (_mad, difference),
        "rmse": (_rms, difference),
        "sigma": (np.median, sigma),
        "value": (np.median, value),
        "pull_mean": (np.mean, pull),
        "pull_width": (width, pull),
    }
    found = {"n": int(good.sum())}
    for name, (statistic, values) in statistics.items():
        found[name] = float(statistic(values))
        found[f"{name}_error"] = bootstrap_error(statistic, values, seed=seed)
    shares = coverage(pull)
    found |= {f"coverage_{100 * level:.0f}": float(s) for level, s in zip(LEVELS, shares)}  # noqa: B905
    total = sigma**2 + other**2
    found["likelihood"] = float(np.mean(-0.5 * (pull**2 + np.log(2 * np.pi * total))))
    return found


def trend(
    value: Float[np.ndarray, " n_star"], reference: Float[np.ndarray, " n_star"]
) -> dict[str, float]:
    """
    The trend to the mean: how much of a difference at the ends of a label the prediction keeps.

    Args:
        value: predictions.
        reference: what they are held against.

    Returns:
        `low`, `high`: (predicted end - predicted middle) / (the same of the reference), medians
        of the outer tenth and of the middle half; 1 without a trend; and `slope`, the robust
        slope of predicted against reference. Empty where fewer than fifty stars have both.
    """
    good = np.isfinite(value) & np.isfinite(reference)
    if good.sum() < 50:
        return {}
    value, reference = value[good], reference[good]
    low, first, third, high = np.quantile(reference, [ENDS, 0.25, 0.75, 1 - ENDS])
    middle = (reference > first) & (reference < third)
    found = {}
    for name, end in (("low", reference <= low), ("high", reference >= high)):
        kept = np.median(value[end]) - np.median(value[middle])
        found[name] = float(kept / (np.median(reference[end]) - np.median(reference[middle])))
    centred = reference - reference.mean()
    found["slope"] = float((centred * value).sum() / np.square(centred).sum())
    return found | {"n": int(good.sum())}


def by_bins(
    along: Float[np.ndarray, " n_star"],
    pull: Float[np.ndarray, " n_star"],
    n_bin: int = 6,
) -> dict[str, np.ndarray]:
    """
    Pulls and coverage in bins of equally many stars.

    Args:
        along: what the bins are of (G, Teff, [Fe/H]).
        pull: of the stars.
        n_bin: bins; fewer where a bin would have less than thirty stars.

    Returns:
        `middle` (median of `along`), `width`, `coverage` (n_bin, 3), `n`.
    """
    good = np.isfinite(along) & np.isfinite(pull)
    along, pull = along[good], pull[good]
    groups = np.array_split(np.argsort(along, kind="stable"), max(1, min(n_bin, len(pull) // 30)))
    groups = [group for group in groups if len(group) > 1]
    return {
        "middle": np.array([np.median(along[group]) for group in groups]),
        "width": np.array([width(pull[group]) for group in groups]),
        "coverage": np.array([coverage(pull[group]) for group in groups]).reshape(-1, len(LEVELS)),
        "n": np.array([len(group) for group in groups]),
    }


def gain(
    difference: Float[np.ndarray, " n_star"], without: Float[np.ndarray, " n_star"], seed: int = 0
) -> tuple[float, float]:
    """
    Drop of the RMSE that an input brings, and its error [percent].

    Args:
        difference: predicted minus reference with it.
        without: the same stars without it.
        seed: of the bootstrap.
    """
    good = np.isfinite(difference) & np.isfinite(without)

    def drop(first, second):
        return 100 * (1 - _rms(first) / _rms(second))

    pair = difference[good], without[good]
    return float(drop(*pair)), bootstrap_error(drop, *pair, seed=seed)


def well_known(found: Mapping[str, np.ndarray]) -> Bool[np.ndarray, " n_star"]:
    """Stars that no flag doubts, to be held against other surveys."""
    return found["label_flag"] == 0


def _mad(values):
    return 1.4826 * np.median(np.abs(values - np.median(values)))


def _rms(values):
    return np.sqrt(np.mean(np.square(values)))
