import numpy as np
import pytest

from starloom.sky.labels import spectroscopic


@pytest.fixture(scope="module")
def low(stars, magnitudes):
    return spectroscopic.lamost(stars, magnitudes, 3)


@pytest.fixture(scope="module")
def medium(stars, magnitudes):
    return spectroscopic.lamost_mrs(stars, magnitudes, 3)


def test_lamost_sees_northern_stars_of_middling_brightness_and_temperature(stars, magnitudes, low):
    table, star = low
    assert 0.1 < len(star) / len(stars["star"]) < 0.4
    assert table["dec"].min() > -10
    assert 9 < magnitudes["g"][star].min() and magnitudes["g"][star].max() < 17.8
    assert 3800 < stars["teff"][star].min() and stars["teff"][star].max() < 8500


def test_lamost_labels_have_their_bias_and_their_errors(stars, low):
    table, star = low
    giant = stars["logg"][star] < 3.5
    left = table["logg"] - stars["logg"][star]
    np.testing.assert_allclose(np.median(left[giant]), 0.10, atol=0.01)
    np.testing.assert_allclose(np.median(left[~giant]), -0.03, atol=0.01)
    pull = (left - np.where(giant, 0.10, -0.03)) / table["logg_err"]
    np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.05)
    slope = np.polyfit(stars["fe_h"][star], table["feh"], 1)[0]
    np.testing.assert_allclose(slope, 0.94, atol=0.01)


def test_lamost_errors_grow_as_the_signal_falls(low):
    table, _ = low
    faint, bright = table["snrg"] < 25, table["snrg"] > 150
    for name in ("teff", "logg", "feh", "rv"):
        assert np.median(table[f"{name}_err"][faint]) > 1.3 * np.median(
            table[f"{name}_err"][bright]
        )


def test_alpha_is_minus_9999_where_the_archive_gives_none(low):
    table, _ = low
    none = table["alpha_m"] < -999
    np.testing.assert_array_equal(none, table["alpha_m_err"] < -999)
    assert np.all(none[table["snrg"] < 20]) and 0.02 < none.mean() < 0.4


def test_medium_resolution_labels_lean_to_the_mean(stars, medium):
    table, star = medium
    for name, slope in (("n_fe", 0.85), ("feh_cnn", 0.96)):
        column = {"feh_cnn": "fe_h"}.get(name, name)
        usual = (stars["kind"][star] == "normal") & (table["snr"] >= 20)
        fit = np.polyfit(stars[column][star][usual], table[name][usual], 1)[0]
        np.testing.assert_allclose(fit, slope, atol=0.04)


def test_medium_resolution_labels_have_no_errors_and_none_below_a_signal_of_20(medium):
    table, _ = medium
    assert not [name for name in table if name.endswith("_err")]
    for name in ("teff_cnn", "alpha_m_cnn", "c_fe"):
        np.testing.assert_array_equal(table[name] == -9999, table["snr"] < 20)


def test_rows_of_chunks_join_up(joins_up):
    joins_up(lambda s, m: spectroscopic.lamost(s, m, 3))
    joins_up(lambda s, m: spectroscopic.lamost_mrs(s, m, 3))


def test_the_error_scale_scales_the_errors_and_not_the_noise(stars, magnitudes, low):
    half, _ = spectroscopic.lamost(stars, magnitudes, 3, error_scale=0.5)
    np.testing.assert_array_equal(half["teff"], low[0]["teff"])
    np.testing.assert_allclose(half["teff_err"], 0.5 * low[0]["teff_err"])
