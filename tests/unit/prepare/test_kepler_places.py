"""Positions of Kepler stars out of the seismic tables."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from starloom.columns import MATCH_FLAGS
from starloom.prepare.crossmatch import crossmatch
from starloom.prepare.kepler_places import designated, places

ARCSEC = 1 / 3600


def test_a_designation_holds_the_position_that_astropy_writes_into_it():
    rng = np.random.default_rng(3)
    there = SkyCoord(rng.uniform(0, 360, 50), rng.uniform(-80, 80, 50), unit="deg")
    right = there.ra.to_string("hour", sep="", precision=2, pad=True)
    north = there.dec.to_string("deg", sep="", precision=1, pad=True, alwayssign=True)
    names = np.char.add(np.char.replace(right, ".", ""), np.char.replace(north, ".", ""))
    for lead in ("", "2M", "J"):
        found = SkyCoord(*designated(np.char.add(lead, names)), unit="deg")
        assert found.separation(there).arcsec.max() < 0.1
    assert np.isnan(designated(np.array(["", "19485057", "1948505x+5005279", "nan"]))).all()


def test_the_first_table_that_places_a_star_counts_and_none_is_lost():
    tables = {
        "yu": {"KIC": [5, 3, 7], "_RA": [280.0, np.nan, 290.0], "_DE": [40.0, 41.0, 42.0]},
        "miglio": {"KIC": [3, 5, -1], "RAdeg": [281.0, 0.0, 9.0], "DEdeg": [41.0, 0.0, 9.0]},
        "apokasc": {"KIC": [9, 11], "_2MASS": ["19000000-0030000", ""]},
        "bare": {"KIC": [11]},
    }
    found, counts = places({name: _arrays(table) for name, table in tables.items()})
    assert found["kic"].tolist() == [3, 5, 7, 9, 11]
    np.testing.assert_allclose(found["ra"], [281, 280, 290, 285, np.nan])
    np.testing.assert_allclose(found["dec"], [41, 40, 42, -0.5, np.nan])
    assert counts == {"yu": 2, "miglio": 1, "apokasc": 1, "bare": 0, "none": 1}


def test_no_tables_are_no_stars_and_a_table_without_numbers_is_named():
    found, counts = places({})
    assert len(found["kic"]) == 0 and counts == {"none": 0}
    with pytest.raises(KeyError, match="table yu has no column KIC; it has numax"):
        places({"yu": {"numax": np.ones(2)}})


def test_kepler_stars_join_by_position_and_each_is_accounted_for():
    gaia = {
        "source_id": 10 + np.arange(4),
        "ra": 290.0 + np.arange(4) * 30 * ARCSEC,
        "dec": np.full(4, 44.0),
        "pmra": np.array([0.0, np.nan, 0.0, 0.0]),
        "pmdec": np.array([500.0, np.nan, 0.0, 0.0]),
        "ref_epoch": np.full(4, 2016.0),
    }
    kepler = {
        "kic": np.array([101, 102, 103, 104]),
        "ra": np.append(gaia["ra"][:3], np.nan),
        "dec": np.append(gaia["dec"][:3] + np.array([-8.0, 1.0, 3.0]) * ARCSEC, 44.0),
    }
    columns, counts = crossmatch(gaia, kepler=kepler)
    assert columns["kic"].tolist() == [101, 102, -1, -1]
    np.testing.assert_allclose(columns["kepler_separation_arcsec"][:2], [0, 1], atol=1e-3)
    assert counts["kepler"]["rows"] == {
        "total": 4, "no_position": 1, "matched": 2, "unmatched": 1
    }  # fmt: skip
    no_kepler = (columns["match_flag"] & MATCH_FLAGS["no_kepler"].mask) > 0
    assert no_kepler.tolist() == [False, False, True, True]
    assert "kic" not in crossmatch(gaia)[0]


@pytest.mark.real
def test_published_tables_place_their_stars(real):
    from astropy.table import Table

    names = {"yu": "yu2018", "miglio": "miglio2021", "apokasc": "apokasc2_vac"}
    tables = {name: Table.read(real / "labels" / f"{file}.fits") for name, file in names.items()}
    alone = {
        name: places({name: {c: np.asarray(table[c]) for c in table.colnames}})[0]
        for name, table in tables.items()
    }
    assert np.isfinite(alone["yu"]["ra"]).all() and np.isfinite(alone["miglio"]["ra"]).all()
    both = np.intersect1d(alone["yu"]["kic"], alone["miglio"]["kic"])
    here, there = (
        SkyCoord(one["ra"][rows], one["dec"][rows], unit="deg")
        for one in (alone["yu"], alone["miglio"])
        for rows in [np.searchsorted(one["kic"], both)]
    )
    assert len(both) > 100
    assert np.percentile(here.separation(there).arcsec, 99) < 1.0


def _arrays(table):
    return {name: np.array(values) for name, values in table.items()}
