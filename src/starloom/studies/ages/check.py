"""Whether a light curve shows what the star's spectrum promises, and by how much it does not."""

import numpy as np
from jaxtyping import Float

BROAD_BINS = 31


def residual(
    observed: Float[np.ndarray, "n_star n_bin"], predicted: Float[np.ndarray, "n_star n_bin"]
) -> Float[np.ndarray, "n_star n_broad"]:
    """Observed minus predicted log power, averaged in broad bins; 0 where one is empty."""
    difference = np.asarray(observed, float) - predicted
    which = np.arange(difference.shape[1]) * BROAD_BINS // difference.shape[1]
    inside = which[:, None] == np.arange(BROAD_BINS)
    known = np.isfinite(difference)
    return (np.where(known, difference, 0.0) @ inside) / np.maximum(known @ inside, 1)


def disagreement(
    broad: Float[np.ndarray, "n_star n_broad"], spread: Float[np.ndarray, " n_broad"]
) -> Float[np.ndarray, " n_star"]:
    """
    Root mean square of residuals in units of those of ordinary stars.

    Args:
        broad: of `residual`.
        spread: root mean square of each broad bin over validation stars.

    Returns:
        About 1 for a light curve that shows what is expected.

    References:
        Leung et al. (2023), Sec. 9: a sanity check of light curves.
    """
    return np.sqrt(np.mean(np.square(broad / spread), axis=1))


def rank(score: np.ndarray, ordinary: Float[np.ndarray, " n_ordinary"]) -> np.ndarray:
    """Share of the ordinary stars that disagree less; `ordinary` is sorted."""
    return np.searchsorted(ordinary, score) / max(len(ordinary), 1)
