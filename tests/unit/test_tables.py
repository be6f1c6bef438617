"""Tables, arrays and models: what is written is read back, and nothing half-written stays."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Column, Table
from astropy.units import Unit

from starloom import tables


def test_a_table_comes_back_with_its_types_and_order(tmp_path):
    columns = {
        "source_id": np.array([2**62 + 1, 7], np.int64),
        "z": np.array([[1.5, np.nan], [3.0, 4.0]], np.float32),
        "name": np.array(["a", "b"], object),
    }
    tables.write_table(tmp_path / "t.parquet", columns, {"data": "simulated"})
    back = tables.read_table(tmp_path / "t.parquet")
    assert list(back) == list(columns)
    for name, values in columns.items():
        assert back[name].dtype == values.dtype
        np.testing.assert_array_equal(back[name], values)
    assert tables.read_meta(tmp_path / "t.parquet") == {"data": "simulated"}


def test_what_is_masked_is_null(tmp_path):
    flags = np.ma.MaskedArray([1, 2], [False, True])
    pairs = np.ma.MaskedArray([[1, 2], [3, 4]], [[False, True], [True, True]])
    tables.write_table(tmp_path / "t.parquet", {"flags": flags, "pairs": pairs})
    back = pq.read_table(tmp_path / "t.parquet").to_pydict()
    assert back == {"flags": [1, None], "pairs": [[1, None], [None, None]]}


@pytest.mark.parametrize("stream", [False, True])
def test_pandas_reads_identifiers_with_nulls_exactly(tmp_path, stream):
    ids = np.array([2**62 + 1, 0, 2**53 + 1])
    columns = {
        "twin": np.ma.MaskedArray(ids, [False, True, False]),
        "bits": np.ma.MaskedArray(np.array([1, 2, 3], np.uint16), [True, False, False]),
        "good": np.ma.MaskedArray([True, False, True], [False, False, True]),
        "age": np.ma.MaskedArray([1.5, 2.5, 0.0], [False, False, True]),
        "source_id": ids,
    }
    for name in ("t.parquet", "again.parquet"):
        if stream:
            tables.stream_table(tmp_path / name, [columns, columns])
        else:
            tables.write_table(tmp_path / name, columns)
    frame = pd.read_parquet(tmp_path / "t.parquet")[:3]
    types = ["Int64", "UInt16", "boolean", "float64", "int64"]
    assert [str(kind) for kind in frame.dtypes] == types
    assert frame["twin"][0] == 2**62 + 1 and frame["twin"][2] == 2**53 + 1
    assert frame.isna().sum().tolist() == [1, 1, 1, 1, 0]
    assert frame.index.tolist() == [0, 1, 2]
    plain = pl.read_parquet(tmp_path / "t.parquet")["twin"].to_list()
    assert plain[:3] == pq.read_table(tmp_path / "t.parquet")["twin"].to_pylist()[:3]
    assert plain[:3] == [2**62 + 1, None, 2**53 + 1]
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()


def test_csv_comes_back_as_text(tmp_path):
    tables.write_csv(tmp_path / "t.csv", {"what": ['a, "b"', ""], "count": [1, 20]})
    assert (tmp_path / "t.csv").read_bytes() == b'what,count\n"a, ""b""",1\n,20\n'
    back = tables.read_csv(tmp_path / "t.csv")
    assert back == {"what": ['a, "b"', ""], "count": ["1", "20"]}


def test_the_same_table_gives_the_same_bytes(tmp_path):
    columns = {"x": np.arange(5000.0)}
    for name in ("a", "b"):
        tables.write_table(tmp_path / name, columns)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_columns_of_different_length_are_refused_by_name(tmp_path):
    with pytest.raises(ValueError, match=r"'y': 3"):
        tables.write_table(tmp_path / "t", {"x": np.zeros(2), "y": np.zeros(3)})
    assert not list(tmp_path.iterdir())


def test_a_missing_column_is_named_with_those_there_are(tmp_path):
    tables.write_table(tmp_path / "t", {"teff": np.zeros(1)})
    with pytest.raises(KeyError, match="no column logg; it has teff"):
        tables.read_table(tmp_path / "t", ["logg"])


