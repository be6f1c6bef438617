import itertools

import numpy as np
import pytest

from starloom.prepare.cuts import (
    alpha_sequence,
    apply,
    between,
    catalogue_cuts,
    no_bits,
    snr_above,
    some_bit,
    zero,
)

GOOD_STAR = {
    "teff": 4800.0,
    "teff_err": 40.0,
    "logg_err": 0.05,
    "m_h_err": 0.02,
    "bp_rp": 1.2,
    "phot_g_mean_mag": 13.0,
    "starflag": 0,
    "aspcapflag": 0,
}


def stars(*changes):
    """A table with one good star, changed as asked, for each of `changes`."""
    rows = [GOOD_STAR | change for change in changes]
    return {name: np.array([row[name] for row in rows]) for name in GOOD_STAR}


def test_each_cut_of_the_good_catalogue_removes_the_star_made_for_it():
    table = stars(
        {},
        {"teff_err": 4800 / 29},
        {"logg_err": 0.4},
        {"m_h_err": 0.3},
        {"bp_rp": 4.1},
        {"phot_g_mean_mag": 5.9},
        {"starflag": 1 << 9},
        {"aspcapflag": 1 << 19},
    )
    passed, counts = apply(catalogue_cuts("good"), table)
    np.testing.assert_array_equal(passed, [True] + [False] * 7)
    assert [record["left"] for record in counts] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert all(record["removed"] == record["removed_alone"] == 1 for record in counts[1:])


def test_pristine_is_stricter_and_full_cuts_nothing():
    table = stars({}, {"teff_err": 60.0}, {"logg_err": 0.2}, {"m_h_err": 0.1})
    assert apply(catalogue_cuts("good"), table)[0].all()
    np.testing.assert_array_equal(apply(catalogue_cuts("pristine"), table)[0], [1, 0, 0, 0])
    full, counts = apply(catalogue_cuts("full"), table)
    assert full.all() and [record["left"] for record in counts] == [4]


def test_the_two_definitions_differ_in_teff_snr_and_aspcap_bits():
    table = stars(
        {}, {"teff_err": 4800 / 25}, {"aspcapflag": 1 << 2}, {"aspcapflag": 1 << 3},
        {"aspcapflag": 1 << 23},
    )  # fmt: skip
    paper, _ = apply(catalogue_cuts("good", "paper"), table)
    released, _ = apply(catalogue_cuts("good", "released"), table)
    np.testing.assert_array_equal(paper, [1, 0, 1, 1, 0])
    np.testing.assert_array_equal(released, [1, 1, 0, 0, 1])


def test_a_missing_label_fails_its_cut_and_is_counted_as_missing():
    table = stars({}, {"teff": np.nan}, {"logg_err": np.nan}, {"logg_err": -9999.0})
    passed, counts = apply(catalogue_cuts("good"), table)
    np.testing.assert_array_equal(passed, [1, 0, 0, 0])
    by_name = {record["name"]: record for record in counts}
    assert by_name["teff_snr"]["missing"] == 1
    assert (by_name["logg_error"]["missing"], by_name["logg_error"]["removed"]) == (1, 2)


def test_counts_reconcile_for_overlapping_cuts():
    rng = np.random.default_rng(3)
    table = {"x": rng.normal(size=500), "flag": rng.integers(0, 16, 500), "e": rng.normal(size=500)}
    table["x"][::17] = np.nan
    cuts = (
        between("x", "x", -1.0, 2.0),
        no_bits("bits", "flag", (1, 3)),
        snr_above("snr", "x", "e", 0.1),
    )
    passed, counts = apply(cuts, table)
    assert counts[0]["left"] == 500 and counts[-1]["left"] == passed.sum()
    for before, after in itertools.pairwise(counts):
        assert before["left"] == after["left"] + after["removed"]
    one_by_one = [
        -1 < x < 2 and not f & 0b1010 and e > 0 and x / e > 0.1
        for x, f, e in zip(table["x"], table["flag"], table["e"], strict=True)
    ]
    np.testing.assert_array_equal(passed, one_by_one)


def test_a_float_flag_column_with_a_nan_fails_that_star_alone():
    passed, counts = apply((zero("starflag", "f"),), {"f": np.array([0.0, np.nan, 2.0])})
    np.testing.assert_array_equal(passed, [1, 0, 0])
    assert counts[-1]["missing"] == 1


def test_an_empty_selection_names_the_cut_that_emptied_it():
    with pytest.raises(ValueError, match=r"the good catalogue is empty: cut colour .*last 1 of 2"):
        apply(catalogue_cuts("good"), stars({"bp_rp": -1.0}, {"teff": 10.0}), "the good catalogue")


def test_an_absent_column_is_named_with_the_cut_that_needs_it():
    table = stars({})
    del table["bp_rp"]
    with pytest.raises(KeyError, match="cut colour needs bp_rp"):
        apply(catalogue_cuts("good"), table)


def test_an_unknown_catalogue_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="choose full, good or pristine"):
        catalogue_cuts("best")


def test_the_alpha_split_follows_the_cubic_and_says_when_it_does_not_know():
    edge = 0.1754 * (-0.5) ** 3 + 0.1119 * 0.25 + 0.1253 * 0.5 + 0.1353
    fe_h = np.array([-0.5, -0.5, 0.0, np.nan, 0.0])
    mg_fe = np.array([edge + 1e-6, edge - 1e-6, 0.1352, 0.3, np.nan])
    np.testing.assert_array_equal(alpha_sequence(fe_h, mg_fe), [1, 0, 0, -1, -1])


@pytest.mark.parametrize("flag", [np.array([0, 2, 8, 10, 4]), np.array([0.0, 2, 8, 10, np.nan])])
def test_some_bit_is_set_and_an_unknown_flag_has_none(flag):
    passed, _ = apply((some_bit("bits", "flag", (1, 3)),), {"flag": flag})
    np.testing.assert_array_equal(passed, [False, True, True, True, False])
