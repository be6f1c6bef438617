"""Simulate the apStar files of the giants in one part of the sky."""

from pathlib import Path

import numpy as np

from starloom.archives.names import SOURCE_ID_TO_LEVEL8, chunk_range
from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.sky.hband_files import giants, write_spectra
from starloom.tables import read_json, read_table, write_json


def main(stars_path, allstar_path, rows_path, folder, list_path, chunk, seed, sky):
    stars, allstar = read_table(stars_path), read_allstar(allstar_path)
    source_ids = np.array(read_json(rows_path)["apogee"], np.int64)
    rows, star = giants(stars, allstar, source_ids, chunk_range(chunk), SOURCE_ID_TO_LEVEL8)
    Path(folder).mkdir(parents=True, exist_ok=True)
    names = list(write_spectra(folder, stars, allstar, rows, star, seed, sky["error_scale"]))
    write_json(list_path, names)
    print(f"{len(names)} simulated APOGEE spectra in {chunk}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(
            job.input.stars,
            job.input.allstar,
            job.input.rows,
            job.output.spectra,
            job.output.files,
            job.wildcards.chunk,
            job.params.seed,
            job.params.sky,
        )
