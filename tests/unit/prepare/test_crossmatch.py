import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from starloom.columns import MATCH_FLAGS
from starloom.prepare.crossmatch import crossmatch
from starloom.prepare.identifiers import best_apogee_rows, best_of_each, join_ids
from starloom.prepare.positions import carry

ARCSEC = 1 / 3600
FIRST_ID = 5853498713190525696


def gaia_table(n=5, seed=0):
    """Stars 20 arcsec apart and more, moving fast enough to be lost without proper motions."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    return {
        "source_id": FIRST_ID + 10 * np.arange(n, dtype=np.int64),
        "ra": 280 + np.arange(n) * 20 * ARCSEC,
        "dec": np.full(n, 40.0),
        "pmra": 100 * np.cos(angle),
        "pmdec": 100 * np.sin(angle),
        "ref_epoch": np.full(n, 2016.0),
    }


def seen_at(gaia, epoch, **more):
    ra, dec, _ = carry(*(gaia[c] for c in ("ra", "dec", "pmra", "pmdec")), 2016.0, epoch)
    return {"ra": ra, "dec": dec} | more


def allstar(gaia, rows=None, **more):
    rows = np.arange(len(gaia["ra"])) if rows is None else np.asarray(rows)
    table = {
        "APOGEE_ID": np.array([f"2M{row:08d}" for row in rows]),
        "GAIAEDR3_SOURCE_ID": gaia["source_id"][rows],
        "RA": gaia["ra"][rows],
        "DEC": gaia["dec"][rows],
        "EXTRATARG": np.zeros(len(rows), np.int32),
        "SNREV": np.full(len(rows), 100.0),
    }
    return table | more


def has(columns, name):
    return (columns["match_flag"] & MATCH_FLAGS[name].mask) > 0


def check(columns, counts):
    """Outcomes add up, and no row of a survey is used twice."""
    for survey, account in counts.items():
        for outcomes in account.values():
            outcomes = dict(outcomes)
            assert outcomes.pop("total") == sum(outcomes.values()), (survey, outcomes)
            assert min(outcomes.values()) >= 0
        rows = columns[f"{survey}_row"]
        assert len(np.unique(rows[rows >= 0])) == np.sum(rows >= 0)


def test_moving_stars_are_found_at_the_other_survey_s_epoch():
    gaia = gaia_table(200)
    order = np.random.default_rng(5).permutation(200)
    twomass = {k: v[order] for k, v in seen_at(gaia, 1999.5).items()}
    unwise = {k: v[order] for k, v in seen_at(gaia, 2014.9).items()}
    columns, counts = crossmatch(gaia, twomass=twomass, unwise=unwise)
    np.testing.assert_array_equal(columns["twomass_row"], np.argsort(order))
    np.testing.assert_array_equal(columns["unwise_row"], np.argsort(order))
    assert np.nanmax(columns["twomass_separation_arcsec"]) < 1e-3
    at_rest = gaia | {"pmra": np.zeros(200), "pmdec": np.zeros(200)}
    assert crossmatch(at_rest, twomass=twomass)[1]["twomass"]["sources"]["matched"] == 0
    check(columns, counts)


@pytest.mark.parametrize("date", ["jdate", "j_date"])
def test_the_epoch_of_each_twomass_row_overrides_the_survey_s(date):
    gaia = gaia_table() | {"pmra": np.full(5, 4000.0)}
    years = np.array([1997.5, 1998.0, 1999.0, 2000.0, 2001.1])
    twomass = seen_at(gaia, years, **{date: 2451545.0 + 365.25 * (years - 2000)})
    columns, _ = crossmatch(gaia, twomass=twomass)
    np.testing.assert_array_equal(columns["twomass_row"], np.arange(5))
    twomass[date] = np.full(5, np.nan)
    columns, _ = crossmatch(gaia, twomass=twomass)
    np.testing.assert_array_equal(columns["twomass_row"], -1)


def test_a_star_without_proper_motion_is_matched_at_rest_and_flagged():
    gaia = gaia_table() | {"pmra": np.full(5, np.nan)}
    columns, counts = crossmatch(gaia, twomass={"ra": gaia["ra"], "dec": gaia["dec"]})
    np.testing.assert_array_equal(columns["twomass_row"], np.arange(5))
    assert has(columns, "no_proper_motion").all()
    check(columns, counts)


def test_bad_and_extended_twomass_rows_are_left_out_and_counted():
    gaia = gaia_table()
    twomass = seen_at(gaia, 1999.5)
    twomass["ph_qual"] = np.array(["AAA", "BCU", "UUA", "AAA", "EEE"])
    twomass["ext_key"] = np.array([np.nan, np.nan, np.nan, 77.0, 78.0])
    columns, counts = crossmatch(gaia, twomass=twomass)
    np.testing.assert_array_equal(columns["twomass_row"], [0, -1, 2, -1, -1])
    assert counts["twomass"]["rows"] == {
        "total": 5, "no_quality_a": 2, "extended": 1, "matched": 2, "unmatched": 0,
    }  # fmt: skip
    for keys in (["", "null", "nan", "77", "78"], [0, 0, 0, 77, 78]):
        again, _ = crossmatch(gaia, twomass=twomass | {"ext_key": np.array(keys)})
        np.testing.assert_array_equal(again["twomass_row"], columns["twomass_row"])


def test_a_merged_unwise_source_goes_to_the_nearer_star_and_the_other_is_flagged():
    gaia = gaia_table(2) | {"pmra": np.zeros(2), "pmdec": np.zeros(2)}
    gaia["ra"] = np.array([10.0, 10.0])
    gaia["dec"] = np.array([0.0, 0.9 * ARCSEC])
    columns, counts = crossmatch(
        gaia, unwise={"ra": np.array([10.0]), "dec": np.array([0.3 * ARCSEC])}
    )
    np.testing.assert_array_equal(columns["unwise_row"], [0, -1])
    np.testing.assert_array_equal(has(columns, "unwise_lost"), [False, True])
    assert counts["unwise"]["sources"]["lost_to_closer"] == 1


def test_gaia_s_own_neighbours_join_twomass_whatever_the_positions():
    gaia = gaia_table()
    ids = gaia["source_id"]
    twomass = {
        "source_id": np.array([ids[2], ids[0], ids[1], ids[3], ids[0], 12345, 0]),
        "designation": np.array(["c", "a", "a", "d", "z", "x", "y"]),
        "angular_distance": np.array([0.1, 0.3, 0.2, 0.1, 0.5, 0.1, 0.1]),
        "number_of_neighbours": np.array([1, 1, 2, 1, 1, 1, 1]),
        "ra": np.zeros(7),
        "dec": np.zeros(7),
    }
    columns, counts = crossmatch(gaia, twomass=twomass)
    np.testing.assert_array_equal(columns["twomass_row"], [-1, 2, 0, 3, -1])
    np.testing.assert_array_equal(has(columns, "twomass_several"), [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(has(columns, "twomass_lost"), [1, 0, 0, 0, 0])
    assert counts["twomass"]["rows"] == {
        "total": 7, "no_source_id": 1, "repeated_source_id": 1, "lost_to_closer": 1,
        "source_id_not_in_gaia": 1, "matched": 3,
    }  # fmt: skip
    check(columns, counts)


def test_apogee_joins_by_source_id_even_far_away_and_says_so():
    gaia = gaia_table()
    columns, counts = crossmatch(gaia, allstar(gaia, RA=gaia["ra"] + 0.1))
    np.testing.assert_array_equal(columns["apogee_row"], np.arange(5))
    assert has(columns, "apogee_far").all()
    check(columns, counts)


def test_apogee_without_source_id_joins_by_position_and_never_takes_a_taken_source():
    gaia = gaia_table()
    ra, dec, _ = carry(*(gaia[c] for c in ("ra", "dec", "pmra", "pmdec")), 2016.0, 1999.5)
    rows = np.array([0, 1, 1, 2])
    table = allstar(gaia, rows, RA=ra[rows], DEC=dec[rows])
    table["APOGEE_ID"] = np.array(["a", "b", "other name of b", "c"])
    table["GAIAEDR3_SOURCE_ID"] = np.array([0, gaia["source_id"][1], 0, FIRST_ID + 3])
    columns, counts = crossmatch(gaia, table)
    np.testing.assert_array_equal(columns["apogee_row"], [0, 1, -1, -1, -1])
    np.testing.assert_array_equal(has(columns, "apogee_by_position"), [1, 0, 0, 0, 0])
    rows = counts["apogee"]["rows"]
    assert (rows["matched_by_position"], rows["matched_by_source_id"]) == (1, 1)
    assert (rows["source_has_a_row_already"], rows["source_id_not_in_gaia"]) == (1, 1)
    check(columns, counts)


def test_repeated_apogee_rows_are_resolved_by_the_stated_rule():
    names = np.array([b"a ", b"a", b"a", b"b", b"b", b"c", b"", b""])
    extratarg = np.array([16, 0, 0, 0, 0, 17, 0, 0])
    snrev = np.array([900.0, 50.0, 80.0, 70.0, 70.0, 99.0, np.nan, 1.0])
    best, counts = best_apogee_rows(names, extratarg, snrev)
    np.testing.assert_array_equal(best, [0, 0, 1, 1, 0, 0, 1, 1])
    assert counts == {"extratarg_duplicate": 2, "repeated_star": 2}


def test_two_names_of_one_source_are_one_star():
    gaia = gaia_table()
    rows = np.array([0, 0, 1])
    table = allstar(gaia, rows, SNREV=np.array([50.0, 90.0, 10.0]))
    table["APOGEE_ID"] = np.array(["a", "b", "c"])
    columns, counts = crossmatch(gaia, table)
    np.testing.assert_array_equal(columns["apogee_row"], [1, 2, -1, -1, -1])
    np.testing.assert_array_equal(has(columns, "apogee_several"), [1, 0, 0, 0, 0])
    assert counts["apogee"]["rows"]["repeated_source_id"] == 1


def test_best_of_each_puts_nan_last_and_breaks_ties_by_row():
    key = np.array([7, 7, 7, 3, 3, 5])
    value = np.array([np.nan, 1.0, 1.0, np.nan, np.nan, -np.inf])
    np.testing.assert_array_equal(best_of_each(key, value), [0, 1, 0, 1, 0, 1])


def test_ids_join_exactly_at_64_bits():
    other = np.array([FIRST_ID + 1, FIRST_ID, FIRST_ID + 1, 4])
    ids = np.array([FIRST_ID, FIRST_ID + 1, FIRST_ID + 2, 0, -1])
    np.testing.assert_array_equal(join_ids(ids, other), [1, 0, -1, -1, -1])
    np.testing.assert_array_equal(join_ids(ids, other[:0]), -1)


def test_repeated_source_ids_keep_their_first_row():
    gaia = {name: np.concatenate([v, v[:2]]) for name, v in gaia_table().items()}
    columns, counts = crossmatch(gaia)
    np.testing.assert_array_equal(columns["gaia_row"], np.arange(5))
    assert counts["gaia"]["rows"] == {"total": 7, "source": 5, "repeated_source_id": 2}


def test_sources_without_positions_are_joined_by_id_alone():
    gaia = gaia_table()
    table = allstar(gaia)
    only_ids = {"source_id": gaia["source_id"]}
    columns, counts = crossmatch(only_ids, table, seen_at(gaia, 1999.5), seen_at(gaia, 2014.9))
    np.testing.assert_array_equal(columns["apogee_row"], np.arange(5))
    np.testing.assert_array_equal(columns["unwise_row"], -1)
    assert has(columns, "no_position").all()
    assert counts["twomass"]["sources"]["no_position"] == 5
    check(columns, counts)


def test_no_sources_at_all_give_no_rows():
    gaia = {name: values[:0] for name, values in gaia_table().items()}
    full = gaia_table()
    columns, counts = crossmatch(gaia, allstar(full), seen_at(full, 1999.5))
    assert len(columns["source_id"]) == 0
    check(columns, counts)


def test_an_absent_column_is_named():
    with pytest.raises(KeyError, match="allStar has no column SNREV"):
        table = allstar(gaia_table())
        del table["SNREV"]
        crossmatch(gaia_table(), table)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="radius"):
        crossmatch(gaia_table(), options={"radius": 1.0})


cells = st.lists(st.integers(0, 9), min_size=0, max_size=12)


@settings(max_examples=80, deadline=None)
@given(
    cells, cells, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=12), st.data()
)
def test_every_row_of_every_survey_is_accounted_for(ids, seen, rows, data):
    """Crowded stars 0.4 arcsec apart, with repetitions, gaps and missing values."""
    gaia = gaia_table(10)
    gaia["ra"] = 280 + np.arange(10) * 0.4 * ARCSEC
    gaia["pmra"][::3] = np.nan
    gaia["dec"][::4] = np.nan
    gaia = {name: values[np.array(ids, int)] for name, values in gaia.items()}
    sky = {"ra": 280 + np.array(seen, float) * 0.5 * ARCSEC, "dec": np.full(len(seen), 40.0)}
    star, kind = np.array(rows, int).reshape(-1, 2).T
    apogee = allstar(
        {
            "source_id": FIRST_ID + 10 * star,
            "ra": 280 + star * 0.4 * ARCSEC,
            "dec": 40.0 + 0 * star,
        },
        EXTRATARG=np.where(kind == 3, 16, 0),
    )
    apogee["GAIAEDR3_SOURCE_ID"] = np.where(kind == 2, 0, apogee["GAIAEDR3_SOURCE_ID"])
    apogee["APOGEE_ID"] = np.array([f"s{s}" if k else "" for s, k in rows], dtype=str)
    columns, counts = crossmatch(gaia, apogee, sky, sky)
    assert counts["apogee"]["rows"]["total"] == len(rows)
    assert counts["unwise"]["sources"]["total"] == len(set(ids))
    check(columns, counts)
