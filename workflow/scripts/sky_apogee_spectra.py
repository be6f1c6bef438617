"""Simulate a batch of the APOGEE spectra of giants, whole fields, and list them."""

from pathlib import Path

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.sky.hband_files import COLUMNS, giants, spectra_of_batch, write_spectra
from starloom.sky.shards import read_rows
from starloom.tables import read_json, read_table, write_table


def main(stars_path, allstar_path, rows_path, list_path, kind, index, count, seed, sky):
    stars = read_table(stars_path, ["source_id", "logg"])
    allstar = read_allstar(allstar_path, COLUMNS)
    chosen = giants(stars, allstar, np.array(read_json(rows_path)["apogee"], np.int64))
    files, rows = spectra_of_batch(allstar, chosen, kind, index, count)
    stars = read_rows(stars_path, stars["source_id"][rows["star"]])
    rows["star"] = np.arange(len(rows["star"]))
    folder = Path(list_path).parent
    made = write_spectra(folder, stars, allstar, files, rows, kind, seed, **sky)
    write_table(list_path, made)
    print(f"{made['there'].sum()} simulated {kind} spectra of {len(files)} that allStar names")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        which = (job.wildcards.kind, int(job.wildcards.batch), job.params.batches)
        paths = (job.input.stars, job.input.allstar, job.input.rows, job.output.list)
        main(*paths, *which, job.params.seed, job.params.sky)
