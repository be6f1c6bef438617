"""XP files to arrays: ours, GaiaXPy's reader, pandas.read_csv and plain gunzip in turn."""

import tempfile
import zlib
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from compare import alternate, table

from starloom import gaiaxpy_quiet
from starloom.archives.gaia import iter_xp, read_xp
from starloom.sky.files import write_xp_bulk

STARS = 2000
ROUNDS = 3
GAIAXPY_ROWS, PANDAS_ROWS, BAR_ROWS = 1.7e3, 8.6e3, 20e3
"""Rates [stars/s] on a quiet machine of two cores: the peers', and what is asked of ours."""


def main():
    with tempfile.TemporaryDirectory() as folder:
        text, packed = Path(folder) / "xp.csv", Path(folder) / "xp.csv.gz"
        for path in (text, packed):
            write_xp_bulk(path, spectra(STARS))
        megabytes = text.stat().st_size / 1e6
        rows = [
            row("XP csv to arrays", lambda: read_xp(text), lambda: gaiaxpy(text), "GaiaXPy reader"),
            row("XP csv to arrays", lambda: read_xp(text), lambda: pandas(text), "pandas.read_csv"),
            row(
                "XP csv to arrays, no correlations",
                lambda: read_xp(text, correlations=False),
                lambda: pandas(text),
                "pandas.read_csv",
            ),
            row(
                "XP csv.gz streamed", lambda: stream(packed), lambda: gunzip(packed), "gunzip alone"
            ),
        ]
    print(f"{STARS} stars, {1000 * megabytes / STARS:.0f} kB of text each; rates in stars/s\n")
    print(table(rows))


def row(task, ours, peer, name):
    bars = {"GaiaXPy reader": BAR_ROWS / GAIAXPY_ROWS, "pandas.read_csv": BAR_ROWS / PANDAS_ROWS}
    bar = round(bars.get(name, 0.5), 1)
    return alternate(task, ours, peer, items=STARS, bar=bar, peer_name=name, rounds=ROUNDS)


def stream(path):
    return sum(len(block["source_id"]) for block in iter_xp(path, 1024))


def gaiaxpy(path):
    gaiaxpy_quiet.load()
    calibrate = import_module("gaiaxpy.calibrator.calibrator")
    with gaiaxpy_quiet.silence():
        return calibrate.InputReader(path, calibrate._calibrate, False, disable_info=True).read()


def pandas(path):
    return pd.read_csv(path, comment="#")


def gunzip(path):
    undo = zlib.decompressobj(wbits=31)
    size = 0
    with open(path, "rb") as handle:
        while data := handle.read(1 << 20):
            size += len(undo.decompress(data))
    return size


def spectra(count):
    """Numbers with as many digits as real ones have; their values do not matter."""
    rng = np.random.default_rng(0)
    columns = {"source_id": 4295806720 + 1000 * np.arange(count)}
    for band in ("bp", "rp"):
        columns[f"{band}_coefficients"] = rng.normal(size=(count, 55)) * 10 ** rng.uniform(0, 4)
        columns[f"{band}_coefficient_errors"] = rng.uniform(0.1, 3, (count, 55))
        columns[f"{band}_coefficient_correlations"] = 0.1 * rng.normal(size=(count, 1485))
        columns[f"{band}_n_relevant_bases"] = rng.integers(1, 55, count)
        columns[f"{band}_standard_deviation"] = rng.uniform(1, 1.2, count)
    return columns


if __name__ == "__main__":
    main()
