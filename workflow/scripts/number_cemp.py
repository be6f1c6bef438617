"""Publish the numbers of the candidates and their populations."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.cemp.numbers import numbers
from starloom.tables import read_json


def main(paths, numbers_path, data, published_path):
    names = ("scores", "clustering", "tests", "votes")
    given = [read_json(paths[name]) for name in names]
    recovery = read_json(paths["recovery"][0]) if paths["recovery"] else None
    found = numbers(*given, recovery)
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input, job.output.numbers, job.params.data, published)
