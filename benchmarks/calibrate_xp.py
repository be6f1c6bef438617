"""XP coefficients to calibrated spectra: ours and GaiaXPy in turn, in one run."""

import csv
import statistics
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd

from starloom import gaiaxpy_quiet
from starloom.archives.gaia import read_xp
from starloom.prepare.wavelength import Calibrator

N_BASES = 55
ROUNDS = 5


def main():
    calibrator, gaiaxpy = Calibrator(), gaiaxpy_quiet.load()
    columns = sources(4000)
    table = as_table(columns)

    def peer(source, **options):
        with gaiaxpy_quiet.silence():
            return gaiaxpy.calibrate(source, save_file=False, **options)[0]

    few = {name: values[:300] for name, values in columns.items()}
    compare(
        "calibrate, arrays",
        "stars/s",
        (4000, lambda: calibrator.spectra(columns)),
        (4000, lambda: peer(table)),
    )
    compare(
        "calibrate, full covariance",
        "stars/s",
        (300, lambda: covariances(calibrator, few)),
        (300, lambda: peer(table.iloc[:300], with_correlation=True)),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "XP_CONTINUOUS_RAW.csv"
        write_csv(path, few)
        compare(
            "calibrate, csv file",
            "stars/s",
            (300, lambda: calibrator.spectra(read_xp(path))),
            (300, lambda: peer(path)),
        )
    many = {name: np.concatenate([values] * 4) for name, values in few.items()}
    print(f"memory of full covariances [MB]: {peak(calibrator, few):.0f} for 300 stars, ", end="")
    print(f"{peak(calibrator, many):.0f} for 1200")


def compare(name, unit, ours, peer):
    """Rates of both by turns; the median ratio with its lowest and highest."""
    for _, run in (ours, peer):
        run()
    rates = [[count / seconds(run) for count, run in (ours, peer)] for _ in range(ROUNDS)]
    ratios = [mine / theirs for mine, theirs in rates]
    mine, theirs = (statistics.median(column) for column in zip(*rates, strict=True))
    ratio = statistics.median(ratios)
    print(
        f"{name:28s} ours {mine:9.0f} GaiaXPy {theirs:7.0f} {unit}  "
        f"ratio {ratio:5.1f} ({min(ratios):.1f}-{max(ratios):.1f})",
        flush=True,
    )


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def covariances(calibrator, columns):
    return sum(float(matrices[0, 0, 0]) for _, matrices in calibrator.covariances(columns))


def peak(calibrator, columns):
    tracemalloc.start()
    covariances(calibrator, columns)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


def sources(n_star):
    """Coefficients that fall with order, and errors correlated between neighbours."""
    rng = np.random.default_rng(0)
    order = np.arange(N_BASES)
    row, column = np.tril_indices(N_BASES, -1)
    columns = {"source_id": np.arange(1, n_star + 1)}
    for band in ("bp", "rp"):
        size = 1e3 / (1 + order) ** 1.5
        columns[f"{band}_coefficients"] = rng.normal(size=(n_star, N_BASES)) * size
        columns[f"{band}_coefficient_errors"] = np.tile(size / 30, (n_star, 1))
        length = rng.uniform(0.5, 2.0, (n_star, 1))
        columns[f"{band}_coefficient_correlations"] = np.exp((column - row) / length)
        columns[f"{band}_standard_deviation"] = rng.uniform(0.9, 1.5, n_star)
    return columns


def as_table(columns):
    table = {"source_id": columns["source_id"]}
    for name, values in columns.items():
        table[name] = values if values.ndim == 1 else list(values)
    for band in ("bp", "rp"):
        table[f"{band}_n_parameters"] = N_BASES
    return pd.DataFrame(table)


def write_csv(path, columns):
    table = as_table(columns)
    for band in ("bp", "rp"):
        table[f"{band}_n_relevant_bases"] = N_BASES
    arrays = [name for name in table if table[name].dtype == object]
    for name in arrays:
        table[name] = ["(" + ", ".join(map(repr, map(float, row))) + ")" for row in table[name]]
    table.to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)


if __name__ == "__main__":
    main()
