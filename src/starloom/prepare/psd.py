"""
Power spectra of Kepler giants as the age study reads them: Lomb-Scargle, background, bins.

Every linear step after the periodogram (smoothing, then the mean in each bin) is one sparse
matrix, made once for a grid, so that a spectrum costs little more than its periodogram.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float
from scipy import sparse
from scipy.special import ndtr

from starloom.separation import GRID_EXPONENT, GRID_FACTOR

CADENCE_MS = 1765.4629e-6
"""A long cadence [1e6 s], so that one over it is in uHz."""

DAY_MS = 0.0864
"""A day [1e6 s]."""

_ON_EDGE_UHZ = 1e-6


@dataclass(frozen=True)
class Grid:
    """
    The frequencies of a periodogram and the bins that it is averaged in.

    Args:
        low_uhz: first frequency.
        high_uhz: the last frequency lies below it.
        step_uhz: spacing of the frequencies, and width of the first bin.
        dnu_factor: usual large separation at 1 uHz [uHz], Delta nu = factor f^exponent.
        dnu_exponent: its exponent.
        bins: how many, the first of them below `low_uhz` and always empty.
        window_dex: full width of the background's moving median in log10 frequency.
        window_step_dex: distance of its windows.
        smoothing_uhz: sigma of the Gaussian that smooths the divided spectrum.

    References:
        Leung et al. (2023), Sec. 4.2; Huber et al. (2010), ApJ 723, 1607: the large separation.
    """

    low_uhz: float = 2.0
    high_uhz: float = 270.0
    step_uhz: float = 0.009
    dnu_factor: float = GRID_FACTOR
    dnu_exponent: float = GRID_EXPONENT
    bins: int = 2092
    window_dex: float = 0.02
    window_step_dex: float = 0.005
    smoothing_uhz: float = 0.1

    def usual_dnu(self, freq_uhz: np.ndarray | float) -> np.ndarray | float:
        """Usual large separation [uHz] of a star with numax at a frequency [uHz]."""
        return self.dnu_factor * freq_uhz**self.dnu_exponent

    @property
    def freq_uhz(self) -> Float[np.ndarray, " n_freq"]:
        """Frequencies of the periodogram [uHz]."""
        return self.low_uhz + self.step_uhz * np.arange(
            int(np.ceil((self.high_uhz - self.low_uhz) / self.step_uhz - 1e-9))
        )

    @property
    def edges_uhz(self) -> Float[np.ndarray, " n_edge"]:
        """Edges of the bins [uHz], one more than there are bins."""
        per_dnu = self.usual_dnu(self.low_uhz) / self.step_uhz
        edges = [self.low_uhz - self.step_uhz, self.low_uhz]
        while len(edges) <= self.bins:
            edges.append(edges[-1] + self.usual_dnu(edges[-1]) / per_dnu)
        return np.array(edges)

    @property
    def centres_uhz(self) -> Float[np.ndarray, " n_bin"]:
        """Frequency listed for each bin [uHz]: its middle, `low_uhz` for the empty first one."""
        edges = self.edges_uhz
        return np.append(edges[1], 0.5 * (edges[1:-1] + edges[2:]))


def periodogram(
    time_day: Float[np.ndarray, " n_cadence"],
    flux_ppm: Float[np.ndarray, " n_cadence"],
    grid: Grid,
) -> Float[np.ndarray, " n_freq"]:
    """
    Lomb-Scargle power density of a light curve.

    Args:
        time_day: times of the cadences, increasing [d].
        flux_ppm: relative flux [ppm].
        grid: of the frequencies.

    Returns:
        One-sided power density [ppm2/uHz]: the mean of white noise of variance s2 is s2 over the
        long-cadence Nyquist frequency.

    Raises:
        ValueError: if there are fewer than 100 cadences, or a value is not finite.

    References:
        Press & Rybicki (1989), ApJ 338, 277; Garrison et al. (2024), RNAAS 8, 250 (nifty-ls):
        equal to the direct sum to 2e-9 of the highest peak.
    """
    from nifty_ls import lombscargle

    if len(time_day) < 100 or not (np.isfinite(time_day).all() and np.isfinite(flux_ppm).all()):
        raise ValueError(
            f"{len(time_day)} cadences, some perhaps not finite: a periodogram needs 100 good ones"
        )
    freq = DAY_MS * grid.freq_uhz
    found = lombscargle(
        np.asarray(time_day, float),
        np.asarray(flux_ppm, float),
        fmin=freq[0],
        fmax=freq[-1],
        Nf=len(freq),
        normalization="psd",
        backend="finufft",
        nthreads=1,
        # Times are in order already; twice the modes are faster and more exact than 1.25 times.
        finufft_kwargs={"spread_sort": 0, "upsampfac": 2.0},
    )
    return 2 * CADENCE_MS * found.power


def background(
    power: Float[np.ndarray, "n_star n_freq"],
    freq_uhz: Float[np.ndarray, " n_freq"],
    grid: Grid,
    degrees: Float[np.ndarray, " n_freq"] | None = None,
) -> Float[np.ndarray, "n_star n_freq"]:
    """
    Smooth level of a spectrum: medians in windows of log frequency, averaged where they overlap.

    Args:
        power: power density.
        freq_uhz: its frequencies [uHz], increasing.
        grid: for the windows.
        degrees: independent frequencies that each value averages; one each by default.

    Returns:
        The level that the mean of noise alone would have: each median over (1 - 1/9k)^3, the
        median of a gamma variable of shape k over its mean.

    Raises:
        ValueError: if a window holds no frequency.

    References:
        Leung et al. (2023), Sec. 4.2; Wilson & Hilferty (1931), PNAS 17, 684: the median.
    """
    log_freq = np.log10(freq_uhz)
    centres = np.arange(log_freq[0], log_freq[-1], grid.window_step_dex)
    half = 0.5 * grid.window_dex
    start = np.searchsorted(log_freq, centres - half, side="right")
    stop = np.searchsorted(log_freq, centres + half, side="left")
    if (start >= stop).any():
        empty = 10 ** centres[start >= stop][0]
        raise ValueError(
            f"no frequency in the background's window at {empty:.3g} uHz: give a `psd.window_dex` "
            f"above {grid.window_dex}"
        )
    level = np.stack([_median(power[:, a:b]) for a, b in zip(start, stop, strict=True)], axis=1)
    cuts = np.unique([0, *start, *stop, len(freq_uhz)])
    inside = (start[:, None] <= cuts[:-1]) & (cuts[:-1] < stop[:, None])
    level = level @ (inside / inside.sum(axis=0))
    shape = np.ones(len(freq_uhz)) if degrees is None else degrees
    return np.repeat(level, np.diff(cuts), axis=1) / (1 - 1 / (9 * shape)) ** 3


def _median(values):
    """Medians of rows; without `np.median`'s look for NaN it takes half the time."""
    middle = values.shape[1] // 2
    parted = np.partition(values, middle, axis=1)
    upper = parted[:, middle]
    odd = values.shape[1] % 2
    return upper if odd else 0.5 * (parted[:, :middle].max(axis=1) + upper)


