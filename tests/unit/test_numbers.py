"""The registry of numbers."""

import json
import math

import numpy as np
import pytest

from starloom.numbers import Number, published, read_numbers, share_error, write_numbers
from starloom.studies.ages.numbers import MEANINGS
from starloom.studies.scatter_vae.numbers import EVALUATED
from starloom.studies.tagging.numbers import RECAST, SCORES

LOSS = Number("xpvae.val_loss", "scatter_vae", -94.0, "nat", "validation loss", n=1000)


@pytest.fixture
def papers(root):
    return root / "config" / "published_numbers.csv"


def test_numbers_come_back_in_the_order_of_studies_with_the_published_value_beside(
    tmp_path, papers
):
    ages = Number("ages.bias", "ages", np.float32(2.5), "percent", "mean", np.float64(0.1), 10)
    own = Number("xpvae.a_width", "scatter_vae", 1, "1", "width of the residual")
    write_numbers(tmp_path / "scatter_vae.json", [LOSS, own], "simulated", papers)
    write_numbers(tmp_path / "ages.json", [ages], "simulated", papers)
    found = read_numbers(tmp_path)
    assert [number["id"] for number in found] == ["ages.bias", "xpvae.a_width", "xpvae.val_loss"]
    assert found[0] == {
        "id": "ages.bias",
        "study": "ages",
        "value": 2.5,
        "unit": "percent",
        "error": 0.1,
        "n": 10,
        "definition": "mean",
        "published": {
            "value": 3.0,
            "unit": "percent",
            "where": "Leung+23 Sec 6.3",
            "note": "overall bias",
        },
        "data": "simulated",
    }
    assert found[1]["published"] is None


def test_the_error_of_a_share_is_wilson_s_and_never_zero():
    # The roots of (share - x)^2 = x (1 - x) / n are the ends of Wilson's interval.
    for part, n in ((0, 36), (3, 10), (36, 36), (4000, 12000)):
        roots = np.roots([1 + 1 / n, -2 * part / n - 1 / n, (part / n) ** 2])
        expected = (roots.max() - roots.min()) / 2
        assert share_error(part / n, n) == pytest.approx(expected) != 0


def test_an_error_of_zero_is_published_as_none(tmp_path, papers):
    sure = Number("xpvae.a_share", "scatter_vae", 1.0, "1", "all of them", error=0.0, n=4)
    write_numbers(tmp_path / "scatter_vae.json", [sure], "simulated", papers)
    assert read_numbers(tmp_path)[0]["error"] is None


@pytest.mark.parametrize(
    ("numbers", "data", "words"),
    [
        ([LOSS, LOSS], "simulated", "twice"),
        ([LOSS], "invented", "simulated, files, dr17"),
        ([Number("xpvae.x", "scatter_vae", math.nan, "1", "d")], "files", "x: the value is nan"),
        ([Number("xpvae.x", "scatter_vae", 1, "1", "d", math.inf)], "files", "the error is inf"),
        ([Number("xpvae.x", "vae", 1, "1", "d")], "files", "study 'vae' is none of"),
        ([Number("loss", "scatter_vae", 1, "1", "d")], "files", "prefix.name"),
        ([Number("xpvae.val_loss", "scatter_vae", 1, "bit", "d")], "files", "'bit'.*'nat'"),
    ],
)
def test_a_bad_number_is_refused_with_its_name_and_nothing_is_written(
    tmp_path, papers, numbers, data, words
):
    with pytest.raises(ValueError, match=words):
        write_numbers(tmp_path / "a.json", numbers, data, papers)
    assert not list(tmp_path.iterdir())


def test_a_number_in_two_files_is_refused(tmp_path, papers):
    for name in ("a.json", "b.json"):
        write_numbers(tmp_path / name, [LOSS], "simulated", papers)
    with pytest.raises(ValueError, match=r"val_loss is in .*a\.json and in .*b\.json"):
        read_numbers(tmp_path)


def test_a_missing_folder_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="make demo"):
        read_numbers(tmp_path / "none")


def test_the_published_table_is_whole_and_its_errors_have_a_line(papers, tmp_path):
    rows = published(papers)
    assert rows["xpvae.val_loss"]["value"] == -94.2671
    assert rows["tagging.factor_mse"]["value"] == 1.26e-5
    assert all(row["where"] and row["unit"] for row in rows.values())
    broken = tmp_path / "p.csv"
    broken.write_text("id,study,value,unit,where,note\na.b,ages,x,K,here,\n")
    with pytest.raises(ValueError, match=r"line 2: a\.b has no numeric value"):
        published(broken)
    broken.write_text("id,study,value,unit,where,note\na.b,ages,1,K,here,\na.b,ages,1,K,here,\n")
    with pytest.raises(ValueError, match=r"line 3: a\.b is there twice"):
        published(broken)


def test_the_file_is_a_json_list_of_objects(tmp_path, papers):
    write_numbers(tmp_path / "a.json", [LOSS], "dr17", papers)
    (entry,) = json.loads((tmp_path / "a.json").read_text())
    assert set(entry) == {
        "id", "study", "value", "unit", "error", "n", "definition", "published", "data",
    }  # fmt: skip


@pytest.mark.parametrize("table", [MEANINGS, EVALUATED, SCORES, RECAST])
def test_definitions_stand_alone_since_numbers_are_sorted_by_name(table):
    for *_, text in table.values():
        assert "the same" not in text and "there" not in text.split(), text
        assert not text.startswith("as "), text
