"""Judge the simulated sky by its truth, and take out what its figures show."""

from pathlib import Path

import numpy as np

from starloom.archives.sdss import wavelength
from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.prepare.continuum import kept_pixels
from starloom.prepare.identifiers import rows_of
from starloom.prepare.wavelength import Calibrator
from starloom.sky import examples
from starloom.sky.evaluation import numbers, side_by_side
from starloom.tables import read_arrays, read_table, stack, write_arrays, write_table


def show(paths, stars, oscillations):
    types, grid = examples.xp_types(stars), np.arange(350.0, 1021.0, 4.0)
    xp = stack([read_arrays(path, ["source_id", "coefficients"]) for path in paths.xp])
    chosen = xp["coefficients"][rows_of(np.array(list(types.values())), xp["source_id"])]
    flux = Calibrator(grid).flux(*np.split(chosen.astype(float), 2, axis=1))
    shown = {"xp_name": np.array(list(types), "U20"), "xp_flux": flux, "xp_nm": grid}
    shown |= examples.giant_spectra(stars, paths.apogee, wavelength()[kept_pixels()])
    for path in paths.power:
        shown |= examples.power_spectra(stars, oscillations, read_arrays(path))
    return shown | examples.light_curve(paths.light_curves)


def main(paths, outputs, data, published_path):
    light = stack([read_table(path) for path in paths.photometry])
    truth, own, seen = map(read_table, (paths.truth, paths.seismology, paths.stars))
    stars = side_by_side(truth, light, own, seen)
    found = numbers(stars)
    write_numbers(outputs.numbers, found, data, published_path)
    write_table(outputs.stars, stars)
    write_arrays(outputs.examples, show(paths, stars, read_table(paths.oscillations)))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        config = Path(job.scriptdir).resolve().parents[1] / "config"
        main(job.input, job.output, job.params.data, config / "published_numbers.csv")
