"""Shared fixtures: where the optional real data lie."""

import os
import sys
from pathlib import Path

import pytest

# As in the workflow: XLA's pool of threads can wedge on few cores.
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))


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
