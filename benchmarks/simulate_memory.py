"""
Peak memory of the simulated sky at two sizes, with parts of the sky of the same size.

    python benchmarks/simulate_memory.py               50,000 and 200,000 stars
    python benchmarks/simulate_memory.py 100000 500000

Each stage is a process of its own. Memory must grow little with the number of stars: the stars are
drawn in blocks, the surveys' files written part by part, and XP spectra are a job for each part.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

SIZES = (50_000, 200_000)
PART = 5_000
"""Stars of a part of the sky."""

SEED = 1
BANDS = {"g": 0.0, "bp": 0.4, "rp": -0.6, "j": -1.2, "h": -1.8, "ks": -1.9, "w1": -2.0, "w2": -2.0}
"""Magnitudes less those in G, as of a giant: what they are does not matter here."""


def draw_stars(folder: Path, n_star: int) -> None:
    """Truth of all stars."""
    from starloom.sky.population import in_order
    from starloom.tables import stream_table

    stream_table(folder / "stars.parquet", in_order(SEED, n_star, {"candidate_fraction": 0.12}))


def magnitudes(folder: Path, n_star: int) -> None:
    """True magnitudes of each part, without spectra."""
    from starloom.tables import read_table, write_table

    stars = read_table(folder / "stars.parquet", ["source_id", "luminosity_lsun", "distance_pc"])
    g = 4.7 - 2.5 * np.log10(stars["luminosity_lsun"]) + 5 * np.log10(stars["distance_pc"] / 10)
    for part in range(n_star // PART):
        rows = slice(part * PART, (part + 1) * PART)
        light = {band: g[rows] + colour for band, colour in BANDS.items()}
        write_table(
            folder / f"light-{part:05d}.parquet", light | {"source_id": stars["source_id"][rows]}
        )


def surveys(folder: Path, n_star: int) -> None:
    """APOGEE's, 2MASS's and unWISE's files."""
    from starloom.sky import labels, shards
    from starloom.sky.files import write_allstar, write_twomass, write_unwise

    light = sorted(folder.glob("light-*.parquet"))
    for name, make, write in (
        ("allStar.fits", labels.apogee, write_allstar),
        ("twomass.csv.gz", labels.twomass, write_twomass),
        ("unwise.cat.fits", labels.unwise, write_unwise),
    ):
        parts = shards.shards(folder / "stars.parquet", light)
        tables = shards.survey_tables(make, parts, SEED, 1.0, [])
        shards.write_in_parts(folder / name, tables, write)


def xp_part(folder: Path, n_star: int) -> None:
    """XP spectra of one part."""
    from starloom.sky.files import write_xp_bulk
    from starloom.sky.shards import shards
    from starloom.sky.xp import observe

    light = sorted(folder.glob("light-*.parquet"))[:1]
    stars, _ = next(shards(folder / "stars.parquet", light))
    write_xp_bulk(folder / "xp.csv.gz", observe(stars, SEED) | {"source_id": stars["source_id"]})


STAGES = {
    "stars": draw_stars,
    "magnitudes": magnitudes,
    "surveys": surveys,
    "XP spectra of a part": xp_part,
}


def main() -> None:
    """Print a table."""
    if sys.argv[1:2] == ["--one"]:
        STAGES[sys.argv[2]](Path(sys.argv[3]), int(sys.argv[4]))
        print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
        return
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    peaks = {stage: [] for stage in STAGES}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for stage in STAGES:
                command = [sys.executable, __file__, "--one", stage, folder, str(size)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                peaks[stage].append(json.loads(done.stdout.splitlines()[-1]))
    print("| stage | " + " | ".join(f"{size:,} stars" for size in sizes) + " | kB a star more |")
    print("|---|" + "---|" * (len(sizes) + 1))
    for stage, peak in peaks.items():
        more = 1024 * (peak[-1] - peak[0]) / (sizes[-1] - sizes[0])
        print(f"| {stage} | " + " | ".join(f"{one:.0f} MB" for one in peak) + f" | {more:.2f} |")


if __name__ == "__main__":
    main()
