"""The archive twin for tests: real servers on loopback, never the network."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from twin.server import serving

from starloom.archives.fetch import Fetcher
from starloom.archives.manifest import Manifest
from starloom.archives.transfer import Patience

HASTY = Patience(
    attempts=5,
    first_pause_s=0.01,
    longest_pause_s=0.2,
    connect_s=2.0,
    read_s=0.5,
    slow_bytes_per_s=200.0,
    slow_s=0.4,
)
"""The patience of a test: seconds where a night's download waits minutes."""


@pytest.fixture
def site(tmp_path):
    """A server whose tree is `site.root`."""
    root = tmp_path / "site"
    root.mkdir()
    with serving(root) as server:
        yield server


@pytest.fixture
def raw(tmp_path):
    """The folder results/raw of a run."""
    folder = tmp_path / "results" / "raw"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def fetcher(raw):
    return Fetcher(Manifest(raw / "manifest.csv"), HASTY, workers=8, quiet=True)
