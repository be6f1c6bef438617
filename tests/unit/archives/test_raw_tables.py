"""Tables in any format give the same columns."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import MaskedColumn, Table
from astropy.units import Unit

from starloom.archives.raw_tables import NO_INTEGER, read_columns
from starloom.archives.schema import ArchiveColumn, archive_columns

SCHEMA = {
    name: ArchiveColumn(name, dtype, "")
    for name, dtype in (
        ("id", "int64"),
        ("ra", "float64"),
        ("mag", "float32"),
        ("count", "int16"),
        ("good", "bool"),
        ("name", "string"),
    )
}
COLUMNS = {
    "id": np.array([4295806720, 5853498713190525697, -7]),
    "ra": np.array([0.1, 359.99999999999994, np.nan]),
    "mag": np.array([np.nan, 17.641426, 5.5], np.float32),
    "count": np.array([3, NO_INTEGER, 5], np.int16),
    "good": np.array([True, False, False]),
    "name": np.array(["a b", "", "c"]),
    "extra": np.array([1.5, 2.5, 3.5]),
    "whole": np.array([1, 2, 3]),
}


def _write(path, form):
    mask = {"ra": [0, 0, 1], "mag": [1, 0, 0], "count": [0, 1, 0], "name": [0, 1, 0]}
    table = Table(
        {n: MaskedColumn(v, mask=np.array(mask.get(n, [0] * 3), bool)) for n, v in COLUMNS.items()}
    )
    if form == "csv":
        table.write(path, format="ascii.csv")
    elif form == "csv.gz":
        table.write(path.with_suffix(".tmp"), format="ascii.csv")
        path.write_bytes(gzip.compress(path.with_suffix(".tmp").read_bytes()))
    elif form == "ecsv":
        table.write(path, format="ascii.ecsv")
    elif form == "ecsv with commas":
        table.write(path, format="ascii.ecsv", delimiter=",")
    elif form == "fits":
        table.write(path, format="fits")
    elif form == "votable":
        table.write(path, format="votable")
    else:
        missing = {n: np.array(mask.get(n, [0] * 3), bool) for n in COLUMNS}
        pq.write_table(
            pa.table({n: pa.array(v, mask=missing[n]) for n, v in COLUMNS.items()}), path
        )


@pytest.mark.parametrize(
    "form", ["csv", "csv.gz", "ecsv", "ecsv with commas", "fits", "votable", "parquet"]
)
def test_every_format_gives_the_same_columns_and_types(tmp_path, form):
    path = tmp_path / "table.any"
    _write(path, form)
    read = read_columns(path, SCHEMA, ("id",))
    assert list(read) == list(COLUMNS)
    for name, values in COLUMNS.items():
        np.testing.assert_array_equal(read[name], values, err_msg=name)
        if name not in ("name", "whole", "extra"):
            assert read[name].dtype == values.dtype, name


@pytest.mark.parametrize("form", ["csv", "fits", "parquet"])
def test_only_what_is_asked_for_is_read(tmp_path, form):
    path = tmp_path / "table.any"
    _write(path, form)
    assert list(read_columns(path, SCHEMA, ("id",), ("mag", "not there"))) == ["id", "mag"]


def test_other_names_of_a_column_are_known(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id,k_m\n1,2.5\n")
    read = read_columns(path, SCHEMA, ("id", "mag"), aliases={"k_m": "mag"})
    assert read["mag"].tolist() == [2.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id,ra\n", "has no rows"),
        ("ra\n1\n", "lacks the columns id; it has ra"),
        ("id,ra\n1,2\n3,north\n", "ra in row 2 is 'north', not a number"),
        ("id,ra\n1.5,2\n", "id in row 1 is .*1.5.*, stored as a floating-point number"),
        ("id,ra\n1,2\n5.853498713190526e18,3\n", "id in row 2 .* last digits are lost"),
        ("id,ra\n1,2,3\n", "cut or damaged"),
        ("<html></html>", "web page"),
    ],
)
def test_bad_text_is_refused_with_its_place(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        read_columns(path, SCHEMA, ("id",))
    assert "table.csv" in str(raised.value)


def test_avro_is_no_table(tmp_path):
    path = tmp_path / "table.avro"
    path.write_bytes(b"Obj\x01 and more")
    with pytest.raises(ValueError, match="is a avro file"):
        read_columns(path, SCHEMA, ("id",))


def test_integers_written_as_numbers_are_integers_when_whole(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id,count\n1,3.0\n2,\n")
    assert read_columns(path, SCHEMA, ("id",))["count"].tolist() == [3, NO_INTEGER]


def test_ids_in_a_floating_point_column_of_fits_are_refused(tmp_path):
    path = tmp_path / "table.fits"
    Table({"id": [5853498713190525696.0], "ra": [1.0]}).write(path)
    with pytest.raises(ValueError, match="last digits are lost"):
        read_columns(path, SCHEMA, ("id",))


def test_the_archives_tables_have_unique_columns_and_known_types():
    sizes = {"xp_continuous": 26, "gaia_source": 152}
    for table in ("xp_continuous", "gaia_source", "twomass", "unwise", "allstar"):
        columns = archive_columns(table)
        assert len(columns) == sizes.get(table, len(columns))
        for column in columns.values():
            assert not column.unit or str(Unit(column.unit.replace("Vega nMgy", "nmgy")))
            base = column.dtype.partition("[")[0]
            assert base in ("string", "bool") or base[0] == "S" or np.dtype(base)
