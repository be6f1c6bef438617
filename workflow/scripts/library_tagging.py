"""Synthesise the spectra of a part of the twin library, streamed to Zarr."""

from functools import partial

import jax
import numpy as np

from starloom.job import logged, progress
from starloom.prepare.continuum import CHIP_SIZES, kept_pixels
from starloom.sky import hband
from starloom.studies.tagging import engines
from starloom.studies.tagging.library import synthesise
from starloom.studies.tagging.spectra import binned
from starloom.tables import read_table, stream_arrays


def choose(name, path):
    if name == "payne":
        with np.load(path, allow_pickle=False) as arrays:
            return engines.payne(dict(arrays)), None
    if name == "turbospectrum":
        return engines.grid(*engines.read_grid(path)), None
    compiled = jax.jit(partial(hband.from_dex, elements=hband.ELEMENTS))
    return engines.embedded(compiled, hband.ELEMENTS, kept_pixels()), CHIP_SIZES


def main(inputs, outputs, name, size):
    engine, runs = choose(name, inputs.get("grid"))
    for part, path in outputs.items():
        stars = read_table(inputs[part])
        chunks = (
            some | {"flux": binned(some["flux"], None, size, runs or (some["flux"].shape[1],))[0]}
            for some in progress(synthesise(stars, engine), f"twins to {part}")
        )
        stream_arrays(path, chunks, len(stars["pair"]), {"engine": name, "bin": size})


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, dict(job.output.items()), job.params.engine, job.params.bin)
