"""Publish what training and projection cost on this machine."""

from pathlib import Path

import numpy as np

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.prepare.spectra import inputs
from starloom.studies.scatter_vae import times
from starloom.tables import read_arrays, read_model
from starloom.training import scatter_vae as vae


def main(model_path, xp_path, numbers_path, data, published_path, steps, epochs):
    model = vae.from_model(*read_model(model_path))
    full = model.architecture.likelihood == "full"
    given, correlation = inputs(read_arrays(xp_path), full)
    good = np.flatnonzero(vae.usable(**given)[0])[:2048]
    chosen = {name: values[good] for name, values in given.items()}
    stars = vae.standardise(**chosen, mean=model.mean, std=model.std)
    stars |= {"correlation": correlation[good]} if full else {}
    projected = times.projection(model, stars, times.PAPER["projected"])
    stepped = times.step(model, stars, steps=steps, epochs=epochs)
    found = times.numbers(projected, stepped)
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        files = (job.input.model, job.input.xp, job.output.numbers)
        main(*files, job.params.data, published, job.params.steps, job.params.epochs)
