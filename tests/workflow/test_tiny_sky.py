"""The tiny sky through the whole workflow: what comes out, and that it comes out again."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from starloom.tables import read_arrays, read_table, stack
from tests.cluster import slurm
from tests.trees import ENVIRONMENT, digests

pytestmark = pytest.mark.workflow


def _starloom(tree, *words):
    """The command line of the copied tree, not of the one that is installed."""
    return subprocess.run(
        [sys.executable, "-m", "starloom.cli", *words],
        cwd=tree / ".test", capture_output=True, text=True,
        env=ENVIRONMENT | {"PYTHONPATH": str(tree / "src")},
    )  # fmt: skip


def test_the_deliverables_are_there(tiny):
    results = tiny / ".test" / "results"
    for name in (
        "index.html",
        "ro-crate-metadata.json",
        "catalogs/cemp_populations.parquet",
        "catalogs/cemp_populations.fits",
        "catalogs/scatter_vae.parquet",
        "catalogs/scatter_vae.fits",
        "numbers/scatter_vae.json",
    ):
        assert (results / name).stat().st_size > 0, name


def test_lists_of_spectra_and_light_curves_name_the_files_that_are_there(tiny):
    raw = tiny / ".test" / "results" / "raw"
    listed = {}
    for kind in ("stars", "aspcap"):
        lists = sorted((raw / "apogee" / kind).glob("batch-*.parquet"))
        table = stack([read_table(path) for path in lists])
        found = {
            str(path.relative_to(tiny / ".test"))
            for path in (raw / "apogee" / kind).rglob("*.fits")
        }
        assert found == set(table["path"][table["there"]])
        listed[kind] = len(table["path"])
    assert listed["stars"] == listed["aspcap"] > 50
    stars = stack([read_table(path) for path in sorted((raw / "kepler").glob("batch-*.parquet"))])
    assert len(stars["kic"]) == 36 and stars["there"].all()
    for kic in stars["kic"]:
        folder = raw / "kepler" / f"{kic:09d}"[:4] / f"{kic:09d}"
        assert 10 < len(list(folder.glob(f"kplr{kic:09d}-*_llc.fits"))) <= 18
    power = read_arrays(raw / "kepler" / "power" / "batch-0.zarr")
    assert not set(power["kic"]) & set(stars["kic"])
    assert power["power"].shape == (len(power["kic"]), len(power["freq"]))


def test_no_star_is_lost_between_the_raw_files_and_the_catalogue(tiny):
    results = tiny / ".test" / "results"
    truth = read_table(results / "truth/stars.parquet", ["source_id"])["source_id"]
    catalogue = read_table(results / "catalogs/scatter_vae.parquet", ["source_id"])["source_id"]
    np.testing.assert_array_equal(np.sort(truth), np.sort(catalogue))


def test_every_number_says_that_it_is_simulated_and_stands_beside_the_published_one(tiny):
    numbers = json.loads((tiny / ".test/results/numbers/scatter_vae.json").read_text())
    assert {number["data"] for number in numbers} == {"simulated"}
    by_id = {number["id"]: number for number in numbers}
    assert by_id["xpvae.val_loss"]["published"]["value"] == -94.2671


def test_the_chain_of_every_number_reaches_raw_files_and_holds(tiny):
    listed = json.loads(_starloom(tiny, "numbers", "--json").stdout)
    # All numbers of a study have one chain: that of the file which publishes them.
    of_study = {number["study"]: number["id"] for number in listed}
    assert {"ages", "scatter_vae", "cemp", "tagging", "labels", "match"} <= of_study.keys()
    for name in of_study.values():
        done = _starloom(tiny, "audit", name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "results/raw/" in done.stdout, name
        assert "seed" in done.stdout
    done = _starloom(tiny, "audit", "--all")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_changed_file_on_the_chain_is_found_and_named(tiny):
    raw = sorted((tiny / ".test/results/raw/gaia/xp_continuous").iterdir())[0]
    content, before = raw.read_bytes(), raw.stat()
    try:
        raw.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        done = _starloom(tiny, "audit", "xpvae.val_loss")
    finally:
        raw.write_bytes(content)
        os.utime(raw, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert done.returncode != 0
    assert raw.name in done.stdout + done.stderr


@pytest.mark.skipif(slurm.absent() is None, reason="the run on Slurm is compared with this one")
def test_two_runs_give_the_same_bytes(tiny, clone, run_in):
    again = clone("again")
    run_in(again, "all", "sky", "spectra")
    first, second = digests(tiny / ".test/results"), digests(again / ".test/results")
    assert first.keys() == second.keys()
    assert {name for name in first if first[name] != second[name]} == set()
