"""
The Gaia BP and RP prisms as one matrix: from a spectrum to 55 + 55 coefficients.

GaiaXPy turns coefficients into spectra but not back. What its public functions do to unit vectors
gives the basis functions on both sides; response and dispersion come from its configuration.
A Gaussian line-spread function makes the physical projection, and a ridge term joins the two: of
all coefficients from which `gaiaxpy.calibrate` gives the spectrum back, those nearest to the
projection, in units of what each order varies by among real stars.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from starloom import gaiaxpy_quiet
from starloom.sky.reference import read_rows

N_BASES = 55
BANDS = ("bp", "rp")
RANGE_NM = {"bp": (330.0, 643.0), "rp": (635.0, 1020.0)}
"""Wavelengths that calibrate takes from each band."""
MODEL = {"bp": "bpC03_v375wi", "rp": "rpC03_v142r"}
"""Instrument models that calibrate uses by default."""
LSF_SIGMA = {"bp": 1.1, "rp": 1.45}
"""Gaussian line-spread function [samples]."""
RIDGE = 3e-8
"""Weight of the physical projection, in units of the tenth eigenvalue over the squared spread."""
PUPIL_M2 = 0.7278
"""Area of the telescope pupil [m2]."""
HC_J_NM = 1.98644586e-16
"""Planck's constant times the speed of light [J nm]."""
U_STEP = 0.5
"""Step of the pseudo-wavelength grid [samples]."""


class Prism(NamedTuple):
    """Matrices of both bands."""

    coefficients: np.ndarray
    """(110, n_wave): times f_lambda [W m-2 nm-1] gives coefficients [e-/s]."""
    bases: np.ndarray
    """(2, 55, n_u): basis functions of BP and RP on the pseudo-wavelength grid."""
    grid: np.ndarray
    """Pseudo-wavelengths [samples]."""


@cache
def calibrate_matrix(step_nm: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The linear map of `gaiaxpy.calibrate`.

    Args:
        step_nm: step of the sampling between 330 and 1020 nm.

    Returns:
        Wavelengths [nm] and (110, n) spectra of unit coefficients [W m-2 nm-1 per e-/s].

    References:
        De Angeli et al. (2023), A&A 674, A2; Montegriffo et al. (2023), A&A 674, A3.
    """
    gaiaxpy = gaiaxpy_quiet.load()
    wave = np.arange(RANGE_NM["bp"][0] + 0.5 * step_nm, RANGE_NM["rp"][1], step_nm)
    with gaiaxpy_quiet.silence():
        parts = [
            gaiaxpy.calibrate(gaiaxpy_quiet.unit_sources(band), sampling=wave, save_file=False)[0]
            for band in BANDS
        ]
    return wave, np.concatenate([np.stack(part["flux"].to_numpy()) for part in parts])


@cache
def basis_functions() -> tuple[np.ndarray, np.ndarray]:
    """Basis functions of both bands in pseudo-wavelength, from `gaiaxpy.convert`.

    Returns:
        Pseudo-wavelengths (n_u,) [samples] and functions (2, 55, n_u) [1/sample].

    References:
        De Angeli et al. (2023), A&A 674, A2, Sec. 3.
    """
    gaiaxpy = gaiaxpy_quiet.load()
    grid = np.arange(0.0, 60.0 + U_STEP / 2, U_STEP)
    functions = []
    for band in BANDS:
        with gaiaxpy_quiet.silence():
            units = gaiaxpy_quiet.unit_sources(band)
            sampled, _ = gaiaxpy.convert(units, sampling=grid, save_file=False)
        mine = sampled["xp"].str.lower() == band
        functions.append(np.stack(sampled.loc[mine, "flux"].to_numpy()))
    return grid, np.stack(functions)


def _instrument(band):
    """Response and pseudo-wavelength as functions of wavelength [nm]."""
    folder = Path(gaiaxpy_quiet.load().__file__).parent / "config"

    def read(what):
        return np.genfromtxt(folder / f"{MODEL[band]}_{what}.csv", delimiter=",")[:2]

    (wave_r, response), (wave_d, pseudo) = read("response"), read("dispersion")
    rising = np.argsort(wave_d)

    def response_of(wave):
        return np.maximum(np.interp(wave, wave_r, response, left=0, right=0), 0)

    def pseudo_of(wave):
        return np.interp(wave, wave_d[rising], pseudo[rising])

    return response_of, pseudo_of


def _projection(band, wave, width, grid, functions):
    """(55, n_wave) physical coefficients: photons, smeared, fitted with the basis functions."""
    response_of, pseudo_of = _instrument(band)
    electrons = PUPIL_M2 / HC_J_NM * response_of(wave) * wave * width
    distance = (grid[:, None] - pseudo_of(wave)) / LSF_SIGMA[band]
    smear = np.exp(-0.5 * distance**2) / (np.sqrt(2 * np.pi) * LSF_SIGMA[band])
    return np.linalg.pinv(functions.T, rcond=1e-6) @ (smear * electrons)


def _orders(band):
    """(55,) spread of the coefficients over the first, and excess of the plain projection."""
    rows = read_rows("xp_orders.csv")
    return (
        np.array([float(row[f"{band}_{name}"]) for row in rows]) for name in ("spread", "excess")
    )


def _rebin(fine_edges, coarse, step):
    """(n_coarse, n_fine) mean over coarse bins of a spectrum given in fine ones."""
    low, high = fine_edges[:-1], fine_edges[1:]
    left, right = coarse[:, None] - 0.5 * step, coarse[:, None] + 0.5 * step
    overlap = np.clip(np.minimum(high, right) - np.maximum(low, left), 0, None)
    return overlap / step


def build(wave: np.ndarray, edges: np.ndarray) -> Prism:
    """Matrices for spectra on a wavelength grid.

    Args:
        wave: vacuum wavelengths [nm].
        edges: edges of their bins [nm].

    Returns:
        The prism.

    References:
        Montegriffo et al. (2023), A&A 674, A3.
    """
    grid, functions = basis_functions()
    coarse, spectra = calibrate_matrix()
    width = np.diff(edges)
    rebin = _rebin(edges, coarse, coarse[1] - coarse[0])
    rows = []
    for index, band in enumerate(BANDS):
        response_of, _ = _instrument(band)
        low, high = RANGE_NM[band]
        share = np.clip((coarse - 635.0) / 8.0, 0, 1)
        share = share if band == "rp" else 1 - share
        mine = (coarse > low) & (coarse < high) & (share > 0.05)
        photons = (PUPIL_M2 / HC_J_NM * response_of(coarse) * coarse)[mine]
        design = spectra[index * N_BASES : (index + 1) * N_BASES, mine] / share[mine] * photons
        normal = design @ design.T
        spread, excess = _orders(band)
        ridge = RIDGE * np.linalg.eigvalsh(normal)[-10] / spread**2
        physical = _projection(band, wave, width, grid, functions[index])
        physical = physical - excess[:, None] * physical[0]
        right = design @ (photons[:, None] * rebin[mine]) + ridge[:, None] * physical
        rows.append(np.linalg.solve(normal + np.diag(ridge), right))
    return Prism(np.concatenate(rows).astype(np.float64), functions, grid)
