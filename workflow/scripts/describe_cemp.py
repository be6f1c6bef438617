"""Median spectra of the populations, and whether populations differ in spectrum, colour, place."""

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import names
from starloom.prepare.wavelength import Calibrator
from starloom.studies.cemp import distinct as study
from starloom.tables import read_arrays, read_table, stack, write_json, write_table

NAMES = ["source_id", "ra", "dec", "parallax", "parallax_error", "phot_g_mean_mag", "bp_rp"]


def main(xp_paths, labels_path, stars_path, spectra_path, tests_path, sampling, permutations, seed):
    found = read_table(labels_path)
    arrays = stack([read_arrays(path, names(False)) for path in xp_paths])
    rows = rows_of(found["source_id"], arrays["source_id"])
    arrays = {name: values[rows] for name, values in arrays.items()}
    stars = read_table(stars_path, NAMES)
    rows = rows_of(found["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    ratio = arrays["coefficients"] / arrays["phot_g_mean_flux"][:, None]
    grid = np.arange(sampling["low_nm"], sampling["high_nm"] + 1e-9, sampling["step_nm"])
    calibrator = Calibrator(grid)
    flux = calibrator.flux(*np.split(ratio.astype(np.float64), 2, axis=1))
    labels = found["population"]
    meta = {"wavelength_nm": calibrator.wavelength_nm.tolist(), "unit": "W m-2 nm-1 per e-/s"}
    write_table(spectra_path, study.median_spectra(flux, labels), meta)
    spaces = study.spaces(flux, stars)
    tests = study.pairwise(spaces, labels, seed=seed, permutations=permutations)
    write_json(tests_path, tests)
    for test in tests:
        print(test)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.labels, job.input.stars, *job.output)
        keys = ("sampling", "permutations", "seed")
        main(*files, *(job.params[key] for key in keys))
