"""Spectra as the methods read them: binned, with noise, weights and scaled stellar parameters."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

SCALE, OFFSET = 4.0, 3.5
"""Flux as the networks read it is 4 flux - 3.5 (de Mijolla et al. 2021, Appendix A)."""


BEST_SNR = 1000.0
"""Signal to noise that spectra without noise are weighted with."""


class Spectra(NamedTuple):
    """
    Spectra over their continuum.

    Args:
        flux: 1 where the weight is 0.
        weight: inverse variance, 0 for a missing bin.
    """

    flux: Float[np.ndarray, "n_star n_bin"]
    weight: Float[np.ndarray, "n_star n_bin"]

    def rows(self, chosen: np.ndarray | slice) -> "Spectra":
        """Some of the stars."""
        return Spectra(self.flux[chosen], self.weight[chosen])

    def sigma(self) -> Float[np.ndarray, " n_star"]:
        """Typical error of a bin of each star; infinite for a star without any."""
        missing = np.where(self.weight > 0, self.weight, np.nan)
        empty = ~(self.weight > 0).any(axis=1)
        missing[empty] = 0.0
        with np.errstate(divide="ignore"):
            return np.nanmedian(missing, axis=1) ** -0.5


def binned(
    flux: Float[np.ndarray, "n_star n_pixel"],
    weight: Float[np.ndarray, "n_star n_pixel"] | None,
    size: int,
    runs: Sequence[int],
) -> tuple[Float[np.ndarray, "n_star n_bin"], Float[np.ndarray, "n_star n_bin"]]:
    """
    Weighted mean flux of neighbouring pixels; a bin never reaches over the edge of a run.

    Args:
        flux: over the continuum.
        weight: inverse variances, 0 for a missing pixel, whose flux may be anything; None for
            equal ones.
        size: pixels in a bin; what is left at the end of a run is dropped.
        runs: lengths of the runs of contiguous pixels (the chips).

    Returns:
        Flux, 1 in a bin without a good pixel, and the bins' weights.

    Raises:
        ValueError: if the runs do not add up to the pixels, or a bin is longer than a run.
    """
    if sum(runs) != flux.shape[1] or size > min(runs):
        raise ValueError(f"runs {tuple(runs)} of pixels and bins of {size}: {flux.shape[1]} pixels")
    kept, start = [], 0
    for length in runs:
        kept.append(np.arange(start, start + length // size * size))
        start += length
    kept = np.concatenate(kept)
    shape = (len(flux), len(kept) // size, size)
    flux = flux[:, kept].reshape(shape)
    if weight is None:
        mean = flux.mean(axis=2)
        return mean, np.full_like(mean, size)
    weight = weight[:, kept].reshape(shape)
    total = weight.sum(axis=2)
    flux = np.where(weight > 0, flux, 0.0)
    mean = (flux * weight).sum(axis=2) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, mean, 1.0).astype(np.float32), total.astype(np.float32)


def noisy(
    flux: Float[np.ndarray, "n_star n_bin"], snr: float, size: int, seed: Sequence[int]
) -> Spectra:
    """
    Spectra with Gaussian noise of 1/SNR a pixel of the survey, hence less in a bin of pixels.

    Args:
        flux: over the continuum.
        snr: signal to noise of a pixel; infinite for none.
        size: pixels in a bin.
        seed: of the noise.

    Returns:
        The spectra, with equal weights.
    """
    weight = np.float32(size * min(snr, BEST_SNR) ** 2)
    if np.isfinite(snr):
        noise = np.random.default_rng(seed).standard_normal(flux.shape, np.float32)
        flux = flux + noise * np.float32(1 / (snr * np.sqrt(size)))
    return Spectra(flux, np.broadcast_to(weight, flux.shape))


def label_range(
    stars: Mapping[str, np.ndarray], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """
    Least and greatest value of each parameter over the training stars.

    Raises:
        ValueError: if a parameter is the same in all of them.
    """
    values = np.stack([np.asarray(stars[name], np.float64) for name in names], axis=1)
    low, high = values.min(axis=0), values.max(axis=0)
    if not (high > low).all():
        raise ValueError(f"{names[int(np.argmin(high - low))]} is the same in all training stars")
    return low, high


def scaled(
    stars: Mapping[str, np.ndarray], names: Sequence[str], low: np.ndarray, high: np.ndarray
) -> tuple[Float[np.ndarray, "n_star n_u"], Bool[np.ndarray, " n_star"]]:
    """
    Stellar parameters scaled so that the training stars fill [-1, 1].

    Args:
        stars: columns by name.
        names: the parameters to take away.
        low: their least values over the training stars.
        high: their greatest.

    Returns:
        u, float32, 0 where a value is not finite; and which stars lie outside the training stars'
        range by more than a percent of it, or have no value: their latent is an extrapolation.
    """
    values = np.stack([np.asarray(stars[name], np.float64) for name in names], axis=1)
    u = 2 * (values - low) / (high - low) - 1
    with np.errstate(invalid="ignore"):
        outside = ~(np.abs(u) <= 1.02).all(axis=1)
    return np.where(np.isfinite(u), u, 0.0).astype(np.float32), outside
