"""Light curves made ready for a periodogram: cleaned by quarter, then stitched."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from starloom.columns import POWER_FLAGS

BAD_CADENCE = sum(1 << bit for bit in (0, 1, 2, 3, 5, 8, 15, 16))
"""Bits of SAP_QUALITY whose cadences are left out: attitude tweaks, safe mode, coarse point, Earth
point, desaturation, excluded by hand, no fine point, no data: Kepler Archive Manual
(KDMC-10008-006), Table 2-3."""

CLIP_SIGMA = 5.0
SHORT_CADENCES = 100


def clean_quarter(
    time_day: Float[np.ndarray, " n"],
    flux: Float[np.ndarray, " n"],
    quality: np.ndarray,
    clip_sigma: float = CLIP_SIGMA,
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """
    Good cadences of a quarter, relative to its median.

    Args:
        time_day: times [d].
        flux: in any unit with a positive median.
        quality: bits of SAP_QUALITY.
        clip_sigma: deviations beyond so many standard deviations are left out, again and again
            until none is.

    Returns:
        Times [d] and flux [ppm]; empty where no cadence is good or the median is not positive.

    References:
        Leung et al. (2023), Sec. 4.2.
    """
    good = np.isfinite(time_day) & np.isfinite(flux) & ((quality & BAD_CADENCE) == 0)
    time_day, flux = time_day[good], flux[good]
    if len(flux) == 0 or not np.median(flux) > 0:
        return time_day[:0], flux[:0]
    flux = 1e6 * (flux / np.median(flux) - 1)
    while len(flux):
        kept = np.abs(flux - np.median(flux)) <= clip_sigma * flux.std()
        if kept.all():
            break
        time_day, flux = time_day[kept], flux[kept]
    return time_day, flux


def stitch(
    quarters: Sequence[Mapping[str, np.ndarray]], clip_sigma: float = CLIP_SIGMA
) -> tuple[np.ndarray, np.ndarray, int]:
    """
    One light curve of a star's quarters.

    Args:
        quarters: what `archives.kepler_files.read_quarter` gave, in any order.
        clip_sigma: as in `clean_quarter`.

    Returns:
        Times [d], increasing, and flux [ppm]; and the bits of `columns.POWER_FLAGS` that apply.
    """
    cleaned = [
        clean_quarter(one["time_day"], one["flux"], one["quality"], clip_sigma) for one in quarters
    ]
    used = [one for one in cleaned if len(one[0])]
    if not used:
        return np.zeros(0), np.zeros(0), POWER_FLAGS["no_good_cadence"].mask
    time_day, flux = (np.concatenate(part) for part in zip(*used, strict=True))
    order = np.unique(time_day, return_index=True)[1]
    time_day, flux = time_day[order], flux[order]
    flag = POWER_FLAGS["single_quarter"].mask if len(used) == 1 else 0
    if len(flux) < SHORT_CADENCES:
        flag |= POWER_FLAGS["no_good_cadence"].mask
    elif not np.ptp(flux) > 0:
        flag |= POWER_FLAGS["constant"].mask
    return time_day, flux, flag
