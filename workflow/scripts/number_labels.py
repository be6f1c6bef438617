"""Publish the numbers of the stellar labels."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.labels.numbers import numbers
from starloom.tables import read_json


def main(paths, numbers_path, data, published_path):
    evaluation = read_json(paths["evaluation"])
    scores = evaluation["scores"] | read_json(paths["surveys"])
    found = numbers(scores, evaluation["cuts"], read_json(paths["spectra"]))
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input, job.output.numbers, job.params.data, published)
