import itertools

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from starloom.sky import prism, xp, xp_noise
from starloom.sky.population import draw

GRID, BASES = prism.basis_functions()
FLAT = np.full((1, len(GRID)), 500.0, np.float32)


def _weights(flux, n=1500.0, band="bp"):
    n = np.full(len(flux), n, np.float32)
    return np.asarray(xp_noise.weights(np.asarray(flux, np.float32), prism.U_STEP, n, band))


def test_weights_add_photon_sky_readout_and_calibration_noise():
    light, time = 500.0, xp_noise.EXPOSURE_S
    variance = (light * time + xp_noise.SKY_E_S * time + xp_noise.READ_VARIANCE) / time**2
    bright = 60.5 * light / (60.5 * light + xp_noise.BRIGHT_E_S)
    low, high = xp_noise.CALIBRATION["bp"]
    variance += ((low + (high - low) * bright) * light) ** 2
    expected = 1500.0 / 60 * prism.U_STEP / variance
    np.testing.assert_allclose(_weights(FLAT), expected, rtol=1e-5)


def test_drawn_noise_has_the_covariance_that_is_reported():
    n = 6000
    weight = np.repeat(_weights(FLAT * np.linspace(0.2, 2, len(GRID))), n, axis=0)
    deviates = np.random.default_rng(3).normal(size=(n, 55))
    noise, error, correlation = xp_noise.draw(weight, BASES[0], np.ones(55), deviates)
    covariance = np.linalg.inv((BASES[0] * weight[0]) @ BASES[0].T)
    expected = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(error[0], expected, rtol=1e-4)
    unit = covariance / expected[:, None] / expected
    np.testing.assert_allclose(correlation[0], unit[np.tril_indices(55, -1)], atol=1e-4)
    np.testing.assert_allclose((noise / error).std(axis=0), 1.0, atol=0.05)
    pair = np.corrcoef((noise / error).T)[np.tril_indices(55, -1)]
    np.testing.assert_allclose(pair, correlation[0], atol=0.07)


def test_correlations_are_the_strict_lower_triangle_row_by_row():
    weight = _weights(FLAT * np.linspace(0.2, 2, len(GRID)))
    _, _, correlation = xp_noise.draw(weight, BASES[0], np.ones(55), np.zeros((1, 55)))
    covariance = np.linalg.inv((BASES[0] * weight[0]) @ BASES[0].T)
    assert correlation.shape == (1, 1485)
    for place, (row, column) in ((0, (1, 0)), (1, (2, 0)), (2, (2, 1)), (1484, (54, 53))):
        expected = covariance[row, column] / np.sqrt(
            covariance[row, row] * covariance[column, column]
        )
        assert correlation[0, place] == pytest.approx(expected, abs=1e-4)


def test_four_times_the_measurements_halve_the_errors():
    few, many = (
        xp_noise.draw(_weights(FLAT, n), BASES[1], np.ones(55), np.zeros((1, 55)))[1]
        for n in (500.0, 2000.0)
    )
    np.testing.assert_allclose(few / many, 2.0, rtol=1e-4)


def test_the_brightest_and_faintest_stars_have_finite_errors():
    flux = np.concatenate([FLAT * 1e5, FLAT * 1e-5, FLAT * 0])
    flux[0, :40] = 0
    noise, error, correlation = xp_noise.draw(
        _weights(flux), BASES[0], xp_noise.order_factors("bp"), np.ones((3, 55))
    )
    assert all(np.all(np.isfinite(part)) for part in (noise, error, correlation))
    assert np.all(error > 0) and np.abs(correlation).max() <= 1.0001


def _numbers(text):
    return np.array([float(word) for word in text.strip("()[]").split(",")])


def _model(flux, n, band, index):
    """Errors and correlations of spectra with known numbers of measurements."""
    flux = np.asarray(flux, np.float32)
    factors = np.asarray(xp_noise.error_factors(flux, prism.U_STEP, band))
    zero = np.zeros((len(flux), 55))
    return xp_noise.draw(_weights(flux, n, band), BASES[index], factors, zero)[1:]


@pytest.mark.real
def test_errors_and_correlations_are_like_those_of_faint_real_sources(real):
    table = pd.read_csv(real / "xp/gaiaxpy/continuous/XP_CONTINUOUS_RAW_colour_eq_dr3int6.csv")
    for _, row in table.iterrows():
        for index, band in enumerate(prism.BANDS):
            flux = (_numbers(row[f"{band}_coefficients"]) @ BASES[index])[None]
            error, correlation = _model(flux, float(row[f"{band}_n_measurements"]), band, index)
            ratio = _numbers(row[f"{band}_coefficient_errors"]) / error[0]
            assert np.median(ratio) == pytest.approx(1.0, abs=0.1)
            assert np.percentile(ratio, 5) > 0.65 and np.percentile(ratio, 95) < 1.5
            real_pairs = _numbers(row[f"{band}_coefficient_correlations"])
            assert 0.5 < correlation.std() / real_pairs.std() < 2.0


@pytest.mark.real
def test_errors_follow_brightness_as_those_of_500_real_stars_do(real):
    table = Table.read(real / "xp/xp_continuous_500.fits")
    for index, band in enumerate(prism.BANDS):
        value, error = (
            np.stack([np.asarray(table[f"{p}{band}_coeff_{k}"], float) for k in range(55)], 1)
            for p in ("", "e_")
        )
        model, _ = _model(value @ BASES[index], 58.0 * 30, band, index)
        ratio = np.median(error[:, :40] / model[:, :40], axis=1)
        # the numbers of measurements are not in the table: one share of 30 transits for the field
        transits = 30 / np.nanmedian(ratio) ** 2
        assert 12 < transits < 40
        edges = np.nanquantile(value[:, 0], np.linspace(0, 1, 6))
        for low, high in itertools.pairwise(edges):
            mine = (value[:, 0] >= low) & (value[:, 0] <= high)
            assert np.nanmedian(ratio[mine]) / np.nanmedian(ratio) == pytest.approx(1.0, abs=0.25)


@pytest.mark.real
def test_coefficients_fall_with_order_as_those_of_500_real_stars_do(real):
    table = Table.read(real / "xp/xp_continuous_500.fits")
    truth = draw(1, np.arange(200))
    kept = (truth["teff"] > 4200) & (truth["teff"] < 6500)
    seen = xp.observe({name: values[kept] for name, values in truth.items()}, 1)
    for band in prism.BANDS:
        value, error = (
            np.stack([np.asarray(table[f"{p}{band}_coeff_{k}"], float) for k in range(55)], 1)
            for p in ("", "e_")
        )
        good = value[:, 0] > 200 * error[:, 0]
        theirs = np.nanmedian(np.abs(value[good] / value[good, :1]), axis=0)
        ours = seen[f"{band}_coefficients"]
        ours = np.median(np.abs(ours / ours[:, :1]), axis=0)
        # each order within a factor of 8, most within 2.5
        apart = np.abs(np.log10(ours / theirs))[1:40]
        assert apart.max() < np.log10(8) and np.median(apart) < np.log10(2.5)
