"""Publish the doppelgangers of the observed giants, Parquet and FITS."""

import numpy as np

from starloom.columns import TAGGING_FLAGS, tagging
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.publish.catalog import as_columns, write_catalog
from starloom.studies.tagging.observed import doppelgangers
from starloom.tables import read_table


def main(latent_path, stars_path, parquet_path, fits_path, number, data):
    latents, stars = read_table(latent_path), read_table(stars_path)
    rows = rows_of(latents["source_id"], stars["source_id"])
    columns = {name: values[rows] for name, values in stars.items()} | latents
    z, outside = latents["latent_mean"], latents["outside"]
    columns |= doppelgangers(latents["source_id"], z, outside, number)
    flag = np.where(outside, TAGGING_FLAGS["label_out_of_range"].mask, 0)
    empty = ~np.isfinite(z).all(axis=1)
    columns["tagging_flag"] = flag | np.where(empty, TAGGING_FLAGS["no_latent"].mask, 0)
    table = as_columns(columns, tagging(z.shape[1], number))
    write_catalog(parquet_path, fits_path, table, data)
    print(f"{len(rows)} giants, {outside.sum()} outside the range of those that were learned from")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.latent, job.input.stars, job.output.parquet, job.output.fits)
        main(*files, job.params.neighbours, job.params.data)