def test_stacking_keeps_order_and_names_what_is_missing():
    a, b = {"x": np.array([1]), "y": np.array([2])}, {"x": np.array([3]), "y": np.array([4])}
    np.testing.assert_array_equal(tables.stack([a, b])["x"], [1, 3])
    with pytest.raises(ValueError, match="table 1 lacks the columns y"):
        tables.stack([a, {"x": np.array([1])}])
    with pytest.raises(ValueError, match="no table"):
        tables.stack([])


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), tables.atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError("killed")
    assert [file.name for file in tmp_path.iterdir()] == ["out.txt"]
    assert path.read_text() == "old"


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    with pytest.raises(OSError, match="No space left"), tables.atomic(tmp_path / "out") as target:
        target.write_text("half")
        with open("/dev/full", "w") as full:
            full.write("x" * 100_000)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_replaced_whole(tmp_path):
    for value in (1, 2):
        tables.write_arrays(tmp_path / "g.zarr", {f"x{value}": np.full(3, value)})
    assert list(tables.read_arrays(tmp_path / "g.zarr")) == ["x2"]


def test_arrays_stream_by_star_with_their_attributes(tmp_path):
    values = np.arange(3000 * 2, dtype=np.float32).reshape(3000, 2)
    tables.write_arrays(tmp_path / "g.zarr", {"flux": values}, {"unit": "e-/s"})
    group = tables.open_arrays(tmp_path / "g.zarr")
    assert group["flux"].chunks == (1024, 2)
    assert group.attrs["unit"] == "e-/s"
    np.testing.assert_array_equal(group["flux"][1000:1030], values[1000:1030])


def test_arrays_of_no_star_are_written_and_read(tmp_path):
    tables.write_arrays(tmp_path / "g.zarr", {"flux": np.zeros((0, 5), np.float32)})
    assert tables.read_arrays(tmp_path / "g.zarr")["flux"].shape == (0, 5)


def test_what_is_not_a_group_or_model_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no zarr\.json"):
        tables.open_arrays(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no arrays\.npz"):
        tables.read_model(tmp_path)


def test_a_model_is_arrays_and_a_card(tmp_path):
    arrays = {"encoder/0/kernel": np.ones((2, 3), np.float32)}
    tables.write_model(tmp_path / "m", arrays, {"seed": 1})
    back, card = tables.read_model(tmp_path / "m")
    np.testing.assert_array_equal(back["encoder/0/kernel"], arrays["encoder/0/kernel"])
    assert card == {"seed": 1}


def test_a_fits_table_keeps_units_and_descriptions_and_verifies(tmp_path):
    table = Table([Column([1.0], name="teff", unit="K", description="effective temperature")])
    tables.write_fits_table(tmp_path / "t.fits", table)
    with fits.open(tmp_path / "t.fits", checksum=True) as hdus:
        assert hdus[1].header["TUNIT1"] == "K"
        assert hdus[1].header["TCOMM1"] == "effective temperature"
        hdus.verify("exception")


def test_a_unit_that_fits_lacks_is_in_the_description_and_nothing_warns(tmp_path):
    odd = Unit("furlong", parse_strict="silent")
    table = Table([
        Column([1.0], name="logg", unit="dex", description="gravity"),
        Column([1.0], name="odd", unit=odd),
        Column([1.0], name="lz", unit="kpc km / s"),
    ])  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tables.write_fits_table(tmp_path / "t.fits", table)
        back = Table.read(tmp_path / "t.fits")
    header = fits.getheader(tmp_path / "t.fits", 1)
    assert (header["TCOMM1"], header["TCOMM2"]) == ("gravity [dex]", "[furlong]")
    assert [back[name].unit for name in back.colnames] == [None, None, Unit("kpc km / s")]
    assert [table[name].unit for name in ("logg", "odd")] == [Unit("dex"), odd]


def test_the_same_fits_table_gives_the_same_bytes(tmp_path):
    import time

    table = Table({"x": [1.0, 2.0]})
    tables.write_fits_table(tmp_path / "a.fits", table)
    time.sleep(1.1)
    tables.write_fits_table(tmp_path / "b.fits", table)
    assert (tmp_path / "a.fits").read_bytes() == (tmp_path / "b.fits").read_bytes()
