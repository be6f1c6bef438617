"""The whole sky's job, from a gzipped bulk file to Parquet, beside gunzip alone, on one core."""

import argparse
import os
import tempfile
import zlib
from pathlib import Path

import jax
import numpy as np
from compare import alternate, table
from read_xp import gunzip, spectra

from starloom.predict.sky import Models, predict_file
from starloom.sky.files import write_xp_bulk
from starloom.studies import labels
from starloom.studies.labels.model import init
from starloom.studies.labels.range import reference_of
from starloom.tables import stack, write_table

STARS = 4096


def model() -> labels.Model:
    """An untrained network of the paper's size: the time does not depend on the weights."""
    architecture = labels.Architecture()
    n_input = architecture.n_input
    scaling = labels.Scaling(np.zeros(n_input), np.ones(n_input), np.zeros(6), np.ones(6))
    rng = np.random.default_rng(0)
    seen = {
        "x": rng.normal(size=(1000, n_input)),
        "error": np.ones((1000, 110)),
        "band_error": np.ones((1000, 7)),
    }
    known = {"value": rng.normal(size=(1000, 6))}
    params = init(jax.random.key(0), architecture)[0]
    reference = reference_of(seen, known, scaling)
    return labels.Model(architecture, jax.device_get(params), scaling, reference)


def main(rounds: int) -> None:
    """Print rows per second of both, and how close ours comes to the limit."""
    os.sched_setaffinity(0, {next(iter(os.sched_getaffinity(0)))})
    models = Models(model(), zero_point=False)
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "XpContinuousMeanSpectrum_0.csv.gz"
        write_xp_bulk(packed, spectra(STARS))

        def ours():
            found = stack(list(predict_file(models, packed, None, {})))
            write_table(Path(folder) / "labels.parquet", found)

        row = alternate(
            "csv.gz to labels in Parquet", ours, lambda: gunzip(packed), items=STARS, bar=0.5,
            peer_name=f"gunzip alone (zlib {zlib.ZLIB_RUNTIME_VERSION})", rounds=rounds,
        )  # fmt: skip
    print(table([row]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    main(parser.parse_args().rounds)
