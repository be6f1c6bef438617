"""Read a batch of APOGEE spectra and divide them by their continua."""

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.apogee import (
    allstar_rows,
    flag_counts,
    read_raw,
    spectra,
    with_allstar,
    with_sources,
)
from starloom.tables import read_json, read_table, write_arrays


def main(list_path, allstar_path, matches_path, continuum_path, apogee_path):
    files = read_table(list_path)
    names = ["TELESCOPE", "FIELD", "FILE", "APOGEE_ID", "GAIAEDR3_SOURCE_ID"]
    allstar = read_allstar(allstar_path, names)
    chosen = [np.array(pixels) for pixels in read_json(continuum_path)["pixels"]]
    rows = allstar_rows(files["path"], allstar)
    arrays, _ = spectra(read_raw(files["path"], files["there"]), chosen)
    matches = read_table(matches_path, ["source_id", "apogee_row"])
    arrays = with_allstar(arrays, rows, with_sources(allstar, matches))
    counts = flag_counts(arrays["spectrum_flag"])
    write_arrays(apogee_path, arrays, {"counts": counts})
    print(f"{len(rows)} spectra: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.list, job.input.allstar, job.input.matches, job.input.continuum)
        main(*files, job.output.apogee)
