"""Publish the numbers of the match."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.prepare.match_numbers import numbers
from starloom.tables import read_json


def main(evaluation_path, numbers_path, data, published_path):
    found = numbers(read_json(evaluation_path))
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input.evaluation, job.output.numbers, job.params.data, published)
