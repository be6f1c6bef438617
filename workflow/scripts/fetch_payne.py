"""Fetch the published network of The Payne, arrays and no code."""

from starloom.archives.access import access
from starloom.job import logged


def main(datasets, path):
    archives = access(datasets, "payne")
    archives.fetcher.fetch([archives.datasets["payne_apogee"].wanted(path)], "The Payne")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.network)
