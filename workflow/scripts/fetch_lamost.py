"""Fetch LAMOST's tables of stellar parameters, of low and of medium resolution."""

from starloom.archives.access import access
from starloom.archives.lamost import fetch_table
from starloom.job import logged


def main(datasets, low_path, medium_path):
    archives = access(datasets, "lamost")
    for name, path in (("lamost_lrs", low_path), ("lamost_mrs", medium_path)):
        fetch_table(archives.datasets[name], archives.fetcher, path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.low, job.output.medium)
