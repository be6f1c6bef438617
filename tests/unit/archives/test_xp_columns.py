"""Rows of XP spectra put together block after block."""

import numpy as np
import pytest

from starloom.archives.xp_columns import Assembler, Ragged, RawXp, rectangle, require_columns
from starloom.columns import XP_FLAGS


def _block(ids, n_bp, n_rp):
    """Rows with so many coefficients of each band; 0 for none."""
    arrays = {}
    for band, size in (("bp", n_bp), ("rp", n_rp)):
        for kind in ("coefficients", "coefficient_errors"):
            count = np.full(len(ids), size)
            values = np.arange(1.0, 1 + size * len(ids))
            arrays[f"{band}_{kind}"] = Ragged(values, np.arange(len(ids)) * size, count)
    return RawXp(np.array(ids), {}, arrays)


def test_ragged_arrays_become_rows_and_others_nan():
    values = np.arange(10.0)
    ragged = Ragged(values, np.array([0, 3, 5]), np.array([3, 2, 3]))
    np.testing.assert_array_equal(rectangle(ragged, 3), [[0, 1, 2], [np.nan] * 3, [5, 6, 7]])
    even = Ragged(values, np.array([1, 5]), np.array([2, 2]))
    np.testing.assert_array_equal(rectangle(even, 2), [[1, 2], [5, 6]])
    assert rectangle(Ragged(values, np.zeros(0, int), np.zeros(0, int)), 4).shape == (0, 4)


def test_rows_that_lie_evenly_but_not_in_order_are_not_mixed_up():
    ragged = Ragged(np.arange(6.0), np.array([4, 2, 0]), np.array([2, 2, 2]))
    np.testing.assert_array_equal(rectangle(ragged, 2), [[4, 5], [2, 3], [0, 1]])


def test_a_later_block_with_another_number_of_coefficients_is_refused():
    assembler = Assembler("xp.csv")
    assembler.add(_block([1, 2], 5, 4))
    with pytest.raises(ValueError, match=r"xp\.csv, from row 3: bp_coefficients has 6 numbers"):
        assembler.add(_block([3, 4], 6, 4))


def test_a_band_that_comes_late_must_have_the_length_that_was_assumed():
    assembler = Assembler("xp.csv")
    assert assembler.add(_block([1], 0, 4))["bp_coefficients"].shape == (1, 4)
    assert assembler.add(_block([2], 4, 4))["xp_flag"].tolist() == [0]
    assembler = Assembler("xp.csv")
    assembler.add(_block([1], 0, 4))
    with pytest.raises(ValueError, match="rows before were read with 4; split the file"):
        assembler.add(_block([2], 5, 4))


def test_a_star_of_an_earlier_block_is_left_out_and_counted():
    assembler = Assembler("xp.csv")
    assembler.add(_block([5, 3], 2, 2))
    second = assembler.add(_block([7, 3, 7], 2, 2))
    assert second["source_id"].tolist() == [7]
    assert second["xp_flag"].tolist() == [XP_FLAGS["duplicate"].mask]
    assert (assembler.rows, assembler.repeated) == (5, 2)


def test_a_file_without_any_coefficients_is_refused():
    with pytest.raises(ValueError, match="no row has BP or RP coefficients"):
        Assembler("xp.csv").add(_block([1], 0, 0))


def test_missing_columns_are_named():
    with pytest.raises(ValueError, match="lacks the columns rp_coefficient_errors; it has"):
        require_columns(
            ["source_id", "bp_coefficients", "bp_coefficient_errors", "rp_coefficients"], "x"
        )
