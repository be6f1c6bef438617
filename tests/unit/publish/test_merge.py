"""The merged catalogue: one row a star, nothing invented, every column with one meaning."""

import json
import subprocess
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import validate
from astropy.table import Table

from starloom.publish.catalog import write_catalog, write_votable
from starloom.publish.hats import partitions, place, write_hats
from starloom.publish.merge import Catalog, merge

STARS = {
    "source_id": np.array([30, 10, 20], np.int64) << 40,
    "ra": np.array([3.0, 1.0, 2.0]),
    "dec": np.array([-3.0, -1.0, np.nan]),
    "teff": np.array([5000.0, 4000.0, 4500.0]),
}
IDS = np.sort(STARS["source_id"])
AGE = {"unit": "Gyr", "description": "age", "ucd": "time.age"}
FLAG = {"unit": "", "description": "bits of the match", "ucd": "meta.code"}


def ages(**more):
    columns = {
        "source_id": np.array([20, 10, 10, 0], np.int64) << 40,
        "age": np.array([2.0, np.nan, 1.0, 9.0]),
        "match_flag": np.array([2, 1, 1, 0], np.int32),
        "near": np.arange(8).reshape(4, 2),
    }
    return Catalog("ages", columns | more, {"age": AGE, "match_flag": FLAG})


def latents(flags=(1, 3)):
    columns = {
        "source_id": np.array([10, 30], np.int64) << 40,
        "z0": np.array([0.5, -0.5], np.float32),
        "match_flag": np.array(flags, np.int32),
        "fe_h": np.array([-1.0, 0.0]),
        "good": np.array([True, True]),
        "kind": np.array(["a", "b"], object),
    }
    said = {"match_flag": FLAG, "fe_h": {"unit": "dex", "description": "iron"}}
    return Catalog("latents", columns, said)


def test_a_star_has_one_row_and_no_value_where_a_catalogue_lacks_it():
    table, counts, own = merge(STARS, [ages(), latents()])
    np.testing.assert_array_equal(table["source_id"], IDS)
    np.testing.assert_array_equal(table["ra"], [1, 2, 3])
    np.testing.assert_array_equal(table["ages_age"].filled(-1), [1, 2, -1])
    np.testing.assert_array_equal(table["latents_z0"].mask, [False, True, False])
    np.testing.assert_array_equal(table["in_ages"], [True, True, False])
    assert table["ages_age"].unit == "Gyr"
    assert table["ages_age"].description == "age"
    assert "teff" not in table.colnames
    assert counts["ages"] == {"rows": 4, "without_source_id": 1, "repeated": 1, "stars": 2}
    assert own["ages"] == ["ages_age", "ages_match_flag", "ages_near"]
    assert own["latents"][0] == "latents_z0" and len(own["latents"]) == 5


def test_names_do_not_depend_on_the_other_catalogues():
    alone, _, _ = merge(STARS, [latents()])
    together, _, _ = merge(STARS, [ages(), latents()])
    assert set(alone.colnames) < set(together.colnames)
    np.testing.assert_array_equal(together["ages_match_flag"].filled(0), [1, 2, 0])
    np.testing.assert_array_equal(together["latents_match_flag"].filled(0), [1, 0, 3])


def test_a_catalogue_without_source_id_is_named():
    with pytest.raises(ValueError, match="catalogue lost has no source_id"):
        merge(STARS, [Catalog("lost", {"age": np.ones(1)}, {})])


def test_stars_without_positions_are_merged_too():
    table, _, _ = merge({"source_id": STARS["source_id"]}, [ages()])
    assert np.isnan(table["ra"]).all()


@pytest.fixture
def written(tmp_path) -> Path:
    table, _, _ = merge(STARS, [ages(), latents()])
    write_catalog(tmp_path / "s.parquet", tmp_path / "s.fits", table, "simulated")
    write_votable(tmp_path / "s.vot", table, "starloom", "s.fits", "simulated")
    write_hats(tmp_path / "hats", "starloom", pq.read_table(tmp_path / "s.parquet"), 1)
    return tmp_path


