"""The usual large separation of a giant with some numax, by the two relations that are in use."""

import numpy as np

GRID_FACTOR, GRID_EXPONENT = 0.268, 0.758
"""Bins of power spectra are a fixed part of 0.268 f^0.758 uHz: Huber et al. (2010), ApJ 723, 1607,
Eq. 1, as the frequencies that Leung et al. (2023) released."""

USUAL_FACTOR, USUAL_EXPONENT = 0.263, 0.772
"""The excess is taken over 0.263 numax^0.772 uHz: Stello et al. (2009), MNRAS 400, L80, as Leung et
al. (2023), Eq. 6."""


def grid_dnu(freq_uhz: np.ndarray | float) -> np.ndarray | float:
    """Large separation [uHz] that the bins of power spectra follow, at a frequency [uHz]."""
    return GRID_FACTOR * freq_uhz**GRID_EXPONENT


def excess_dnu(numax_uhz: np.ndarray, dnu_uhz: np.ndarray) -> np.ndarray:
    """Large separation over the usual one at this numax: Leung et al. (2023), Eq. 7."""
    return dnu_uhz / (USUAL_FACTOR * numax_uhz**USUAL_EXPONENT)
