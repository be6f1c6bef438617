import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import BarycentricMeanEcliptic, SkyCoord
from astropy.table import Table

from starloom.archives.schema import archive_columns
from starloom.sky.labels import gaia


@pytest.fixture(scope="module")
def table(stars, magnitudes):
    return gaia.gaia_source(stars, magnitudes, 3)


def test_every_column_is_one_of_the_archives(table):
    assert set(table) <= set(archive_columns("gaia_source"))


def test_rows_are_the_stars_in_their_order_and_join_up_from_chunks(stars, table, joins_up):
    np.testing.assert_array_equal(table["source_id"], stars["source_id"])
    joins_up(lambda s, m: (gaia.gaia_source(s, m, 3), np.arange(len(s["star"]))))


def test_the_parallax_zero_point_is_that_of_the_published_code():
    # made once with gaiadr3-zeropoint 0.1.0
    g_mag = np.array([8, 10.8, 12.5, 13, 15.0, 17.2, 18.0])
    nu_eff = np.array([1.15, 1.3, 1.45, 1.5, 1.6, 1.8, 1.2])
    ecl_lat = np.array([-80, -30, 0, 10, 25, 60, 85.0])
    expected = [-0.019861, -0.039887, -0.017482, -0.03419, -0.038024, 0.000485, -0.04416]
    bias = gaia.parallax_zero_point(g_mag, nu_eff, ecl_lat)
    np.testing.assert_allclose(bias, expected, atol=1e-6)


def test_parallaxes_scatter_by_their_errors_about_truth_and_zero_point(stars, table):
    bias = gaia.parallax_zero_point(
        table["phot_g_mean_mag"], table["nu_eff_used_in_astrometry"], table["ecl_lat"]
    )
    pull = (table["parallax"] - bias - 1000 / stars["distance_pc"]) / table["parallax_error"]
    np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.03)
    for name in ("pmra", "pmdec"):
        pull = (table[name] - stars[name]) / table[f"{name}_error"]
        np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.03)


def test_positions_scatter_by_their_errors(stars, table):
    east = (table["ra"] - stars["ra"]) * np.cos(np.radians(stars["dec"])) * 3.6e6
    east = (east + 6.48e8) % 1.296e9 - 6.48e8 if np.any(np.abs(east) > 6e8) else east
    north = (table["dec"] - stars["dec"]) * 3.6e6
    for pull in (east / table["ra_error"], north / table["dec_error"]):
        np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.03)


def test_magnitudes_scatter_by_the_published_errors_which_grow_with_magnitude(magnitudes, table):
    for band in ("g", "bp", "rp"):
        error = gaia.magnitude_error(band, magnitudes[band])
        pull = (table[f"phot_{band}_mean_mag"] - magnitudes[band]) / error
        np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.03)
        np.testing.assert_allclose(
            table[f"phot_{band}_mean_flux_error"] / table[f"phot_{band}_mean_flux"],
            error * np.log(10) / 2.5,
            rtol=0.25,
        )
    # medians of DR3 [mmag] with the Gaia science performance
    published = {"g": (0.19, 0.74, 4.5), "bp": (0.62, 4.55, 44.4), "rp": (0.51, 6.95, 71.8)}
    for band, values in published.items():
        law = 1000 * gaia.magnitude_error(band, np.array([13.0, 17.0, 20.0]))
        np.testing.assert_allclose(law, values, rtol=0.4)


def test_fluxes_give_the_colour_and_a_plausible_excess_factor(magnitudes, table):
    ratio = table["phot_bp_mean_flux"] / table["phot_rp_mean_flux"]
    colour = 25.3385422158 - 24.7478955012 - 2.5 * np.log10(ratio)
    np.testing.assert_allclose(colour, table["bp_rp"], atol=1e-9)
    np.testing.assert_allclose(
        np.median(table["bp_rp"]), np.median(magnitudes["bp"] - magnitudes["rp"]), atol=0.01
    )
    assert 1.1 < np.median(table["phot_bp_rp_excess_factor"]) < 1.4


def test_ecliptic_latitudes_are_astropys(stars, table):
    sky = SkyCoord(ra=stars["ra"][:200] * u.deg, dec=stars["dec"][:200] * u.deg)
    expected = sky.transform_to(BarycentricMeanEcliptic(equinox="J2000"))
    np.testing.assert_allclose(table["ecl_lat"][:200], expected.lat.deg, atol=1e-4)


def test_ruwe_marks_near_binaries(stars, table):
    assert np.median(table["ruwe"][~stars["binary"]]) < 1.02
    assert np.max(table["ruwe"][~stars["binary"]]) < 1.4 < np.max(table["ruwe"][stars["binary"]])


def test_the_error_scale_scales_the_errors_and_not_the_noise(stars, magnitudes, table):
    half = gaia.gaia_source(stars, magnitudes, 3, error_scale=0.5)
    np.testing.assert_array_equal(half["parallax"], table["parallax"])
    np.testing.assert_allclose(half["parallax_error"], 0.5 * table["parallax_error"])
    np.testing.assert_allclose(
        half["phot_g_mean_flux_error"], 0.5 * table["phot_g_mean_flux_error"]
    )


def test_gspphot_is_led_astray_by_dust(stars, table):
    wrong = np.abs(table["teff_gspphot"] - stars["teff"])
    clear, dusty = stars["a_v"] < 0.2, stars["a_v"] > 1.5
    assert np.nanmedian(wrong[dusty]) > 2 * np.nanmedian(wrong[clear])
    both = np.isfinite(wrong) & dusty
    more = table["azero_gspphot"][both] - stars["a_v"][both]
    hotter = (table["teff_gspphot"] - stars["teff"])[both]
    assert np.corrcoef(more, hotter)[0, 1] > 0.7
    np.testing.assert_allclose(np.mean(np.isnan(table["teff_gspphot"])), 0.08, atol=0.01)


@pytest.mark.real
def test_parallax_errors_are_those_of_observed_giants_of_like_magnitude(real):
    observed = Table.read(real / "photometry" / "li2023_gaia_2mass.csv")
    # the Kepler field is observed more often than the average of the sky
    law = gaia.parallax_error_mas(np.asarray(observed["phot_g_mean_mag"], float))
    ratio = np.median(np.asarray(observed["parallax_error"], float) / law)
    assert 0.7 < ratio < 1.1


@pytest.mark.real
def test_the_effective_wavenumber_is_that_of_observed_colours(real):
    observed = Table.read(real / "photometry" / "li2023_gaia_2mass.csv")
    observed = observed[observed["astrometric_params_solved"] == 31]
    colour = np.asarray(observed["phot_bp_mean_mag"] - observed["phot_rp_mean_mag"], float)
    expected = np.asarray(observed["nu_eff_used_in_astrometry"], float)
    np.testing.assert_allclose(gaia.effective_wavenumber(colour), expected, atol=0.01)
