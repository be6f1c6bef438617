"""`starloom audit` on a finished run: words and exit status."""

import json
import shutil
from pathlib import Path

import pytest

from starloom.cli import main
from starloom.provenance.record import seal
from starloom.tables import write_json


def test_a_sound_number_passes_with_status_0(tree, capsys):
    assert main(["audit", "xpvae.val_loss"]) == 0
    out = capsys.readouterr().out
    assert "rule sky_stars" in out
    assert "AUDIT PASSED: all as recorded; 8 files and 8 jobs checked, 1 temporary" in out


def test_a_changed_file_fails_loudly_with_status_1(tree, capsys):
    Path("results/truth/stars.parquet").write_text("other")
    assert main(["audit", "xpvae.val_loss"]) == 1
    out = capsys.readouterr().out
    assert "AUDIT FAILED: 1 found wrong" in out
    assert "!! results/truth/stars.parquet has changed: rule sky_stars recorded sha256" in out
    assert main(["audit", "--all"]) == 1


def test_a_broken_record_fails_with_status_1(tree, capsys):
    Path("results/provenance/sky_stars.json").write_text("{")
    assert main(["audit", "--all"]) == 1
    assert "AUDIT FAILED:" in capsys.readouterr().err


def test_all_is_one_verdict_and_json_is_one_object(tree, capsys):
    assert main(["audit", "--all"]) == 0
    assert capsys.readouterr().out.startswith("AUDIT PASSED")
    assert main(["audit", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_a_file_can_be_audited_by_its_path(tree, capsys):
    assert main(["audit", "results/catalogs/scatter_vae.parquet"]) == 0
    assert "rule catalog_vae" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "hint"),
    [("xpvae.val_los", "did you mean xpvae.val_loss"), ("qqqq", "`starloom numbers` lists them")],
)
def test_a_mistyped_number_brings_the_closest_ones(tree, capsys, name, hint):
    assert main(["audit", name]) == 2
    error = capsys.readouterr().err
    assert f"there is no number or file {name}" in error
    assert hint in error


def test_a_number_or_all_must_be_asked_for(tree, capsys):
    with pytest.raises(SystemExit):
        main(["audit"])
    assert "target --all is required" in capsys.readouterr().err


def test_a_mistyped_number_is_only_that_though_the_code_changed(tree, capsys):
    Path("workflow/scripts/train_vae.py").write_text("EPOCHS = 3\n")
    assert main(["audit", "xpvae.val_los"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1


def test_a_number_whose_file_was_edited_or_is_gone_fails(tree, capsys):
    path = Path("results/numbers/scatter_vae.json")
    path.write_text(path.read_text().replace("xpvae.val_loss", "xpvae.val_lost"))
    assert main(["audit", "xpvae.val_loss"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "did you mean xpvae.val_lost" in told.err
    assert "AUDIT FAILED: results/numbers/scatter_vae.json has changed" in told.err
    shutil.rmtree("results/numbers")
    assert main(["audit", "xpvae.val_loss"]) == 1
    assert "results/numbers/scatter_vae.json is missing" in capsys.readouterr().err


def test_uncommitted_changes_are_in_the_verdict(tree, capsys):
    path = Path("results/provenance/train_vae.json")
    record = json.loads(path.read_text())
    record["code"]["dirty"] = True
    write_json(path, record | {"seal": seal(record)})
    assert main(["audit", "xpvae.val_loss"]) == 0
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert verdict.startswith("AUDIT PASSED: all as recorded; 8 files and 8 jobs checked")
    assert verdict.endswith("WARNING: uncommitted changes in the code of 1 of 8 jobs.")
