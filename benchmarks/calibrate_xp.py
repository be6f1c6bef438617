"""XP coefficients to calibrated spectra: ours and GaiaXPy in turn, in one run."""

import csv
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
from compare import alternate, table

from starloom import gaiaxpy_quiet
from starloom.archives.gaia import read_xp
from starloom.prepare.wavelength import Calibrator

N_BASES = 55
ROUNDS = 5


def main():
    calibrator, gaiaxpy = Calibrator(), gaiaxpy_quiet.load()
    columns = sources(4000)
    few = {name: values[:300] for name, values in columns.items()}
    frame = as_frame(columns)

    def peer(source, **options):
        with gaiaxpy_quiet.silence():
            return gaiaxpy.calibrate(source, save_file=False, **options)[0]

    def row(task, bar, ours, theirs, items):
        return alternate(
            task, ours, theirs, items=items, bar=bar, peer_name="GaiaXPy", rounds=ROUNDS
        )

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "XP_CONTINUOUS_RAW.csv"
        write_csv(path, few)
        rows = [
            row(
                "calibrate arrays, with errors",
                20,
                lambda: calibrator.spectra(columns),
                lambda: peer(frame),
                4000,
            ),
            row(
                "calibrate arrays, full covariance",
                10,
                lambda: covariances(calibrator, few),
                lambda: peer(frame.iloc[:300], with_correlation=True),
                300,
            ),
            row(
                "read csv and calibrate, with errors",
                1,
                lambda: calibrator.spectra(read_xp(path)),
                lambda: peer(path),
                300,
            ),
        ]
    print(table(rows))
    many = {name: np.concatenate([values] * 4) for name, values in few.items()}
    print(
        f"\nMemory of full covariances: {peak(calibrator, few):.0f} MB for 300 stars, "
        f"{peak(calibrator, many):.0f} MB for 1200."
    )


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


def as_frame(columns):
    frame = {"source_id": columns["source_id"]}
    for name, values in columns.items():
        frame[name] = values if values.ndim == 1 else list(values)
    for band in ("bp", "rp"):
        frame[f"{band}_n_parameters"] = N_BASES
    return pd.DataFrame(frame)


def write_csv(path, columns):
    frame = as_frame(columns)
    for band in ("bp", "rp"):
        frame[f"{band}_n_relevant_bases"] = N_BASES
    arrays = [name for name in frame if frame[name].dtype == object]
    for name in arrays:
        frame[name] = ["(" + ", ".join(map(repr, map(float, row))) + ")" for row in frame[name]]
    frame.to_csv(path, index=False, quoting=csv.QUOTE_MINIMAL)


if __name__ == "__main__":
    main()
