"""Read a batch of APOGEE spectra and divide them by their continua."""

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.apogee import allstar_rows, flag_counts, read_raw, spectra, with_allstar
from starloom.tables import read_json, read_table, write_arrays


def main(list_path, allstar_path, continuum_path, apogee_path):
    files = read_table(list_path)
    names = ["TELESCOPE", "FIELD", "FILE", "APOGEE_ID", "GAIAEDR3_SOURCE_ID"]
    allstar = read_allstar(allstar_path, names)
    chosen = [np.array(pixels) for pixels in read_json(continuum_path)["pixels"]]
    rows = allstar_rows(files["path"], allstar)
    arrays, _ = spectra(read_raw(files["path"], files["there"]), chosen)
    arrays = with_allstar(arrays, rows, allstar)
    counts = flag_counts(arrays["spectrum_flag"])
    write_arrays(apogee_path, arrays, {"counts": counts})
    print(f"{len(rows)} spectra: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.list, job.input.allstar, job.input.continuum, job.output.apogee)
