"""The stars of the simulated Kepler: their parameters, headers, and the grid of their spectra."""

import numpy as np
import pytest

from starloom.sky import kepler_targets, population
from tests.unit.sky.labels.conftest import rough_magnitudes

PLAIN = {"mixed_modes": True, "rotation": True, "permuted_spectra": False}


@pytest.fixture(scope="module")
def sky():
    stars = population.draw(5, np.arange(3000), {"kepler_fraction": 0.6})
    return stars, rough_magnitudes(stars)


def test_only_kepler_stars_oscillate_and_kic_says_which(sky):
    stars, magnitudes = sky
    own, shown = kepler_targets.oscillations(stars, magnitudes, 3, PLAIN)
    here = stars["kepler"]
    assert 300 < here.sum() < 1500
    np.testing.assert_array_equal(own["kic"], stars["kic"][here])
    np.testing.assert_array_equal(own["source_id"], stars["source_id"][here])
    assert shown is own
    # g in units of the Sun's from mass and radius, not from log g
    gravity = (stars["mass_msun"] / stars["radius_rsun"] ** 2)[here]
    expected = 3090.0 * gravity / np.sqrt(stars["teff"][here] / 5777.0)
    assert np.median(np.abs(own["numax_uhz"] / expected - 1)) < 0.015


def test_in_the_null_world_only_what_the_data_show_changes_hands(sky):
    stars, magnitudes = sky
    plain, _ = kepler_targets.oscillations(stars, magnitudes, 3, PLAIN)
    own, shown = kepler_targets.oscillations(
        stars, magnitudes, 3, PLAIN | {"permuted_spectra": True}
    )
    for name, values in plain.items():
        np.testing.assert_array_equal(own[name], values, err_msg=name)
    np.testing.assert_array_equal(shown["kic"], own["kic"])
    np.testing.assert_array_equal(shown["kepmag"], own["kepmag"])
    moved = shown["dnu_uhz"] != own["dnu_uhz"]
    assert moved.mean() > 0.95
    near = np.abs(np.log(shown["numax_uhz"] / own["numax_uhz"]))[moved]
    assert np.median(near) < 0.15


def test_headers_have_the_errors_of_the_input_catalogue(sky):
    stars, magnitudes = sky
    about = kepler_targets.targets(stars, magnitudes, 3)
    off = about["teff"] - stars["teff"][stars["kepler"]]
    assert np.std(off) == pytest.approx(200, rel=0.15)
    assert np.all(about["dec_deg"] > 30)


def test_the_same_stars_get_light_curves_in_any_order():
    star = np.random.default_rng(1).permutation(500)
    chosen = kepler_targets.with_light_curves(star, 3, 40)
    assert chosen.sum() == 40
    again = kepler_targets.with_light_curves(np.arange(500), 3, 40)
    assert set(star[chosen]) == set(np.flatnonzero(again))
    assert kepler_targets.with_light_curves(star, 3, 900).all()


def test_the_grid_is_that_of_the_published_power_spectra():
    """Ends and length as released: 2,091 bins from 2 uHz, centres up to 268.996 uHz."""
    edges = kepler_targets.power_edges()
    centres = 0.5 * (edges[1:] + edges[:-1])
    assert len(centres) == 2091
    assert centres[-1] == pytest.approx(268.996, abs=1e-3)
    assert edges[1] - edges[0] == pytest.approx(0.009)
