"""`starloom predict labels`: the tables it takes, and what it says of them."""

import numpy as np
import pytest

from starloom.cli import main
from starloom.predict import sky
from starloom.predict.command import own_table
from starloom.sky.files import write_xp_bulk
from starloom.tables import write_table

KINDS = ("coefficients", "coefficient_errors")


def test_photometry_is_found_by_source_id_and_absent_where_a_survey_lacks_the_star():
    gaia = {"source_id": np.array([3, 1]), "ra": np.array([30.0, 10.0])}
    infrared = {"source_id": np.array([2]), "j_m": np.array([9.0])}
    found = sky.photometry(gaia, infrared, np.array([1, 2]))
    np.testing.assert_array_equal(found["ra"], [10.0, np.nan])
    np.testing.assert_array_equal(found["j_m"], [np.nan, 9.0])
    empty = {name: values[:0] for name, values in infrared.items()}
    assert set(sky.photometry(None, empty, np.array([1]))) == {"source_id"}


def test_infrared_rows_are_read_between_two_identifiers(tmp_path):
    ids = np.array([5, 2**60 + 1, 2**60 + 7])
    write_table(tmp_path / "t.parquet", {"source_id": ids, "w1": np.arange(3.0), "other": ids})
    found = sky.read_infrared(tmp_path / "t.parquet", (6, 2**60 + 5))
    assert found["source_id"].tolist() == [2**60 + 1] and found["w1"].tolist() == [1.0]
    assert "other" not in found


def test_a_csv_keeps_its_identifiers_and_a_table_without_them_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(f"source_id,j_m\n{2**60 + 1},\n7,9.5\n")
    found = own_table(tmp_path / "t.csv")
    assert found["source_id"].tolist() == [2**60 + 1, 7]
    np.testing.assert_array_equal(found["j_m"], [np.nan, 9.5])
    (tmp_path / "u.csv").write_text("star,j_m\n1,2.0\n")
    with pytest.raises(ValueError, match="lacks the columns source_id"):
        own_table(tmp_path / "u.csv")


def test_a_second_file_of_spectra_is_refused_as_photometry(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("starloom.tables.read_model", lambda path: ({}, {"zero_point": True}))
    monkeypatch.setattr("starloom.studies.labels.from_model", lambda *stored: None)
    paths = [str(tmp_path / name) for name in ("a.csv.gz", "b.csv.gz")]
    for path in paths:
        spectra = {"source_id": np.array([1])}
        for band in ("bp", "rp"):
            spectra |= {f"{band}_{kind}": np.ones((1, 55)) for kind in KINDS}
            spectra[f"{band}_coefficient_correlations"] = np.zeros((1, 55 * 27))
        write_xp_bulk(path, spectra)
    assert main(["predict", "labels", *paths, "-o", str(tmp_path / "t.csv")]) == 2
    said = capsys.readouterr().err
    assert f"{paths[1]} holds XP spectra" in said and "gaia_source" in said


def test_a_missing_model_is_said_in_one_line(tmp_path, capsys):
    words = ["predict", "labels", "xp.csv", "-o", str(tmp_path / "t.csv"), "--model", str(tmp_path)]
    assert main(words) == 2
    assert "is not a model" in capsys.readouterr().err
