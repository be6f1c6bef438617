"""The simulated value-added catalogue of ages, and the reader that a real one goes through."""

import numpy as np
import pytest

from starloom.archives.astronn import read_astronn
from starloom.sky.files import write_labels
from starloom.sky.labels import apogee, astronn


@pytest.fixture(scope="module")
def table(stars, magnitudes):
    return astronn(stars, magnitudes, 3)


def test_its_rows_are_those_of_allstar_and_its_ages_plateau(stars, magnitudes, table):
    columns, star = table
    allstar, same = apogee(stars, magnitudes, 3)
    np.testing.assert_array_equal(star, same)
    np.testing.assert_array_equal(columns["APOGEE_ID"], allstar["APOGEE_ID"])
    true, known = stars["age_gyr"][star], np.isfinite(columns["age"])
    assert np.all((stars["logg"][star] < 3.6) | ~known)
    ratio = columns["age"] / true
    young, old = known & (true < 7), known & (true > 11)
    np.testing.assert_allclose(np.median(ratio[young]), 1.0, atol=0.03)
    np.testing.assert_allclose(np.std(np.log(ratio[young])), 0.25, atol=0.02)
    assert np.median(columns["age"][old]) < 9.5 < np.median(true[old])
    assert np.median(columns["age_lowess_correct"][old]) > np.median(columns["age"][old])


def test_the_reader_gives_ages_and_refuses_other_rows(table, tmp_path):
    columns, path = table[0], tmp_path / "apogee_astroNN-DR17.fits"
    write_labels(path, columns)
    allstar = {"APOGEE_ID": columns["APOGEE_ID"].copy()}
    ages = read_astronn(path, allstar)
    np.testing.assert_array_equal(ages["age_corrected"], columns["age_lowess_correct"])
    with pytest.raises(ValueError, match="different data releases"):
        read_astronn(path, {"APOGEE_ID": allstar["APOGEE_ID"][1:]})
    allstar["APOGEE_ID"][5] = "2M00000000+0000000"
    with pytest.raises(ValueError, match=r"row 5 is 2M.*1 rows differ"):
        read_astronn(path, allstar)
    write_labels(path, {"APOGEE_ID": columns["APOGEE_ID"], "age": columns["age"]})
    with pytest.raises(ValueError, match=r"lacks age_lowess_correct.*it has apogee_id, age"):
        read_astronn(path)