def binned(
    power: Float[np.ndarray, "n_star n_freq"], grid: Grid
) -> Float[np.ndarray, "n_star n_bin"]:
    """Mean of power densities at `grid.freq_uhz` in each bin, unsmoothed; NaN in the empty one."""
    return _filled(_averages(grid, False) @ power.T)


def log_ratio(
    power: Float[np.ndarray, "n_star n_freq"], grid: Grid
) -> Float[np.ndarray, "n_star n_bin"]:
    """
    What the network is to predict: the log of the spectrum over its background, in bins.

    At either end the smoothing weighs what there is, so that no edge falls towards zero; the
    last bin, whose part above the last frequency is unseen, averages what it has.

    Args:
        power: power densities at `grid.freq_uhz`.
        grid: frequencies, windows and bins.

    Returns:
        Natural logarithm, float32; NaN in the empty first bin and where a star has no power.

    References:
        Leung et al. (2023), Sec. 4.2, with the smoothing that the text leaves out.
    """
    return _log(_averages(grid, True) @ (power / background(power, grid.freq_uhz, grid)).T)


def log_ratio_of_bins(
    power: Float[np.ndarray, "n_star n_bin-1"], grid: Grid, observed_days: float
) -> Float[np.ndarray, "n_star n_bin"]:
    """
    The same as `log_ratio` for spectra that exist in the grid's bins alone.

    Args:
        power: mean power density in each bin but the empty first one.
        grid: windows and bins.
        observed_days: days of data, which set the independent frequencies in a bin.

    Returns:
        As `log_ratio`.
    """
    edges = grid.edges_uhz[1:]
    degrees = np.maximum(np.diff(edges) * observed_days * DAY_MS, 1.0)
    level = background(power, grid.centres_uhz[1:], grid, degrees)
    return _log(_smoothing_of_bins(grid) @ (power / level).T)


