"""Kepler's long cadence as a photometer: sampling, counts and noise at a magnitude."""

import numpy as np

NYQUIST_UHZ = 283.2
"""Nyquist frequency of long cadence, one measurement each 29.4244 min."""

EXPOSURE_S = 1625.3468
"""Time that a long cadence collects light: 270 frames of 6.0198 s."""

DETECTOR_NOISE_PPM = 39.0
"""Noise of the detector in a long cadence beyond photons and readout: 10.8 ppm on 6.5 hours
(Gilliland et al. 2011, ApJS 197, 6, Table 4)."""


def electrons_per_cadence(kepmag: np.ndarray) -> np.ndarray:
    """
    Electrons that long cadence collects of a star of magnitude Kp.

    References:
        Gilliland et al. (2010), ApJ 713, L160, Eq. 1: 1.28e7 at Kp 12 in a short cadence of nine
        frames; a long cadence has 270 frames, and the flux of KIC 9145861 (Kp 12.06) agrees.
    """
    return 3.46e8 * 10 ** (0.4 * (12.0 - kepmag))


def noise_ppm(kepmag: np.ndarray) -> np.ndarray:
    """
    Photon and read noise of one long cadence [ppm] at magnitude Kp.

    References:
        Gilliland et al. (2010), Eq. 1, with the counts of `electrons_per_cadence`: 55 ppm at Kp
        12.06, where the mission's files state 57.
    """
    count = electrons_per_cadence(kepmag)
    return 1e6 / count * np.sqrt(count + 9.5e5 * (14.0 / kepmag) ** 5)


def white_noise_ppm2_uhz(sigma_ppm: np.ndarray) -> np.ndarray:
    """One-sided density [ppm2/uHz] of white noise: 2 sigma^2 dt, or sigma^2 / nu_Nyquist."""
    return sigma_ppm**2 / NYQUIST_UHZ


def scatter_ppm(white_ppm2_uhz: np.ndarray) -> np.ndarray:
    """Scatter of one long cadence [ppm] that makes white noise of this density [ppm2/uHz]."""
    return np.sqrt(white_ppm2_uhz * NYQUIST_UHZ)
