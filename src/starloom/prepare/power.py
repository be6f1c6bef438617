"""Log power spectra of Kepler stars on the age study's grid, from light curves or from spectra."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from starloom.archives.kepler import folder_of
from starloom.archives.kepler_files import read_quarter
from starloom.columns import POWER_FLAGS
from starloom.prepare.light_curves import CLIP_SIGMA, stitch
from starloom.prepare.psd import Grid, log_ratio, log_ratio_of_bins, periodogram

BLOCK = 16
"""Stars whose full spectra are in memory at once."""

UNUSABLE = sum(POWER_FLAGS[name].mask for name in ("no_light_curve", "no_good_cadence", "constant"))


def from_light_curves(
    folder: str | Path,
    kics: Sequence[int],
    there: Sequence[bool],
    grid: Grid,
    clip_sigma: float = CLIP_SIGMA,
) -> dict[str, np.ndarray]:
    """
    Power spectra of some stars from their quarters; a bad star stops no other.

    Args:
        folder: of all light curves; a star's files are below it as in the archive.
        kics: KIC numbers.
        there: which of them the archive had.
        grid: of the spectra.
        clip_sigma: see `light_curves.clean_quarter`.

    Returns:
        kic, `log_ratio` (n_star, n_bin), NaN where a star has none, `power_flag`, `quarters`
        read and `cadences` used.
    """
    n_star = len(kics)
    table = {
        "kic": np.asarray(kics, np.int64),
        "log_ratio": np.full((n_star, grid.bins), np.nan, np.float32),
        "power_flag": np.where(there, 0, POWER_FLAGS["no_light_curve"].mask).astype(np.int32),
        "quarters": np.zeros(n_star, np.int32),
        "cadences": np.zeros(n_star, np.int32),
    }
    for start in range(0, n_star, BLOCK):
        rows, spectra = [], []
        for row in range(start, min(start + BLOCK, n_star)):
            quarters = _quarters(Path(folder), table, row) if there[row] else []
            if not there[row]:
                continue
            time_day, flux, flag = stitch(quarters, clip_sigma)
            table["power_flag"][row] |= flag
            table["cadences"][row] = len(time_day)
            if not table["power_flag"][row] & UNUSABLE:
                rows.append(row)
                spectra.append(periodogram(time_day, flux, grid))
        if rows:
            table["log_ratio"][rows] = log_ratio(np.stack(spectra), grid)
    return table


def _quarters(folder, table, row):
    found = []
    paths = sorted((folder / folder_of(table["kic"][row])).glob("kplr*_llc.fits"))
    for path in paths:
        try:
            found.append(read_quarter(path))
        except ValueError as fault:
            print(f"left out: {fault}")
            table["power_flag"][row] |= POWER_FLAGS["damaged"].mask
    table["quarters"][row] = len(found)
    if not paths:
        table["power_flag"][row] |= POWER_FLAGS["no_light_curve"].mask
    return found


def from_spectra(
    kics: np.ndarray, power: np.ndarray, edges_uhz: np.ndarray, grid: Grid, observed_days: float
) -> dict[str, np.ndarray]:
    """
    The same from power spectra in the grid's own bins.

    Args:
        kics: KIC numbers.
        power: power densities (n_star, n_bin - 1) [ppm2/uHz].
        edges_uhz: edges of their bins [uHz].
        grid: of the spectra.
        observed_days: days of data behind them.

    Returns:
        As `from_light_curves`, without quarters and cadences (0).

    Raises:
        ValueError: if the bins are not the grid's.
    """
    expected = grid.edges_uhz[1:]
    if edges_uhz.shape != expected.shape or np.abs(edges_uhz - expected).max() > 1e-3:
        raise ValueError(
            f"power spectra in {len(edges_uhz) - 1} bins from {edges_uhz[0]:g} to "
            f"{edges_uhz[-1]:g} uHz; the grid of config `psd` has {len(expected) - 1} from "
            f"{expected[0]:g} to {expected[-1]:g}"
        )
    ratio = log_ratio_of_bins(power, grid, observed_days)
    bad = ~np.isfinite(ratio[:, 1:]).all(axis=1)
    zero = np.zeros(len(kics), np.int32)
    return {
        "kic": np.asarray(kics, np.int64),
        "log_ratio": ratio,
        "power_flag": np.where(bad, POWER_FLAGS["no_light_curve"].mask, 0).astype(np.int32),
        "quarters": zero,
        "cadences": zero.copy(),
    }


def flag_counts(flag: np.ndarray) -> dict[str, int]:
    """How many stars have each flag, and none."""
    counts = {name: int(np.sum(flag & bit.mask > 0)) for name, bit in POWER_FLAGS.items()}
    return counts | {"good": int(np.sum(flag == 0))}
