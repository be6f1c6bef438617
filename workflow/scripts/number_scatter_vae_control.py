"""Publish what the latent knows of alpha in the world without alpha in its spectra."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.scatter_vae.findings import alpha_numbers, lost
from starloom.tables import read_table


def main(control_path, alpha_path, numbers_path, data, published_path, seed, permutations):
    control = alpha_numbers(read_table(control_path), seed, permutations, prefix="control_")
    found = control + lost(alpha_numbers(read_table(alpha_path), seed, permutations), control)
    write_numbers(numbers_path, found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        files = (job.input.control, job.input.alpha, job.output.numbers)
        params = (job.params.data, published, job.params.seed, job.params.permutations)
        main(*files, *params)
