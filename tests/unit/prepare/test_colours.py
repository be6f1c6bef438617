"""Colours, RJCE extinction, zero point and pseudo-absolute magnitude, and what is missing."""

import numpy as np
import pytest

from starloom.archives.parallax import parallax_zero_point
from starloom.prepare.colours import COLOURS, FROM_SOURCES, SOURCES, colours, rjce_a_v

STAR = {
    "ra": 10.0,
    "dec": 20.0,
    "ecl_lat": 14.4,
    "parallax": 2.0,
    "parallax_error": 0.05,
    "phot_g_mean_mag": 12.5,
    "phot_bp_mean_mag": 13.0,
    "phot_rp_mean_mag": 11.8,
    "phot_bp_mean_flux_over_error": 500.0,
    "phot_rp_mean_flux_over_error": 800.0,
    "nu_eff_used_in_astrometry": 1.45,
    "pseudocolour": np.nan,
    "astrometric_params_solved": 31.0,
    "j_m": 11.0,
    "h_m": 10.5,
    "j_msigcom": 0.02,
    "h_msigcom": 0.03,
    "w1": 10.35,
    "w2": 10.345,
    "w1_err": 0.01,
    "w2_err": 0.02,
}


def table(**changes):
    return {name: np.array([value]) for name, value in (STAR | changes).items()}


def test_colours_and_the_pseudo_magnitude_of_a_star_by_hand():
    found, error, seen = colours(table())
    a_v = (10.5 - 10.345 - 0.05) / (0.131 - 0.026)
    np.testing.assert_allclose(seen["a_v"], a_v)
    bias = parallax_zero_point(np.array([12.5]), np.array([1.45]), np.array([14.4]))[0]
    factor = 10 ** (0.2 * (11.8 - 0.589 * a_v))
    expected = [1.2, 0.005, 0.5, 0.155, (2.0 - bias) * factor]
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)
    np.testing.assert_allclose(error[0, -1], 0.05 * factor)
    np.testing.assert_allclose(error[0, 0], 1.085736 / 500, rtol=1e-6)


def test_colours_are_sums_of_their_sources():
    assert FROM_SOURCES.shape == (len(COLOURS), len(SOURCES))
    shared = np.abs(FROM_SOURCES[COLOURS.index("j_h")]) @ np.abs(
        FROM_SOURCES[COLOURS.index("h_w2")]
    )
    assert shared == 1  # H is in both


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"w1": np.nan}, {"w1_w2"}),
        ({"w2": np.nan}, {"w1_w2", "h_w2", "pseudo_mag"}),
        ({"h_m": np.nan}, {"j_h", "h_w2", "pseudo_mag"}),
        ({"j_msigcom": np.nan}, {"j_h"}),
        ({"phot_rp_mean_mag": np.nan}, {"bp_rp", "pseudo_mag"}),
        ({"parallax": np.nan}, {"pseudo_mag"}),
        ({"parallax_error": 0.0}, {"pseudo_mag"}),
        ({"astrometric_params_solved": 3.0}, {"pseudo_mag"}),
    ],
)
def test_a_missing_band_takes_its_colours_and_no_other_with_it(change, lost):
    found, error, _ = colours(table(**change))
    assert {name for name, value in zip(COLOURS, found[0], strict=True) if np.isnan(value)} == lost
    assert np.isfinite(error).all()


def test_a_negative_parallax_stays_negative_and_its_error_is_finite():
    found, error, seen = colours(table(parallax=-0.3))
    assert found[0, -1] < 0
    assert error[0, -1] > 0
    assert seen["parallax"][0] < 0


def test_a_table_without_kind_of_solution_wavenumber_and_latitude_has_nearly_the_same_bias():
    full = colours(table())[2]["parallax"]
    less = table()
    for name in ("nu_eff_used_in_astrometry", "astrometric_params_solved", "ecl_lat"):
        del less[name]
    np.testing.assert_allclose(colours(less)[2]["parallax"], full, atol=0.002)
    np.testing.assert_allclose(colours(table(), zero_point=False)[2]["parallax"], 2.0)


def test_extinction_is_never_negative():
    np.testing.assert_allclose(
        rjce_a_v(np.array([10.0, 10.0, np.nan]), np.array([10.2, 9.845, 9.0])), [0, 1.0, np.nan]
    )


def test_six_parameter_solutions_have_the_bias_of_the_published_code():
    # made once with gaiadr3-zeropoint 0.1.0
    g_mag = np.array([8.0, 12.5, 15.0, 17.2])
    colour = np.array([1.3, 1.45, 1.6, 1.5])
    latitude = np.array([-80.0, 0.0, 25.0, 60.0])
    expected = [-0.003196, -0.016885, -0.036516, -0.021975]
    found = parallax_zero_point(g_mag, colour, latitude, 95)
    np.testing.assert_allclose(found, expected, atol=1e-6)
