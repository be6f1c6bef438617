"""Fetch the list of a folder of Gaia's bulk files, with their checksums."""

from starloom.archives.access import access
from starloom.job import logged


def main(datasets, path, dataset):
    archives = access(datasets, dataset)
    archives.fetcher.fetch([archives.datasets[dataset].wanted(path, file="_MD5SUM.txt")], "list")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.list, job.params.dataset)
