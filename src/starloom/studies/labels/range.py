"""Whether a star is like those that the network has learned from."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from starloom.studies.labels.inputs import Scaling

VARIANCE = 0.99
"""Share of the training inputs' variance that the principal components hold."""

QUANTILES = np.linspace(0, 1, 1001)


def reference_of(
    stars: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], scaling: Scaling
) -> dict[str, np.ndarray]:
    """
    What training stars look like: principal components, distances, largest errors, labels.

    Args:
        stars: of `inputs.standardise`.
        labels: `value` (n_star, n_label), NaN where missing.
        scaling: of inputs and labels.

    Returns:
        `components` (n_input, n_component) that give unit variance, `distance` at `QUANTILES`,
        `largest_error` (n_input), `label_range` (2, n_label).
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


def _distance(x, components):
    return np.sqrt(np.square(x.astype(float) @ components).sum(axis=1))


def _errors(stars, scaling):
    """Errors of ratios and colours' sources in units of the spread: cheap upper sides."""
    n_band = stars["error"].shape[1] // 2
    own = np.delete(stars["error"], n_band, axis=1)
    spectrum = own / scaling.x_std[: own.shape[1]]
    return np.concatenate([spectrum, stars["band_error"]], axis=1)
