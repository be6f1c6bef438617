"""Fetch one of Gaia's bulk files."""

from dataclasses import replace
from pathlib import Path

from starloom.archives.access import access
from starloom.archives.gaia_client import read_sums
from starloom.job import logged


def main(datasets, list_path, path, dataset):
    name = Path(path).name
    archives = access(datasets, name)
    wanted = archives.datasets[dataset].wanted(path, file=name)
    checksum = f"md5:{read_sums(list_path)[name]}"
    archives.fetcher.fetch([replace(wanted, checksum=checksum)], name)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.input.list, job.output[0], job.params.dataset)
