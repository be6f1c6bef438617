"""Reconstruct the test stars by LB23, and hold it against the scatter VAE on the same stars."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.prepare.identifiers import join_ids, rows_of
from starloom.prepare.spectra import names
from starloom.studies.scatter_vae import lb23
from starloom.studies.scatter_vae.sample import held_out
from starloom.tables import read_arrays, read_model, read_table, write_table
from starloom.training import token_transformer as tokens


def main(paths, output, data, published_path, seed):
    stored, card = read_model(paths["model"])
    model = tokens.from_model(stored, card)
    arrays = held_out((read_arrays(path, names(False)) for path in paths["xp"]), False, card, data)
    residuals = read_table(paths["residuals"], ["source_id", "relative"])
    ours = join_ids(arrays["source_id"], residuals["source_id"])
    arrays = {name: values[ours >= 0] for name, values in arrays.items()}
    stars = read_table(paths["stars"])
    rows = rows_of(arrays["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    relative = residuals["relative"][ours[ours >= 0]]
    table = lb23.compared(model, card["labels"], arrays, stars, relative)
    write_table(output["table"], table)
    numbers = lb23.numbers(table, card["labels"], seed)
    write_numbers(output["numbers"], numbers, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main(job.input, job.output, job.params.data, published, job.params.seed)
