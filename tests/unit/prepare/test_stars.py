"""One row a star: each value comes from the row that the cross-match says."""

import numpy as np

from starloom.prepare.stars import LABELS, TWOMASS_COLUMNS, nanomaggies_to_mag, one_row_each

MATCHES = {
    "source_id": np.array([11, 12, 13]),
    "match_flag": np.array([0, 1, 0]),
    "gaia_row": np.array([2, 0, 1]),
    "apogee_row": np.array([1, -1, 0]),
    "twomass_row": np.array([-1, 0, 1]),
    "unwise_row": np.array([0, 1, -1]),
}
GAIA = {"parallax": np.array([1.0, 2.0, 3.0]), "bp_rp": np.array([0.1, 0.2, 0.3])}
APOGEE = (
    {name: np.array([4000.0, -9999.0]) for name in LABELS}
    | {f"{name}_ERR": np.array([1.0, -9999.0]) for name in LABELS}
    | {
        "APOGEE_ID": np.array(["2M1", "2M2"], object),
        "SNREV": np.array([100.0, 50.0]),
        "STARFLAG": np.array([0, 8]),
        "ASPCAPFLAG": np.array([0, 1 << 23]),
    }
)
TWOMASS = {name: np.array([10.0, 11.0]) for name in TWOMASS_COLUMNS}
UNWISE = {"flux_w1": np.array([1e3, -5.0]), "flux_w2": np.array([1.0, 10.0])}


def test_each_survey_is_read_at_its_own_row_and_absence_is_nan():
    stars = one_row_each(MATCHES, GAIA, APOGEE, TWOMASS, UNWISE)
    np.testing.assert_array_equal(stars["parallax"], [3.0, 1.0, 2.0])
    np.testing.assert_array_equal(stars["j_m"], [np.nan, 10.0, 11.0])
    np.testing.assert_array_equal(stars["teff"], [np.nan, np.nan, 4000.0])
    np.testing.assert_array_equal(stars["starflag"], [8, 0, 0])
    assert list(stars["apogee_id"]) == ["2M2", "", "2M1"]
    np.testing.assert_allclose(stars["w1"], [15.0, np.nan, np.nan])


def test_surveys_that_are_not_there_leave_no_columns():
    assert set(one_row_each(MATCHES, None)) == {"source_id", "match_flag"}


def test_a_nanomaggie_is_magnitude_22_5():
    np.testing.assert_allclose(
        nanomaggies_to_mag(np.array([1.0, 100.0, 0.0])), [22.5, 17.5, np.nan]
    )
