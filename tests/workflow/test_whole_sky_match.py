"""The match by partitions of the sky, in its own environment, beside the match in memory."""

import os
import runpy
import subprocess
import textwrap

import numpy as np
import pytest

from starloom.tables import read_json, read_table

pytestmark = pytest.mark.workflow

CHILD = """
    import runpy, sys
    if __name__ == "__main__":
        script, *stars, unwise, pairs, counts = sys.argv[1:]
        runpy.run_path(script)["main"](stars, unwise, pairs, counts, 1.0, 1)
"""


def test_partitions_of_the_sky_give_the_matches_of_the_tables_in_memory(
    tiny, root, tmp_path, hats_python
):
    raw, scripts = tiny / ".test/results/raw", root / "workflow/scripts"
    place = {
        name: runpy.run_path(scripts / f"place_{name}.py")["main"] for name in ("sky", "unwise")
    }
    stars = []
    for path in sorted(raw.glob("gaia/gaia_source/*.csv.gz")):
        stars.append(tmp_path / f"{path.name}.parquet")
        place["sky"](path, stars[-1])
    unwise, pairs, counts = (
        tmp_path / name for name in ("unwise.parquet", "pairs.parquet", "c.json")
    )
    place["unwise"](raw / "unwise/unwise.cat.fits", unwise)
    child = tmp_path / "child.py"
    child.write_text(textwrap.dedent(CHILD))
    done = subprocess.run(
        [hats_python, child, scripts / "match_sky.py", *stars, unwise, pairs, counts],
        env=os.environ | {"PYTHONPATH": str(root / "src")},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found, direct = read_table(pairs), read_table(tiny / ".test/results/match/crossmatch.parquet")
    # Stars without an XP spectrum are not asked for.
    asked = np.isin(direct["source_id"], found["source_id"])
    assert asked.sum() == len(found["source_id"]) > 230
    direct = {name: values[asked] for name, values in direct.items()}
    one, two = np.argsort(found["source_id"]), np.argsort(direct["source_id"])
    assert (found["unwise_row"] >= 0).sum() > 200
    np.testing.assert_array_equal(found["unwise_row"][one], direct["unwise_row"][two])
    name = "unwise_separation_arcsec"
    np.testing.assert_allclose(found[name][one], direct[name][two], atol=1e-6)
    assert read_json(counts)["matched"] == (direct["unwise_row"] >= 0).sum()
