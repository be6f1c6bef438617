"""Publish the numbers of the scatter VAE."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.scatter_vae.numbers import bootstrap, numbers
from starloom.tables import read_json, read_table


def main(paths, numbers_path, data, published_path, seed):
    evaluation, cuts, counts = (
        read_json(paths[name]) for name in ("evaluation", "cuts", "matches")
    )
    residuals = read_table(paths["residuals"], ["normalised", "rmse"])
    found = numbers(evaluation, bootstrap(**residuals, seed=seed), cuts, counts)
    write_numbers(numbers_path, found, data, published_path)
    for number in found:
        print(f"{number.id} = {number.value:.6g} {number.unit}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input, job.output.numbers, job.params.data, published, job.params.seed)
