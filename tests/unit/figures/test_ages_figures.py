"""Figures of the study ages: what their captions count, which cells their maps have."""

import numpy as np

from starloom.figures import ages
from starloom.figures import ages_maps as maps


def test_captions_of_ages_count_the_stars_that_are_drawn():
    stars = {
        "log_age": np.log10([1.0, 2.0, 4.0, 8.0, np.nan, 5.0]),
        "age_fiducial": np.log10([1.5, np.nan, 17.0, 7.0, 3.0, 5.0]),
        "age_z_only": np.log10([1.5, 2.0, 0.2, 20.0, 3.0, 5.0]),
        "state": np.array([1, 1, 2, 2, 2, 0]),
    }
    said = ages.both_ages(stars, "log_age", ("fiducial",))
    assert said.startswith("3 test stars") and said.endswith(" 1 of them beyond the axes")
    said = ages.both_ages(stars, "log_age", ("fiducial", "z_only"))
    assert said.startswith("3 to 4 test stars") and said.endswith("1 to 2 of them beyond the axes")
    assert ages.both_ages(stars, "log_age", ("absent",)).startswith("0 test stars")


def test_maps_have_no_cell_of_one_or_two_stars():
    place = np.repeat([0.0, 1.0, 2.0], [2, 3, 4])
    stars = {"radius_kpc": 8 + place, "height_kpc": place, "Age": np.arange(9.0)}
    cells = maps.disc(stars).axes[0].collections[0]
    np.testing.assert_allclose(np.sort(cells.get_array()), [3.0, 6.5])
