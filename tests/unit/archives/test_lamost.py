"""LAMOST's tables of labels: the best row of a place, no value, other columns."""

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.lamost import read_labels

LOW = {
    "ra": [10.0, 10.0, 20.0],
    "dec": [5.0, 5.0, -3.0],
    "snrg": [30.0, 90.0, 15.0],
    "teff": [5000.0, 5010.0, 6000.0],
    "teff_err": [40.0, 20.0, 90.0],
    "logg": [2.5, 2.6, 4.0],
    "feh": [-0.1, -0.2, -9999.0],
    "alpha_m": [0.1, 0.2, -9999.0],
}


def _written(path, columns):
    Table(columns).write(path)
    return path


def test_a_place_keeps_its_row_of_highest_signal_and_no_value_is_nan(tmp_path):
    found = read_labels(_written(tmp_path / "low.fits", LOW), "lamost_lrs")
    row = np.argsort(found["ra"])
    np.testing.assert_array_equal(found["ra"][row], [10.0, 20.0])
    np.testing.assert_array_equal(found["teff"][row], [5010.0, 6000.0])
    np.testing.assert_array_equal(found["teff_error"][row], [20.0, 90.0])
    np.testing.assert_array_equal(found["fe_h"][row], [-0.2, np.nan])
    np.testing.assert_array_equal(found["alpha_m_error"][row], [0.0, np.nan])


def test_a_row_with_labels_comes_before_one_of_higher_signal_without(tmp_path):
    low = LOW | {"teff": [5000.0, -9999.0, 6000.0]}
    found = read_labels(_written(tmp_path / "low.fits", low), "lamost_lrs")
    assert 5000.0 in found["teff"]


def test_medium_resolution_has_its_own_columns_and_no_errors(tmp_path):
    names = ("ra", "dec", "snr", "teff_cnn", "logg_cnn", "feh_cnn", "alpha_m_cnn", "C_FE", "n_fe")
    medium = {name: np.arange(1.0, 4.0) for name in names}
    found = read_labels(_written(tmp_path / "medium.fits", medium), "lamost_mrs")
    np.testing.assert_array_equal(np.sort(found["c_fe"]), [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(found["n_fe_error"], np.zeros(3))


def test_a_table_without_labels_is_refused_by_name(tmp_path):
    path = _written(tmp_path / "low.fits", LOW)
    with pytest.raises(ValueError, match=r"low\.fits lacks teff_cnn.*it has ra, dec, snrg"):
        read_labels(path, "lamost_mrs")
