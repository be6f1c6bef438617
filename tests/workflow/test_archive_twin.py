"""Survey dr17 against the archives' twin on loopback gives what the simulated sky gives itself."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "archives"))

from twin import sky
from twin.server import Fault, serving

from starloom.archives.manifest import Manifest
from starloom.tables import read_table

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def twin(tiny, root, tmp_path_factory):
    """The archives of the tiny sky, and a table of sources with their addresses."""
    raw = tiny / ".test" / "results" / "raw"
    folder = tmp_path_factory.mktemp("twin")
    with serving(folder, sky.light_services(raw)) as server:
        sky.serve_trees(raw, server)
        datasets = folder / "datasets.csv"
        sky.write_datasets(root, server, f"{server.address}/tap", datasets)
        yield server, datasets


def _configured(tree, datasets):
    """Words that make a run use the twin, beside the sizes of the tiny sky."""
    own = {"survey": "dr17", "archives": {"datasets": str(datasets), "xp_files": 2, "stars": 240}}
    (tree / "config" / "twin.yaml").write_text(yaml.safe_dump(own))
    return ["--configfile", "config/test.yaml", "config/twin.yaml", "--"]


def test_a_whole_run_on_the_archives_gives_the_same_catalogue(tiny, twin, clone, run_in):
    server, datasets = twin
    server.faults["/allStar.fits"] = [Fault("cut"), Fault("page")]
    server.faults["/data-server/data"] = [Fault("status", 503), Fault("cut")]
    tree = clone("dr17")
    run_in(tree, *_configured(tree, datasets))
    results = [place / ".test" / "results" for place in (tiny, tree)]
    direct, fetched = (read_table(folder / "catalogs/scatter_vae.parquet") for folder in results)
    assert list(direct) == list(fetched)
    for name in direct:
        np.testing.assert_array_equal(direct[name], fetched[name], err_msg=name)
    numbers = [json.loads((one / "numbers/scatter_vae.json").read_text()) for one in results]
    assert {number["data"] for number in numbers[1]} == {"dr17"}
    for simulated, real in zip(*numbers, strict=True):
        assert (simulated["id"], simulated["value"]) == (real["id"], real["value"])
    rows = Manifest(results[1] / "raw" / "manifest.csv").rows()
    files = {str(path.relative_to(results[1].parent)) for path in (results[1] / "raw").rglob("*.*")}
    assert {name for name in files if "/missing/" not in name} - set(rows) == {
        "results/raw/manifest.csv",
        "results/raw/gaia/sample.parquet",
    }
