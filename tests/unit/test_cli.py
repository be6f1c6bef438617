"""The command line: output, errors without tracebacks, exit status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from starloom import cli
from starloom.archives.fetch import Failure, FetchError, Wanted
from starloom.cli import main
from starloom.numbers import Number, write_numbers


@pytest.fixture
def results(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    papers = root / "config" / "published_numbers.csv"
    loss = Number("xpvae.val_loss", "scatter_vae", -93.5, "nat", "ELBO", 0.25, 800)
    bias = Number("ages.bias", "ages", 2.0, "percent", "mean of (predicted - true) / true")
    write_numbers("results/numbers/scatter_vae.json", [loss], "simulated", papers)
    write_numbers("results/numbers/ages.json", [bias], "simulated", papers)
    return tmp_path / "results"


def test_numbers_are_listed_beside_the_published_ones(results, capsys):
    assert main(["numbers"]) == 0
    out = capsys.readouterr().out
    assert "xpvae.val_loss = -93.50 ± 0.25 nat  (scatter_vae, data: simulated, 800 stars)" in out
    assert "published: 3 % (Leung+23 Sec 6.3; overall bias)" in out


def test_numbers_as_json_are_a_list_of_objects(results, capsys):
    assert main(["numbers", "--json", "--study", "ages", "--results", str(results)]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["id"] == "ages.bias"
    assert set(entry) == {
        "id", "study", "value", "unit", "error", "n", "definition", "published", "data",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["numbers", "--study", "vae"], "no study 'vae'; there are ages, scatter_vae"),
        (["numbers", "--results", "nowhere"], "nowhere/numbers is not there: run the workflow"),
        (["audit", "ages.bias", "--results", "nowhere"], "nowhere is not there"),
        (["columns", "zzz"], "no column or flag has 'zzz'"),
        (["audit", "ages.bias"], "results/provenance is not there"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(results, capsys, arguments, words):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_the_glossary_can_be_searched(capsys):
    assert main(["columns", "no_bp"]) == 0
    out = capsys.readouterr().out
    assert "no_bp: the source has no BP coefficients" in out
    assert "no_rp" not in out


def test_no_command_is_an_error_with_a_usage(capsys):
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 2
    assert "usage: starloom" in capsys.readouterr().err


def test_the_command_line_starts_without_jax(root):
    code = "import starloom.cli, starloom.numbers, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"jax", "numpy", "zarr"} & set(done.stdout.split())


def _broken_command(monkeypatch, error):
    def run(given):
        raise error

    def add(commands):
        commands.add_parser("broken").set_defaults(run=run)

    monkeypatch.setattr(cli, "COMMANDS", (add,))


def test_what_an_archive_or_the_disk_refuses_is_said_in_one_line(monkeypatch, capsys):
    wanted = Wanted(Path("results/raw/a.fits"), ("https://archive/a.fits",), "spectra")
    lost = FetchError([Failure(wanted, f"{name} is gone", True) for name in ("a.fits", "b.fits")])
    for error, words in (
        (lost, "a.fits is gone; b.fits is gone"),
        (PermissionError(13, "Permission denied", "results/x"), "results/x: Permission denied"),
        (ConnectionError("no route to the archive"), "no route to the archive"),
    ):
        _broken_command(monkeypatch, error)
        assert main(["broken"]) == 2
        assert capsys.readouterr().err == f"starloom: {words}\n"


def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch):
    _broken_command(monkeypatch, RuntimeError("a fault"))
    with pytest.raises(RuntimeError, match="a fault"):
        main(["broken"])
