"""Simulate a batch of Kepler light curves, all quarters of each star, and list the stars."""

from pathlib import Path

import numpy as np

from starloom.archives.kepler import batch
from starloom.job import logged
from starloom.sky.kepler_sky import write_light_curves
from starloom.sky.seismology import FLAGS
from starloom.tables import read_table, write_table


def main(oscillations_path, list_path, index, count, seed):
    table = read_table(oscillations_path)
    kics = batch(table["kic"][table["light_curve"]], index, count)
    table = {name: values[np.isin(table["kic"], kics)] for name, values in table.items()}
    targets = {n[7:]: v for n, v in table.items() if n.startswith("target_")}
    counts = write_light_curves(Path(list_path).parent, targets, table, seed)
    there = table["seismic_flag"] & FLAGS["not_finite"].mask == 0
    order = np.argsort(table["kic"])
    write_table(list_path, {"kic": table["kic"][order], "there": there[order]})
    print(f"{counts['written']} stars, {counts['files']} simulated light curves")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        which = (int(job.wildcards.batch), job.params.batches, job.params.seed)
        main(job.input.oscillations, job.output.list, *which)
