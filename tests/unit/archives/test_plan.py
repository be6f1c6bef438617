"""What a download would bring, and into which chunks it falls."""

import argparse
import shutil

import pytest
import yaml

from starloom.archives import plan as plans
from starloom.archives.chunks import BULK_LISTS, archive_chunks
from starloom.archives.command import add_fetch
from starloom.archives.datasets import Datasets


@pytest.fixture
def archives(root):
    return yaml.safe_load((root / "config" / "config.yaml").read_text())["archives"]


@pytest.fixture
def datasets(root):
    return Datasets(root / "config" / "datasets.csv")


@pytest.fixture
def fetch(monkeypatch, tmp_path):
    """Run `starloom fetch` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    add_fetch(parser.add_subparsers())

    def run(*words):
        given = parser.parse_args(["fetch", *words])
        return given.run(given)

    return run


def test_a_plan_counts_what_is_there_as_done(archives, datasets, tmp_path):
    archives |= {"stars": 1000, "xp_files": 4}
    folder = tmp_path / "results" / "raw" / "gaia" / "xp_continuous"
    folder.mkdir(parents=True)
    (folder / "XpContinuousMeanSpectrum_000000-196607.csv.gz").write_bytes(b"x" * 10)
    items = {item.name: item for item in plans.plan(archives, datasets, tmp_path / "results")}
    spectra = items["XP spectra"]
    assert (spectra.files, spectra.there) == (4, 1)
    assert spectra.missing == 0.75 * spectra.bytes == 0.75 * 1000 * plans.XP_ROW_BYTES
    assert items["APOGEE allStar"].missing == datasets["apogee_allstar"].bytes


def test_spectra_and_light_curves_are_counted_by_the_batches_that_are_done(
    archives, datasets, tmp_path
):
    archives |= {"stars": 1000, "spectra_batches": 4}
    for batch in range(3):
        path = tmp_path / "results" / "raw" / "apogee" / "stars" / f"batch-{batch}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    items = {item.name: item for item in plans.plan(archives, datasets, tmp_path / "results")}
    assert (items["apStar"].files, items["apStar"].there) == (1000, 750)
    assert items["apStar"].missing == 250 * datasets["apogee_star"].bytes
    curves = items["light curves"]
    assert curves.missing == curves.files * datasets["kepler_lightcurve"].bytes > 1e11


def test_only_what_a_run_will_fetch_must_find_room(archives, datasets, tmp_path, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**11))
    items = plans.plan(archives, datasets, tmp_path / "results")
    plans.require_room(items, tmp_path, {"all", "fetch_xp", "fetch_allstar"})
    with pytest.raises(ValueError, match="one catalogue without spectra"):
        plans.require_room(items, tmp_path, {"fetch_spectra"})


def test_bulk_files_are_counted_by_the_archive_s_list(archives, datasets, tmp_path):
    archives["gaia"] = "bulk"
    item = plans.plan(archives, datasets, tmp_path / "results")[0]
    assert item.files == 3386
    path = tmp_path / BULK_LISTS["gaia_xp_bulk"]
    path.parent.mkdir(parents=True)
    path.write_text("0  XpContinuousMeanSpectrum_000000-003111.csv.gz\n")
    item = plans.plan(archives, datasets, tmp_path / "results")[0]
    assert (item.files, item.bytes) == (1, datasets["gaia_xp_bulk"].bytes)


def test_a_disk_too_small_is_refused_before_anything_starts(fetch, monkeypatch, capsys):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**9))
    with pytest.raises(ValueError, match=r"has 1 GB free, and .* GB are needed"):
        fetch("--dry-run")
    assert "XP spectra" in capsys.readouterr().out
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**15))
    assert fetch("--dry-run", "--rate", "100") == 0
    assert "at 100 MB/s; the disk has 1e+03 TB free" in capsys.readouterr().out
    with pytest.raises(ValueError, match="--rate must be above 0"):
        fetch("--dry-run", "--rate", "0")


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (15_000, "15 kB"), (4.9e12, "4.9 TB")]
)
def test_bytes_are_said_in_a_fitting_unit(count, text):
    assert plans.say_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (90, "1.5 min"), (7200, "2.0 h"), (200_000, "2.3 d")]
)
def test_times_are_said_in_a_fitting_unit(seconds, text):
    assert plans.say_time(seconds) == text


def test_chunks_are_equal_parts_of_the_sky_or_the_archive_s_own_files(
    archives, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert archive_chunks(archives | {"xp_files": 2}) == ["000000-393215", "393216-786431"]
    with pytest.raises(ValueError, match=r"is not there: run `starloom fetch --list`"):
        archive_chunks(archives | {"gaia": "bulk"})
    for path in BULK_LISTS.values():
        path.parent.mkdir(parents=True)
        path.write_text("1  X_003112-005263.csv.gz\n0  X_000000-003111.csv.gz\n2  README\n")
    assert archive_chunks(archives | {"gaia": "bulk"}) == ["000000-003111", "003112-005263"]
