"""Fetch LAMOST's table of stellar parameters."""

from starloom.archives.access import access
from starloom.archives.lamost import fetch_lrs
from starloom.job import logged


def main(datasets, path):
    archives = access(datasets, "lamost")
    fetch_lrs(archives.datasets["lamost_lrs"], archives.fetcher, path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.table)
