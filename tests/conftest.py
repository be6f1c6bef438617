"""Shared fixtures: the optional real data, and the tiny sky in a copy of the work tree."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from tests.trees import copy_tree, planned, snakemake

# As in the workflow: XLA's pool of threads can wedge on few cores.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))


def pytest_collection_modifyitems(items):
    """Tests that run the workflow come last."""
    items.sort(key=_runs_the_workflow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Whole files share a process; so do all tests of the workflow, and all of the cluster."""
    from xdist.scheduler import LoadScopeScheduling

    class WholeFiles(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            parts = 2 if _runs_the_workflow(nodeid) else None
            return "/".join(nodeid.partition("::")[0].split("/")[:parts])

    return WholeFiles(config, log)


def _runs_the_workflow(test) -> bool:
    return getattr(test, "nodeid", test).startswith(("tests/workflow/", "tests/cluster/"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the work tree."""
    return ROOT


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real data: STARLOOM_REAL_DATA, or shared/real beside the work tree."""
    folder = Path(os.environ.get("STARLOOM_REAL_DATA", ROOT.parent / "shared" / "real"))
    if not (folder / "MANIFEST.csv").exists():
        pytest.skip(f"no real data: {folder} has no MANIFEST.csv; set STARLOOM_REAL_DATA")
    return folder.resolve()


@pytest.fixture(scope="session")
def run_in():
    return snakemake


@pytest.fixture(scope="session")
def plan():
    return planned


@pytest.fixture(scope="session")
def clone(root, tmp_path_factory):
    """Make a copy of the work tree in a folder of its own."""
    return lambda name: copy_tree(root, tmp_path_factory.mktemp(name))


@pytest.fixture(scope="session")
def tiny(root, tmp_path_factory, worker_id):
    """
    The work tree in which the tiny sky has run to the end; tests leave it as it was.

    The processes of one session share it: the first makes it, the others wait and find it done.
    """
    own = tmp_path_factory.getbasetemp()
    tree = (own if worker_id == "master" else own.parent) / "tiny"
    with open(f"{tree}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            copy_tree(root, tree)
        snakemake(tree, "all", "sky", "spectra")
    return tree


@pytest.fixture(scope="session")
def hats_python() -> str:
    """Python of the environment of envs/hats.lock: STARLOOM_HATS_PYTHON, or that of `make hats`."""
    python = os.environ.get("STARLOOM_HATS_PYTHON", str(ROOT / ".venv-hats" / "bin" / "python"))
    if not Path(python).exists():
        pytest.skip(f"no environment of envs/hats.lock: {python} is not there; run `make hats`")
    return python
