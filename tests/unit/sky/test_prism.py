import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter1d

from starloom import gaiaxpy_quiet
from starloom.sky import photometry, prism
from starloom.sky.optical_basis import wavelength_grid

GRID, EDGES = wavelength_grid()
AU = (2.2546e-9) ** 2
"""Dilution of the Sun at 10 pc."""


@pytest.fixture(scope="module")
def matrices():
    return prism.build(GRID, EDGES)


def _spectrum(temperature):
    """A black body with the sodium and calcium lines of a giant [W m-2 nm-1]."""
    flux = 3.741772e20 / GRID**5 / np.expm1(1.438777e7 / GRID / temperature) * AU
    for centre, width, depth in ((589.3, 2.0, 0.5), (854.2, 3.0, 0.4), (430.0, 6.0, 0.4)):
        flux = flux * (1 - depth * np.exp(-0.5 * ((GRID - centre) / width) ** 2))
    return flux


@pytest.mark.parametrize("temperature", [4000.0, 5000.0, 7000.0])
def test_gaiaxpy_gives_the_spectrum_back_from_the_coefficients(matrices, temperature):
    flux = _spectrum(temperature)
    coefficients = matrices.coefficients @ flux
    row = {"source_id": 1}
    for band, part in (("bp", coefficients[:55]), ("rp", coefficients[55:])):
        row |= {
            f"{band}_coefficients": part,
            f"{band}_coefficient_errors": np.ones(55),
            f"{band}_coefficient_correlations": np.zeros(1485),
            f"{band}_n_parameters": 55,
            f"{band}_standard_deviation": 1.0,
        }
    sampling = np.arange(400.0, 1000.0, 2.0)
    gaiaxpy = gaiaxpy_quiet.load()
    with gaiaxpy_quiet.silence():
        table, _ = gaiaxpy.calibrate(pd.DataFrame([row]), sampling=sampling, save_file=False)
    # below the resolution of the prism neither can say anything: compare at 12 nm
    ours = gaussian_filter1d(table["flux"].iloc[0], 6)
    true = gaussian_filter1d(np.interp(sampling, GRID, flux), 6)
    ratio = (ours / true)[10:-10]
    assert np.sqrt(np.mean((ratio - 1) ** 2)) < 0.025


def test_the_matrix_is_what_calibrate_does_to_unit_vectors():
    wave, spectra = prism.calibrate_matrix()
    assert spectra.shape == (110, len(wave))
    # where only one band is used the other's coefficients do nothing
    assert np.all(spectra[:55, wave > 643] == 0) and np.all(spectra[55:, wave < 635] == 0)


def test_the_internal_spectrum_holds_the_electrons_of_the_photometer(matrices):
    flux = _spectrum(5777.0)
    bands = photometry.band_flux((flux * 1e20).astype(np.float32)[None])
    magnitude = np.asarray(photometry.vega(bands))[0]
    zero = {"bp": 25.3385422158, "rp": 24.7478955012}  # Gaia EDR3, Vega
    for index, band in enumerate(prism.BANDS):
        part = matrices.coefficients[55 * index : 55 * index + 55] @ flux
        electrons = np.sum(part @ matrices.bases[index]) * prism.U_STEP
        expected = 10 ** (-0.4 * (magnitude[1 + index] - zero[band]))
        assert electrons == pytest.approx(expected, rel=0.03)


def test_bases_are_orthogonal_functions_of_pseudo_wavelength(matrices):
    for functions in matrices.bases:
        overlap = functions @ functions.T * prism.U_STEP
        assert np.linalg.cond(overlap) < 3
        assert np.abs(overlap / overlap[0, 0] - np.eye(55)).max() < 0.5
