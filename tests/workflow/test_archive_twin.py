"""Survey dr17 against the archives' twin on loopback gives what the simulated sky gives itself."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from astropy.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "archives"))

from twin import dachs, sky
from twin.server import Fault, serving

from starloom.archives.manifest import Manifest
from starloom.archives.unwise import read_unwise
from starloom.tables import read_table

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def twin(tiny, root, tmp_path_factory):
    """The archives of the tiny sky on loopback, with a table of sources that leads to them."""
    raw = tiny / ".test" / "results" / "raw"
    folder = tmp_path_factory.mktemp("twin")
    with serving(folder, sky.light_services(raw)) as server:
        sky.serve_trees(raw, server)
        sky.serve_spectra(raw, server)
        sky.serve_light_curves(raw, server)
        sky.add_labels(server.services["/tap"], raw)
        sky.add_simbad(server.services["/tap"], raw)
        sky.write_datasets(root, server, f"{server.address}/tap", folder / "datasets.csv")
        yield server, folder / "datasets.csv"


@pytest.fixture(scope="module")
def fetched(twin, clone, run_in):
    """Results of a whole run on the archives, which are in a bad mood."""
    server, datasets = twin
    server.faults["/allStar.fits"] = [Fault("cut"), Fault("page")]
    server.faults["/data-server/data"] = [Fault("status", 503), Fault("cut")]
    tree = clone("dr17")
    run_in(tree, *_configured(tree, datasets))
    return tree / ".test" / "results"


def _configured(tree, datasets, **archives):
    """Words that make a run use the twin, beside the sizes of the tiny sky."""
    given = {"datasets": str(datasets), "xp_files": 2, "stars": 240, "spectra_batches": 2}
    given |= {"light_curve_batches": 2} | archives
    own = yaml.safe_dump({"survey": "dr17", "archives": given})
    (tree / "config" / "twin.yaml").write_text(own)
    return ["--configfile", "config/test.yaml", "config/twin.yaml", "--"]


@pytest.fixture(scope="module")
def direct(tiny, tmp_path_factory, run_in):
    """
    Results of the simulated run, without the power spectra that have no light curve.

    No archive has such spectra, so fewer stars have an age: what hangs on them is made again.
    """
    tree = tmp_path_factory.mktemp("direct") / "tree"
    shutil.copytree(tiny, tree, symlinks=True)
    (tree / "config" / "direct.yaml").write_text(yaml.safe_dump({"sky": {"power_batches": 0}}))
    words = ["--configfile", "config/test.yaml", "config/direct.yaml", "--"]
    run_in(tree, *words, "results/catalogs/starloom.parquet", "results/numbers/ages.json")
    return tree / ".test" / "results"


def test_a_whole_run_on_the_archives_gives_the_same_catalogues_and_numbers(direct, fetched):
    names = sorted(path.stem for path in (direct / "catalogs").glob("*.parquet"))
    assert len(names) >= 6
    for name in names:
        ours, theirs = (
            read_table(folder / "catalogs" / f"{name}.parquet") for folder in (direct, fetched)
        )
        assert list(ours) == list(theirs)
        for column in ours:
            np.testing.assert_array_equal(ours[column], theirs[column], err_msg=name)
    numbers = sorted((fetched / "numbers").glob("*.json"))
    assert len(numbers) >= 6
    for path in numbers:
        theirs = {number["id"]: number for number in json.loads(path.read_text())}
        # The tagging study makes its spectra itself, whatever the survey.
        label = "simulated" if path.stem == "tagging" else "dr17"
        assert {number["data"] for number in theirs.values()} == {label}
        rows = json.loads((direct / "numbers" / path.name).read_text())
        ours = {row["id"]: row["value"] for row in rows}
        # What is asked of the truth is known of the simulated sky alone.
        names = sorted(theirs)
        np.testing.assert_array_equal(
            np.array([theirs[name]["value"] for name in names], float),
            np.array([ours[name] for name in names], float),
            err_msg=f"{path.name}: {names}",
        )


def test_every_raw_file_has_its_row_in_the_manifest(fetched):
    rows = Manifest(fetched / "raw" / "manifest.csv").rows()
    files = {
        str(path.relative_to(fetched.parent))
        for path in (fetched / "raw").rglob("*")
        if path.is_file() and (path.suffix in (".gz", ".fits") or path.name == "types.csv")
    }
    assert set(rows) == files
    assert all(row.address.startswith("http://127.0.0.1:") for row in rows.values())


def test_bulk_files_are_taken_as_they_are(tiny, twin, clone, run_in):
    _, datasets = twin
    tree = clone("bulk")
    words = _configured(tree, datasets, gaia="bulk")
    # The list of the bulk files is wanted before the workflow is parsed.
    (tree / ".test").mkdir()
    listed = subprocess.run(
        [
            *(sys.executable, "-m", "starloom.cli", "fetch", "--list"),
            *("--configfile", str(tree / "config" / "twin.yaml")),
        ],
        cwd=tree / ".test",
        env=os.environ | {"PYTHONPATH": str(tree / "src")},
        capture_output=True,
        text=True,
    )
    assert listed.returncode == 0, listed.stderr
    run_in(tree, *words, "download")
    raw, bulk = tiny / ".test/results/raw", tree / ".test/results/raw"
    for pattern in ("gaia/*/*.csv.gz", "apogee/allStar.fits"):
        for path in raw.glob(pattern):
            assert (bulk / path.relative_to(raw)).read_bytes() == path.read_bytes()


def test_a_real_tap_server_gives_the_same_raw_files(
    tiny, twin, fetched, root, clone, run_in, tmp_path
):
    """DaCHS instead of the small server: an IVOA service as the archives run them."""
    missing = dachs.missing_parts()
    if missing:
        pytest.skip(f"no real TAP server: {missing[0]} is missing; run install_dachs.sh")
    server, _ = twin
    tree = clone("dachs")
    with tempfile.TemporaryDirectory(prefix="starloom-dachs-") as folder:
        Path(folder).chmod(0o755)
        tables = sky.tables(tiny / ".test" / "results" / "raw")
        with dachs.dachs(Path(folder), tables) as tap:
            datasets = tmp_path / "datasets.csv"
            sky.write_datasets(root, server, tap, datasets)
            run_in(tree, *_configured(tree, datasets), "download")
    raw, other = fetched / "raw", tree / ".test" / "results" / "raw"
    for path in raw.rglob("*.csv.gz"):
        assert (other / path.relative_to(raw)).read_bytes() == path.read_bytes(), path
    tables = [read_unwise(folder / "unwise/unwise.cat.fits") for folder in (raw, other)]
    for name in tables[0]:
        np.testing.assert_array_equal(tables[0][name], tables[1][name], err_msg=name)


def test_spectra_and_light_curves_come_in_batches(tiny, twin, clone, run_in):
    _, datasets = twin
    tree = clone("batches")
    targets = ("download_spectra", "download_light_curves", "results/raw/labels/yu2018_table2.fits")
    run_in(tree, *_configured(tree, datasets, spectra_batches=3), *targets)
    raw, made = (one / ".test" / "results" / "raw" for one in (tree, tiny))
    listed = [read_table(path) for path in sorted(raw.glob("apogee/*/batch-*.parquet"))]
    paths = [path for table in listed for path in table["path"][table["there"]]]
    assert len(paths) == len(set(paths)) == len(list(made.glob("apogee/*/*/*/*.fits")))
    for path in paths:
        there = Path(path).relative_to("results/raw")
        assert (raw / there).read_bytes() == (made / there).read_bytes()
    stars = [read_table(path) for path in sorted(raw.glob("kepler/batch-*.parquet"))]
    found = {int(kic) for table in stars for kic in table["kic"][table["there"]]}
    # The stars to ask for are those of the seismic tables.
    tables = [Table.read(path) for path in made.glob("labels/*.fits")]
    asked = {int(kic) for table in tables for kic in table["KIC"]}
    curves = [
        path for path in made.glob("kepler/*/*/kplr*_llc.fits") if int(path.parent.name) in asked
    ]
    assert len(curves) > 500
    assert found == {int(path.parent.name) for path in curves}
    for path in curves:
        assert (raw / path.relative_to(made)).read_bytes() == path.read_bytes()