def _log(averages):
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(_filled(averages))
    return np.where(np.isfinite(logs), logs, np.nan).astype(np.float32)


def _filled(averages):
    """Rows by star, with the empty first bin."""
    return np.concatenate([np.full((1, averages.shape[1]), np.nan), averages]).T


@cache
def _averages(grid: Grid, smooth: bool) -> sparse.csr_array:
    """The mean in each bin but the first, of smoothed values or not: (n_bin - 1, n_freq)."""
    freq = grid.freq_uhz
    which = np.searchsorted(grid.edges_uhz[1:] - _ON_EDGE_UHZ, freq, side="right") - 1
    held = which < grid.bins - 1
    entries = (np.ones(held.sum()), (which[held], np.flatnonzero(held)))
    mean = sparse.csr_array(entries, shape=(grid.bins - 1, len(freq)))
    mean = sparse.diags_array(1 / mean.sum(axis=1)) @ mean
    if not smooth:
        return mean
    reach = int(np.ceil(5 * grid.smoothing_uhz / grid.step_uhz))
    offsets = np.arange(-reach, reach + 1)
    weight = np.exp(-0.5 * (offsets * grid.step_uhz / grid.smoothing_uhz) ** 2)
    band = sparse.diags_array(weight, offsets=offsets, shape=(len(freq), len(freq)))
    return sparse.csr_array(mean @ (sparse.diags_array(1 / band.sum(axis=1)) @ band))


@cache
def _smoothing_of_bins(grid: Grid) -> sparse.csr_array:
    """Gaussian smoothing, then the mean in each bin, of a spectrum that is level in each bin."""
    low, high = grid.edges_uhz[1:-1], grid.edges_uhz[2:]
    sigma = grid.smoothing_uhz

    def ramp(x):
        """Integral of the normal distribution function."""
        scaled = x / sigma
        return x * ndtr(scaled) + sigma * np.exp(-0.5 * scaled**2) / np.sqrt(2 * np.pi)

    def shared(end, edge):
        return ramp(end[:, None] - edge)

    weight = shared(high, low) - shared(low, low) - shared(high, high) + shared(low, high)
    weight = np.where(weight > 1e-9 * weight.max(axis=1, keepdims=True), weight, 0.0)
    return sparse.csr_array(weight / weight.sum(axis=1, keepdims=True))


def oscillation_score(
    ratio: Float[np.ndarray, "n_star n_bin"], grid: Grid, width_dnu: float = 1.0
) -> Float[np.ndarray, "n_star n_bin"]:
    """
    Excess power over the background, smoothed over large separations.

    Args:
        ratio: log spectra over their background, of `log_ratio`.
        grid: of the bins.
        width_dnu: sigma of the smoothing in usual large separations.

    Returns:
        The mean excess of the ratio around each bin; it is highest near numax.
    """
    from scipy.ndimage import gaussian_filter1d

    per_dnu = grid.usual_dnu(grid.low_uhz) / grid.step_uhz
    excess = np.nan_to_num(np.exp(ratio) - 1.0)
    known = np.isfinite(ratio).astype(float)
    smooth = [
        gaussian_filter1d(values, width_dnu * per_dnu, axis=1, mode="constant")
        for values in (excess * known, known)
    ]
    return smooth[0] / np.maximum(smooth[1], 1e-9)


def numax_from_ratio(
    ratio: Float[np.ndarray, "n_star n_bin"], grid: Grid
) -> Float[np.ndarray, " n_star"]:
    """
    Frequency of maximum power [uHz]: the centroid of the excess about its highest place.

    Args:
        ratio: log spectra over their background, of `log_ratio`.
        grid: of the bins.

    Returns:
        numax; the centroid is taken where the smoothed excess is above half of its maximum.
    """
    score = oscillation_score(ratio, grid)
    score = score[:, 1:]
    centres = grid.centres_uhz[1:]
    peak = score.argmax(axis=1)
    found = np.empty(len(score))
    for star, (row, top) in enumerate(zip(score, peak, strict=True)):
        low = row < 0.5 * row[top]
        first = top - (np.argmax(low[top::-1]) if low[: top + 1].any() else top)
        last = top + (np.argmax(low[top:]) if low[top:].any() else len(row) - top)
        part = slice(first, last)
        weight = np.maximum(row[part], 0)
        found[star] = np.average(np.log(centres[part]), weights=weight)
    return np.exp(found)


def settings_of(psd: Mapping[str, float]) -> Grid:
    """The grid of a configuration's section `psd`."""
    return Grid(**{name: psd[name] for name in Grid.__dataclass_fields__})
