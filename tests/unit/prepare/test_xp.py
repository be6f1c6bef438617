import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from starloom import gaiaxpy_quiet
from starloom.columns import XP_FLAGS
from starloom.prepare.xp import (
    coefficient_vector,
    covariance,
    g_flux_from_mag,
    normalise,
    synthetic_g_flux,
    truncate,
)


def test_coefficients_and_errors_are_divided_by_the_g_flux():
    x, e, flag = normalise(np.array([[4.0, -2.0]]), np.array([[0.4, 0.2]]), np.array([2.0]))
    np.testing.assert_array_equal(x, [[2.0, -1.0]])
    np.testing.assert_array_equal(e, [[0.2, 0.1]])
    assert flag.tolist() == [0]


def test_stars_without_a_positive_g_flux_are_flagged_and_nan_and_stop_nobody():
    flux = np.array([0.0, -1.0, np.nan, np.inf, 5.0])
    x, e, flag = normalise(np.ones((5, 3)), np.ones((5, 3)), flux)
    np.testing.assert_array_equal(flag == XP_FLAGS["no_g_flux"].mask, [1, 1, 1, 1, 0])
    assert np.isnan(x[:4]).all() and np.isnan(e[:4]).all() and np.all(x[4] == 0.2)


def test_the_vector_takes_any_number_of_coefficients_bp_first():
    vector = coefficient_vector(np.zeros((2, 60)), np.ones((2, 55)))
    assert vector.shape == (2, 115)
    np.testing.assert_array_equal(vector.sum(axis=1), [55, 55])


def test_truncation_zeroes_what_lies_beyond_and_keeps_missing_bands_missing():
    values = np.ones((4, 5))
    values[3] = np.nan
    cut = truncate(values, np.array([2, 0, 9, 2]))
    np.testing.assert_array_equal(cut[:3].sum(axis=1), [2, 5, 5])
    assert np.isnan(cut[3]).all()


def test_covariances_have_the_variances_and_correlations_that_they_were_made_of():
    rng = np.random.default_rng(0)
    n_star, n = 3, 6
    errors = rng.uniform(0.5, 2, (n_star, n))
    packed = rng.uniform(-0.3, 0.3, (n_star, n * (n - 1) // 2))
    expected = np.empty((n_star, n, n))
    for star in range(n_star):
        k = 0
        for i in range(n):
            expected[star, i, i] = errors[star, i] ** 2
            for j in range(i):
                value = packed[star, k] * errors[star, i] * errors[star, j]
                expected[star, i, j] = expected[star, j, i] = value
                k += 1
    np.testing.assert_allclose(
        covariance(jnp.array(errors), jnp.array(packed)), expected, rtol=1e-5
    )


def test_correlations_of_another_number_of_coefficients_are_refused():
    with pytest.raises(ValueError, match="1485 correlations do not belong to 54"):
        covariance(jnp.ones((1, 54)), jnp.ones((1, 1485)))


def test_g_flux_and_magnitude_are_on_the_scale_of_the_archive():
    # phot_g_mean_mag, phot_g_mean_flux of DR3 6636090334814214528, ...9112400000, ...9113063296.
    mag = np.array([19.761656, 21.066229, 16.610226])
    flux = np.array([234.576568712628, 70.5431477727305, 4274.219332887841])
    np.testing.assert_allclose(g_flux_from_mag(mag), flux, rtol=2e-6)


def test_the_synthetic_g_flux_equals_gaiaxpy_s_synthetic_photometry():
    rng = np.random.default_rng(1)
    bp, rp = rng.normal(size=(2, 4, 55)) * 10
    bp[:, 0] = rp[:, 0] = 5e3
    table = {"source_id": np.arange(4)}
    for band, values in (("bp", bp), ("rp", rp)):
        table[f"{band}_n_parameters"] = 55
        table[f"{band}_standard_deviation"] = 1.0
        table[f"{band}_coefficients"] = list(values)
        table[f"{band}_coefficient_errors"] = [np.ones(55)] * 4
        table[f"{band}_coefficient_correlations"] = [np.eye(55)] * 4
    gaiaxpy = gaiaxpy_quiet.load()
    with gaiaxpy_quiet.silence():
        reference = gaiaxpy.generate(
            pd.DataFrame(table),
            photometric_system=gaiaxpy.PhotometricSystem.Gaia_DR3_Vega,
            save_file=False,
        )
    ours = -2.5 * np.log10(synthetic_g_flux(bp, rp)) + 25.6873668671
    np.testing.assert_allclose(ours, reference["GaiaDr3Vega_mag_G"], atol=1e-10)


def test_the_synthetic_g_flux_of_a_star_without_bp_is_nan():
    flux = synthetic_g_flux(np.full((1, 55), np.nan), np.ones((1, 55)))
    assert np.isnan(flux).all()


def test_the_synthetic_g_flux_of_another_release_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match=r"60 BP and 55 RP.*phot_g_mean_flux"):
        synthetic_g_flux(np.ones((1, 60)), np.ones((1, 55)))
