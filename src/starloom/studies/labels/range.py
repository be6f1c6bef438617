"""Whether a star is like those that the network has learned from."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float
from sklearn.linear_model import LogisticRegression

from starloom.studies.labels.inputs import LABELS, Scaling

VARIANCE = 0.99
"""Share of the training inputs' variance that the principal components hold."""

QUANTILES = np.linspace(0, 1, 1001)

EXTREME = 0.005
"""Share of the training stars at either end of Teff: too few for the network to tell them."""

FARTHEST = 5.0
"""Largest place in a component that counts, so that a single odd star decides nothing."""


def reference_of(
    stars: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    scaling: Scaling,
    unsure: Float[np.ndarray, "n_unsure n_input"],
) -> dict[str, np.ndarray]:
    """
    What training stars look like: principal components, distances, largest errors, labels.

    Distances alone do not tell hot stars behind dust from cooler ones, so a logistic regression
    learns it from stars whose temperature APOGEE could not tell.

    Args:
        stars: of `inputs.standardise`.
        labels: `value` (n_star, n_label), NaN where missing.
        scaling: of inputs and labels.
        unsure: standardised inputs of stars that ASPCAP gives no good temperature.

    Returns:
        `components` (n_input, n_component) that give unit variance, `distance` at `QUANTILES`,
        `largest_error` (n_input), `label_range` (2, n_label), and `extreme` (n_component + 1),
        the regression's weights and its constant.
    """
    values, vectors = np.linalg.eigh(np.cov(stars["x"].astype(float), rowvar=False))
    order = np.argsort(values)[::-1]
    n = 1 + int(np.searchsorted(np.cumsum(values[order]) / values.sum(), VARIANCE))
    components = vectors[:, order[:n]] / np.sqrt(values[order[:n]])
    return {
        "components": components,
        "distance": np.quantile(_distance(stars["x"], components), QUANTILES),
        "largest_error": _errors(stars, scaling).max(axis=0),
        "label_range": np.stack([np.nanmin(labels["value"], 0), np.nanmax(labels["value"], 0)]),
        "extreme": _told_apart(
            np.concatenate([stars["x"], unsure]),
            np.concatenate([_outermost(labels["value"]), np.ones(len(unsure), bool)]),
            components,
        ),
    }


def compared(
    stars: Mapping[str, np.ndarray], scaling: Scaling, reference: Mapping[str, np.ndarray]
) -> tuple[Float[np.ndarray, " n_star"], Bool[np.ndarray, " n_star"], Bool[np.ndarray, " n_star"]]:
    """
    How far stars are from the training stars.

    Args:
        stars: of `inputs.standardise`.
        scaling: of the model.
        reference: of the model.

    Returns:
        Share of the training stars that are nearer to their middle (Mahalanobis distance in the
        leading components); whether none is as far; whether an error is above all of theirs.
    """
    distance = _distance(stars["x"], reference["components"])
    rank = np.interp(distance, reference["distance"], QUANTILES)
    noisy = (_errors(stars, scaling) > reference["largest_error"]).any(axis=1)
    return rank, distance > reference["distance"][-1], noisy


def beyond(
    labels: Float[np.ndarray, "n_star n_label"], reference: Mapping[str, np.ndarray]
) -> Bool[np.ndarray, " n_star"]:
    """Whether a predicted label is beyond all training labels."""
    low, high = reference["label_range"]
    return ((labels < low) | (labels > high)).any(axis=1)


def extreme(
    stars: Mapping[str, np.ndarray], reference: Mapping[str, np.ndarray]
) -> Bool[np.ndarray, " n_star"]:
    """Whether stars look rather like those of no, or of outermost, temperature in APOGEE."""
    return _places(stars["x"], reference["components"]) @ reference["extreme"] > 0


def _outermost(values):
    teff = values[:, LABELS.index("teff")]
    low, high = np.nanquantile(teff, [EXTREME, 1 - EXTREME])
    return (teff < low) | (teff > high)


def _told_apart(x, other, components):
    """Weights of a logistic regression, the constant's among them."""
    regression = LogisticRegression(fit_intercept=False, max_iter=1000)
    return regression.fit(_places(x, components), other).coef_[0]


def _places(x, components):
    """Places in the components, and 1 for the constant."""
    places = np.clip(x.astype(float) @ components, -FARTHEST, FARTHEST)
    return np.concatenate([places, np.ones((len(x), 1))], axis=1)


def _distance(x, components):
    return np.sqrt(np.square(x.astype(float) @ components).sum(axis=1))


def _errors(stars, scaling):
    """Errors of ratios and colours' sources in units of the spread: cheap upper sides."""
    n_band = stars["error"].shape[1] // 2
    own = np.delete(stars["error"], n_band, axis=1)
    spectrum = own / scaling.x_std[: own.shape[1]]
    return np.concatenate([spectrum, stars["band_error"]], axis=1)
