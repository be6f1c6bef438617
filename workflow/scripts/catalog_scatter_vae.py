"""Publish the latent positions of all stars as a catalogue, Parquet and FITS."""

from starloom.columns import scatter_vae
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.publish.catalog import as_columns, write_catalog
from starloom.tables import read_table, stack


def main(latent_paths, stars_path, sequences_path, parquet_path, fits_path, data):
    stars = read_table(stars_path)
    latents = stack([read_table(path) for path in latent_paths])
    rows = rows_of(stars["source_id"], latents["source_id"])
    columns = stars | {name: values[rows] for name, values in latents.items()}
    if sequences_path:
        columns["p_high_alpha"] = read_table(sequences_path)["p_high_alpha"]
    glossary = scatter_vae(latents["latent_mean"].shape[1])
    write_catalog(parquet_path, fits_path, as_columns(columns, glossary), data)
    print(f"{len(rows)} stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.latents, job.input.stars, job.input.sequences)
        main(*files, job.output.parquet, job.output.fits, job.params.data)
