"""Publish the numbers of chemical tagging."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.tagging.numbers import numbers
from starloom.tables import read_json


def main(evaluations, clusters_path, numbers_path, data, published_path, **choices):
    scores = {Path(path).stem: read_json(path) for path in evaluations}
    clusters = read_json(clusters_path) if clusters_path else {}
    found = numbers(scores, clusters=clusters, **choices)
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        files = (job.input.evaluations, job.input.get("clusters"), job.output.numbers)
        choices = {name: job.params[name] for name in ("variants", "methods", "library")}
        main(*files, job.params.data, published, **choices)
