"""XP arrays by star: order, where the G flux comes from, and the flags."""

import numpy as np
import pytest

from starloom.columns import XP_FLAGS
from starloom.prepare.spectra import spectra


@pytest.fixture
def raw():
    stars = 3
    rng = np.random.default_rng(1)
    columns = {"source_id": np.array([30, 10, 20]), "xp_flag": np.zeros(stars, np.int32)}
    for band in ("bp", "rp"):
        columns |= {
            f"{band}_coefficients": 0.5 ** np.arange(55) * rng.uniform(1, 2, (stars, 1)),
            f"{band}_coefficient_errors": np.full((stars, 55), 0.1),
            f"{band}_coefficient_correlations": np.zeros((stars, 1485)),
            f"{band}_n_relevant_bases": np.full(stars, 20),
        }
    return columns


def test_stars_come_in_the_order_of_source_id_with_bp_before_rp(raw):
    gaia = {"source_id": np.array([10, 20, 30]), "phot_g_mean_flux": np.array([1.0, 2.0, 3.0])}
    arrays, counts = spectra(raw, gaia)
    np.testing.assert_array_equal(arrays["source_id"], [10, 20, 30])
    np.testing.assert_array_equal(arrays["phot_g_mean_flux"], [1, 2, 3])
    np.testing.assert_allclose(arrays["coefficients"][2, :55], raw["bp_coefficients"][0], rtol=1e-6)
    np.testing.assert_allclose(arrays["coefficients"][2, 55:], raw["rp_coefficients"][0], rtol=1e-6)
    assert not any(counts.values())


def test_a_star_without_gaia_source_gets_its_g_flux_from_its_magnitude(raw):
    raw["phot_g_mean_mag"] = np.array([25.6873668671, 15.0, 15.0])
    arrays, _ = spectra(raw, None)
    np.testing.assert_allclose(arrays["phot_g_mean_flux"][2], 1.0)


def test_or_from_its_spectrum_and_says_so(raw):
    gaia = {"source_id": np.array([10]), "phot_g_mean_flux": np.array([7.0])}
    arrays, counts = spectra(raw, gaia)
    assert arrays["phot_g_mean_flux"][0] == 7
    assert (arrays["phot_g_mean_flux"] > 0).all()
    np.testing.assert_array_equal(arrays["xp_flag"] & XP_FLAGS["synthetic_g"].mask > 0, [0, 1, 1])
    assert counts["synthetic_g"] == 2


def test_a_star_without_bp_keeps_its_row_and_has_no_g_flux(raw):
    raw["bp_coefficients"][1] = np.nan
    raw["xp_flag"][1] = XP_FLAGS["no_bp"].mask
    arrays, counts = spectra(raw, None)
    assert len(arrays["source_id"]) == 3
    assert counts["no_bp"] == 1
    assert arrays["xp_flag"][0] & XP_FLAGS["no_g_flux"].mask
