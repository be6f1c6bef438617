"""Pairs of whole-sky catalogues, found by LSDB in the environment of envs/hats.lock."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from starloom.prepare.positions import close_pairs
from starloom.tables import read_table, write_table

CHILD = """
    import sys
    from starloom.prepare.sky_pairs import sky_pairs
    from starloom.tables import write_table
    folder = sys.argv[1]
    if __name__ == "__main__":
        files = ([f"{folder}/left.parquet"], [f"{folder}/right.parquet"])
        found = sky_pairs(*files, 2.0, partition_rows=1000, folder=folder)
        write_table(f"{folder}/pairs.parquet", dict(zip(("one", "two", "separation"), found)))
"""


def _child(python, folder, root):
    script = folder / "child.py"
    script.write_text(textwrap.dedent(CHILD))
    return subprocess.run(
        [python, str(script), str(folder)],
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture
def catalogues(tmp_path):
    """Pairs strewn about the edges of HEALPix pixels, where partitions end."""
    draw = np.random.default_rng(2)
    ra = np.concatenate([draw.uniform(0, 360, 4000), np.full(2000, 45.0)])
    dec = np.concatenate([draw.uniform(-60, 60, 4000), draw.uniform(-30, 30, 2000)])
    near = draw.normal(0, 0.5 / 3600, (2, len(ra)))
    tables = {"left": (ra, dec), "right": (ra + near[0] / np.cos(np.radians(dec)), dec + near[1])}
    for name, (a, d) in tables.items():
        write_table(
            tmp_path / f"{name}.parquet", {"id": np.arange(len(a)), "ra": a % 360, "dec": d}
        )
    return tables


def test_pairs_are_those_of_a_search_without_partitions(catalogues, tmp_path, root, hats_python):
    done = _child(hats_python, tmp_path, root)
    assert done.returncode == 0, done.stderr[-3000:]
    found = read_table(tmp_path / "pairs.parquet")
    one, two, separation = close_pairs(*catalogues["left"], *catalogues["right"], 2.0)
    order = np.lexsort((two, one))
    np.testing.assert_array_equal(found["one"], one[order])
    np.testing.assert_array_equal(found["two"], two[order])
    np.testing.assert_allclose(found["separation"], separation[order], atol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == []


def test_without_lsdb_the_remedy_is_said(catalogues, tmp_path, root):
    done = _child(sys.executable, tmp_path, root)
    assert "run with --software-deployment-method conda" in done.stderr.replace("\n", " ")
