"""SIMBAD's simulated answers: incomplete, the more the fainter, and true where they speak."""

import csv

import numpy as np

from starloom.archives.simbad import NAMES, read_cache, write_cache
from starloom.sky.labels import simbad

N = 4000


def _sky(g, kind="carbon_star"):
    ids = np.arange(1, N + 1) * 1000
    stars = {"star": np.arange(N), "source_id": ids, "kind": np.full(N, kind)}
    return stars, {"source_id": ids[::-1], "g": np.full(N, float(g))}


def test_the_share_of_stars_with_an_entry_falls_with_brightness():
    known = []
    for g in (9.0, 15.0, 19.0):
        rows = simbad(*_sky(g), seed=1)
        assert len(rows) == N
        known.append(np.mean([row["otype"] != "" for row in rows.values()]))
    np.testing.assert_allclose(known, [0.65, 0.325, 0.65 / (1 + np.exp(5))], atol=0.03)


def test_types_follow_the_kind_and_a_star_keeps_its_own_in_any_company():
    stars, magnitudes = _sky(9.0)
    rows = simbad(stars, magnitudes, seed=1)
    assert {row["otype"] for row in rows.values()} == {"", "C*", "LP*"}
    few = {name: values[100:110] for name, values in stars.items()}
    assert simbad(few, magnitudes, seed=1) == {int(k): rows[int(k)] for k in few["source_id"]}
    assert all(r["main_id"].startswith("simulated") == (r["otype"] != "") for r in rows.values())


def test_the_file_is_the_cache_of_the_client(tmp_path):
    rows = simbad(*_sky(12.0, "hot"), seed=1)
    write_cache(tmp_path / "types.csv", rows)
    assert read_cache(tmp_path / "types.csv") == rows
    with open(tmp_path / "types.csv", newline="") as handle:
        assert tuple(next(csv.reader(handle))) == NAMES
