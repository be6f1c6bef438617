"""Fetch APOGEE's value-added catalogue of ages by astroNN; its rows have to be those of allStar."""

from starloom.archives.access import access
from starloom.archives.astronn import read_astronn
from starloom.archives.sdss import read_allstar
from starloom.job import logged


def main(datasets, allstar_path, path):
    archives = access(datasets, "astronn")
    archives.fetcher.fetch([archives.datasets["apogee_astronn"].wanted(path)], "astroNN")
    ages = read_astronn(path, read_allstar(allstar_path, []))
    print(f"{len(ages['age'])} rows, {(ages['age'] > 0).sum()} with an age")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.input.allstar, job.output.table)
