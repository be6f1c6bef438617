"""Fetch a batch of APOGEE spectra, whole fields, and list them."""

from pathlib import Path

import numpy as np

from starloom.archives.access import access
from starloom.archives.sdss import read_allstar
from starloom.archives.sdss_client import batch, fetch_spectra, spectra
from starloom.job import logged
from starloom.tables import write_table


def main(datasets, allstar_path, list_path, kind, index, count, workers):
    archives = access(datasets, f"{kind}_{index}", workers)
    names = ("TELESCOPE", "FIELD", "FILE", "APOGEE_ID")
    files = batch(spectra(read_allstar(allstar_path, names), kind), index, count)
    folder = Path(list_path).parent
    gone = set(fetch_spectra(archives.datasets, archives.fetcher, files, kind, folder))
    paths = np.array([str(folder / one.folder / one.file) for one in files], str)
    write_table(list_path, {"path": paths, "there": np.array([one not in gone for one in files])})
    print(f"{len(files)} {kind} spectra, {len(gone)} of them not in the archive")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        which = (job.wildcards.kind, int(job.wildcards.batch), job.params.batches)
        main(job.input.datasets, job.input.allstar, job.output.list, *which, job.params.workers)
