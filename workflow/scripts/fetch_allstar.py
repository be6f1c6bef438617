"""Fetch APOGEE's table of all stars."""

from starloom.archives.access import access
from starloom.job import logged


def main(datasets, path, workers):
    archives = access(datasets, "allstar", workers)
    archives.fetcher.fetch([archives.datasets["apogee_allstar"].wanted(path)], "allStar")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.allstar, job.params.workers)
