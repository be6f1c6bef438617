"""Simulate power spectra of a batch of Kepler stars that get no light curve."""

import numpy as np

from starloom.archives.kepler import batch
from starloom.job import logged
from starloom.sky.kepler_targets import power_edges
from starloom.sky.power import binned_power
from starloom.tables import read_table, write_arrays


def main(oscillations_path, power_path, index, count, seed):
    table = read_table(oscillations_path)
    kics = batch(table["kic"][~table["light_curve"]], index, count)
    table = {name: values[np.isin(table["kic"], kics)] for name, values in table.items()}
    edges = power_edges()
    power = binned_power(edges, table, seed)
    order = np.argsort(table["kic"])
    made = {"kic": table["kic"][order], "power": power[order].astype(np.float32)}
    write_arrays(power_path, made | {"freq": 0.5 * (edges[1:] + edges[:-1]), "edges": edges})
    print(f"{len(order)} simulated power spectra in {len(edges) - 1} bins")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        which = (int(job.wildcards.batch), job.params.batches, job.params.seed)
        main(job.input.oscillations, job.output.power, *which)