def test_fits_has_checksums_units_and_no_invented_value(written):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with fits.open(written / "s.fits", checksum=True) as hdus:
            hdus.verify("exception")
            header, rows = hdus[1].header, hdus[1].data
            names = hdus[1].columns.names
            assert {"CHECKSUM", "DATASUM"} <= set(header)
            assert header[f"TUNIT{names.index('ages_age') + 1}"] == "Gyr"
            assert header[f"TUCD{names.index('ages_age') + 1}"] == "time.age"
            assert header[f"TCOMM{names.index('latents_fe_h') + 1}"] == "iron [dex]"
            null = header[f"TNULL{names.index('ages_near') + 1}"]
            np.testing.assert_array_equal(rows["ages_near"], [[4, 5], [0, 1], [null, null]])
            assert np.isnan(rows["ages_age"][2])
        table = Table.read(written / "s.fits")
    assert table["ages_age"].unit == "Gyr" and table["latents_fe_h"].unit is None
    assert table["latents_z0"].mask.tolist() == [False, True, False]


def test_parquet_has_nulls_and_meanings(written):
    table = pq.read_table(written / "s.parquet")
    assert table["ages_near"].to_pylist()[2] == [None, None]
    assert table["ages_age"].null_count == 1
    said = json.loads(table.schema.metadata[b"starloom"])
    assert said["data"] == "simulated"
    assert said["columns"]["ages_age"] == AGE
    frame = pd.read_parquet(written / "s.parquet")
    assert str(frame["ages_match_flag"].dtype) == "Int32"
    assert str(frame["latents_good"].dtype) == "boolean"


def test_the_votable_is_valid_and_names_every_column(written, capsys):
    assert validate(written / "s.vot") is True
    text = (written / "s.vot").read_text()
    assert 'name="ages_age" ucd="time.age" unit="Gyr"' in text
    assert 'href="s.fits"' in text
    assert "iron [dex]" in text
    assert "<DATA>" not in text


def test_partitions_hold_each_star_once_and_no_more_than_allowed(written):
    files = sorted((written / "hats/dataset").rglob("*.parquet"))
    found = [pq.read_table(file, partitioning=None)["source_id"].to_pylist() for file in files]
    assert max(map(len, found)) == 1
    assert sorted(star for stars in found for star in stars) == IDS.tolist()
    listed = (written / "hats/partition_info.csv").read_text().split()[1:]
    assert len(listed) == len(files)
    footer = pq.read_metadata(written / "hats/dataset/_metadata")
    assert footer.num_rows == 3


def test_a_pixel_is_split_until_its_stars_fit():
    index = np.sort(np.random.default_rng(3).integers(0, 12 << 58, 2000))
    found = partitions(index, 100, 10)
    edges = [(pixel << 2 * (29 - order), (pixel + 1) << 2 * (29 - order)) for order, pixel in found]
    counts = [int(np.sum((index >= low) & (index < high))) for low, high in edges]
    assert sum(counts) == 2000
    assert max(counts) <= 100
    assert partitions(index, 1, 0) == [(0, pixel) for pixel in range(12)]


def test_a_star_without_a_position_lies_where_its_source_id_says():
    ra, dec = np.array([10.0, 200.0]), np.array([-70.0, 33.0])
    known = place(np.zeros(2, np.int64), ra, dec)
    gaia = (known >> (2 * 17)) << 35
    found = place(gaia, np.full(2, np.nan), dec)
    np.testing.assert_array_equal(found >> (2 * 17), known >> (2 * 17))


def test_lsdb_opens_it_and_finds_a_star(written, hats_python):
    code = (
        "import sys, lsdb; c = lsdb.open_catalog(sys.argv[1]); "
        "print(len(c.compute()), len(c.cone_search(1.0, -1.0, 60).compute()))"
    )
    done = subprocess.run(
        [hats_python, "-c", code, str(written / "hats")], capture_output=True, text=True
    )
    assert done.stdout.split()[-2:] == ["3", "1"], done.stderr
