"""Publish what the study of ages says of skies where it must fail."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.ages.numbers import null_numbers
from starloom.tables import read_json


def main(evaluation_paths, numbers_path, data, published_path):
    found = null_numbers({Path(path).stem: read_json(path)["scores"] for path in evaluation_paths})
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input.evaluations, job.output.numbers, job.params.data, published)
