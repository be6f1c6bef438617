"""The frame of `starloom predict`: its options and the formats of its table."""

import argparse
import gzip

import numpy as np
import pytest
from astropy.table import Table

from starloom.predict.command import common_options, write_output
from starloom.tables import read_table

COLUMNS = {
    "name": np.array(["a", "bc"], object),
    "source_id": np.array([2**60 + 1, 3]),
    "age": np.array([1.5, np.nan]),
}


def test_files_a_table_and_a_model_can_be_given():
    parser = argparse.ArgumentParser()
    common_options(parser, "results/models/some", "spectra")
    given = parser.parse_args(["a.fits", "b.fits", "-o", "t.csv"])
    assert [path.name for path in given.files] == ["a.fits", "b.fits"]
    assert str(given.model) == "results/models/some" and given.output.name == "t.csv"


def test_a_table_has_the_format_of_its_name(tmp_path):
    for name in ("t.parquet", "t.fits", "t.csv", "t.csv.gz"):
        write_output(tmp_path / name, COLUMNS)
    assert read_table(tmp_path / "t.parquet")["source_id"][0] == 2**60 + 1
    table = Table.read(tmp_path / "t.fits")
    assert table["source_id"][0] == 2**60 + 1 and table["name"].tolist() == ["a", "bc"]
    text = (tmp_path / "t.csv").read_text()
    assert text.splitlines()[1] == f"a,{2**60 + 1},1.5"
    assert gzip.decompress((tmp_path / "t.csv.gz").read_bytes()).decode() == text


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"\.parquet, \.fits, \.csv"):
        write_output(tmp_path / "t.xlsx", COLUMNS)
