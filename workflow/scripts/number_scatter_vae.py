"""Publish the numbers of the scatter VAE."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.prepare.identifiers import rows_of
from starloom.studies.scatter_vae import findings, zgr23
from starloom.studies.scatter_vae.numbers import bootstrap, numbers
from starloom.tables import read_json, read_table


def main(paths, numbers_path, data, published_path, seed, permutations):
    evaluation, cuts, counts = (
        read_json(paths[name]) for name in ("evaluation", "cuts", "matches")
    )
    residuals = read_table(paths["residuals"])
    errors = bootstrap(residuals["normalised"], residuals["rmse"], seed=seed)
    found = numbers(evaluation, errors, cuts, counts)
    labels = {}
    if paths["labels"]:
        stars = read_table(paths["stars"], ["source_id", "teff", "logg"])
        rows = rows_of(residuals["source_id"], stars["source_id"])
        labels = {name: values[rows] for name, values in stars.items()}
        found += findings.label_numbers(read_table(paths["labels"]), seed)
        found += findings.alpha_numbers(read_table(paths["alpha"]), seed, permutations)
    found += findings.error_numbers(residuals, labels, seed)
    if paths["zgr23"]:
        found += zgr23.numbers(read_table(paths["zgr23"]), seed)
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        params = (job.params.data, published, job.params.seed, job.params.permutations)
        main(job.input, job.output.numbers, *params)
