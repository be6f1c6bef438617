"""Fetch the Kepler light curves of a batch of stars that have published seismology."""

from pathlib import Path

import numpy as np
from astropy.table import Table

from starloom.archives.access import access
from starloom.archives.kepler import batch, fetch_light_curves
from starloom.job import logged
from starloom.tables import write_table


def main(datasets, label_paths, list_path, index, count, workers):
    archives = access(datasets, f"light_curves_{index}", workers)
    stars = np.concatenate([np.asarray(Table.read(path)["KIC"], int) for path in label_paths])
    kics = batch(stars[stars > 0], index, count)
    folder = Path(list_path).parent
    missing = fetch_light_curves(archives.datasets, archives.fetcher, kics, folder)
    write_table(list_path, {"kic": kics, "there": ~np.isin(kics, missing)})
    print(f"{len(kics)} stars, {len(missing)} of them without light curves")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        which = (int(job.wildcards.batch), job.params.batches, job.params.workers)
        main(job.input.datasets, job.input.labels, job.output.list, *which)
