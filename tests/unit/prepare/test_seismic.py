"""Seismic tables on one row a star: units, gaps, repetitions."""

import numpy as np
import pytest

from starloom.prepare.seismic import CLUMP, RGB, UNKNOWN, seismic_table


def _tables():
    apokasc2 = {
        "KIC": np.array([10, 20, 20]),
        "Nmax": np.array([100.0, 30.0, 31.0]),
        "e_Nmax": np.array([0.02, 0.01, 0.01]),
        "Dnu": np.array([9.0, np.nan, 4.0]),
        "e_Dnu": np.array([0.005, np.nan, 0.01]),
        "ES": np.array(["RGB", "RC", "RC"]),
        "LogAge": np.array([3.7, 3.3, 3.3]),
    }
    yu1 = {
        "KIC": np.array([20, 30]),
        "numax": np.array([29.0, 60.0]),
        "e_numax": np.array([0.6, 0.7]),
        "Delnu": np.array([4.1, 6.0]),
        "e_Delnu": np.array([0.05, 0.02]),
    }
    yu2 = {"KIC": np.array([10, 30]), "Phase": np.array([2, 0])}
    miglio = {
        "KIC": np.array([30]),
        "Age": np.array([5.0]),
        "b_Age": np.array([4.0]),
        "b_age_lc": np.array([6.25]),
    }
    return apokasc2, yu1, yu2, miglio


def test_fractions_become_uhz_and_gaps_are_filled_from_the_other_table():
    found, repeated = seismic_table(*_tables())
    assert found["kic"].tolist() == [10, 20, 30]
    np.testing.assert_allclose(found["numax"], [100.0, 30.0, 60.0])
    np.testing.assert_allclose(found["numax_err"], [2.0, 0.3, 0.7])
    np.testing.assert_allclose(found["dnu"], [9.0, 4.1, 6.0])
    np.testing.assert_allclose(found["dnu_err"], [0.045, 0.05, 0.02])
    assert found["state"].tolist() == [RGB, CLUMP, UNKNOWN]
    assert repeated == {"apokasc2": 1, "yu2018": 0, "yu2018_phase": 0, "miglio2021": 0}


def test_limits_of_an_age_are_limits_and_not_errors():
    found, _ = seismic_table(*_tables())
    np.testing.assert_allclose(found["log_age"], [np.nan, np.nan, np.log10(5)])
    assert found["log_age_err"][2] == pytest.approx(np.log10(1.25))
    np.testing.assert_allclose(found["log_age_apokasc2"][:2], [0.7, 0.3])
