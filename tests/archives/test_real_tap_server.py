"""Our queries against a real IVOA server (DaCHS), whose ADQL is stricter than most archives'."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from astropy.table import MaskedColumn, Table
from twin import dachs as twin_dachs

from starloom.archives import asking, queries
from starloom.archives.datasets import Dataset
from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import query_pixels, query_sources
from starloom.archives.names import SOURCE_ID_TO_LEVEL8
from starloom.archives.schema import archive_columns
from starloom.archives.tap import Tap, TapError
from starloom.archives.twomass import read_twomass
from starloom.archives.twomass_client import query_neighbours, write_neighbours
from starloom.archives.unwise import read_unwise
from starloom.archives.unwise_client import query_near, write_near

DRAW = np.random.default_rng(5)
COUNT = 500
IDS = np.sort(DRAW.integers(1 << 45, 1 << 58, COUNT))


def _numbers(table, names, count, low=-1000.0, high=1000.0):
    known = archive_columns(table)
    columns = {}
    for name in names:
        numbers = DRAW.uniform(low, high, count)
        text = known[name].dtype == "string"
        columns[name] = np.char.mod("%.0f", numbers) if text else numbers.astype(known[name].dtype)
    return Table(columns)


def _tables():
    sources = _numbers("gaia_source", queries.GAIA_COLUMNS, COUNT)
    sources["source_id"] = IDS
    sources["ra"], sources["dec"] = DRAW.uniform(0, 360, COUNT), DRAW.uniform(-89, 89, COUNT)
    sources["teff_gspphot"][::7] = np.nan
    twomass = _numbers("twomass", queries.TWOMASS_COLUMNS, COUNT)
    twomass["ra"], twomass["dec"] = sources["ra"], sources["dec"]
    twomass["designation"] = [f"{index:08d}+0000000" for index in range(COUNT)]
    keys = MaskedColumn(100 + np.arange(COUNT), mask=np.arange(COUNT) % 10 > 0)
    twomass.replace_column("ext_key", keys)
    order = np.arange(COUNT)
    unwise = _numbers("unwise", ["flux_w1", "flux_w2", "dflux_w1"], 2 * COUNT, 0.0)
    unwise["ra"] = np.concatenate([sources["ra"], sources["ra"]])
    unwise["dec"] = np.concatenate([sources["dec"] + 2 / 3600, sources["dec"] + 9 / 3600])
    unwise["unwise_objid"] = [f"{index:016d}" for index in range(2 * COUNT)]
    return {
        "gaiadr3.gaia_source": sources,
        "gaiadr3.tmass_psc_xsc_best_neighbour": Table(
            {
                "source_id": IDS,
                "clean_tmass_psc_xsc_oid": order,
                "angular_distance": DRAW.random(COUNT).astype(np.float32),
                "number_of_neighbours": np.ones(COUNT, np.int16),
            }
        ),
        "gaiadr3.tmass_psc_xsc_join": Table(
            {"clean_tmass_psc_xsc_oid": order, "original_psc_source_id": twomass["designation"]}
        ),
        "gaiadr1.tmass_original_valid": twomass,
        "public.unwise_2019": unwise,
    }


@pytest.fixture(scope="module")
def server():
    """Tables and address of a real TAP server."""
    missing = twin_dachs.missing_parts()
    if missing:
        pytest.skip(f"no real TAP server: {missing[0]} is missing; run install_dachs.sh")
    tables = _tables()
    # Not below pytest's folder, which only its owner may enter: Postgres runs as another user.
    with tempfile.TemporaryDirectory(prefix="starloom-dachs-") as folder:
        Path(folder).chmod(0o755)
        with twin_dachs.dachs(Path(folder), tables) as address:
            yield tables, address


@pytest.fixture
def tap_of(server, fetcher, tmp_path):
    def make(name):
        row = Dataset(name, "DR3", server[1], "", "", 0, "", "paper", "")
        return Tap(row, fetcher, tmp_path / "answers", deadline_s=60.0)

    return make


def test_sources_by_upload_and_by_pixels_are_the_same_to_the_last_digit(server, tap_of, raw):
    sources = server[0]["gaiadr3.gaia_source"]
    missing = query_sources(tap_of("gaia_tap"), np.append(IDS, 5), raw / "a.csv.gz", block=300)
    assert missing.tolist() == [5]
    query_pixels(tap_of("gaia_tap"), "000000-196607", raw / "b.csv.gz")
    assert (raw / "a.csv.gz").read_bytes() == (raw / "b.csv.gz").read_bytes()
    read = read_gaia_source(raw / "a.csv.gz")
    for name in queries.GAIA_COLUMNS:
        np.testing.assert_array_equal(read[name], np.asarray(sources[name]), err_msg=name)


def test_the_join_of_four_tables_works(server, tap_of, raw):
    answers = query_neighbours(tap_of("gaia_tap"), IDS[:200])
    assert write_neighbours(raw / "twomass.csv.gz", answers) == 200
    read, served = read_twomass(raw / "twomass.csv.gz"), server[0]["gaiadr1.tmass_original_valid"]
    for name in ("designation", "ra", "dec", "j_m", "ks_msigcom", "ph_qual"):
        np.testing.assert_array_equal(read[name], np.asarray(served[name])[:200], err_msg=name)
    assert read["ext_key"].tolist() == [100 + i if i % 10 == 0 else -1 for i in range(200)]


def test_cones_about_uploaded_stars_find_what_lies_in_them(server, tap_of, raw):
    sources, catalogue = server[0]["gaiadr3.gaia_source"], server[0]["public.unwise_2019"]
    stars = sources[["source_id", "ra", "dec"]][:100]
    answers = query_near(tap_of("unwise_irsa"), stars, radius_arcsec=5.0, block=40)
    assert write_near(raw / "unwise.cat.fits", answers) == 100
    read = read_unwise(raw / "unwise.cat.fits")
    assert "dflux_w1" not in read, "of a column for one band only"
    for name in set(catalogue.colnames) - {"dflux_w1"}:
        np.testing.assert_array_equal(read[name], np.asarray(catalogue[name])[:100])


def test_a_query_with_an_error_says_which(tap_of):
    with pytest.raises(TapError, match="gaiadr3"):
        tap_of("gaia_tap").query("SELECT nonsense FROM gaiadr3.gaia_source")


def test_pixels_are_ranges_of_source_ids(server, tap_of):
    pixel = int(IDS[17] >> SOURCE_ID_TO_LEVEL8)
    answers = asking.ask_pixels(tap_of("gaia_tap"), queries.gaia_source, pixel, pixel)
    expected = IDS[IDS >> SOURCE_ID_TO_LEVEL8 == pixel]
    np.testing.assert_array_equal(np.sort(answers[0]["source_id"]), expected)
