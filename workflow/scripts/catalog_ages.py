"""Publish the ages as a catalogue with one row for each row of allStar."""

import gzip

import pandas as pd

from starloom.archives.sdss import read_allstar
from starloom.columns import LATENT_AGES
from starloom.job import logged
from starloom.prepare.apogee import with_sources
from starloom.publish.catalog import as_columns, write_catalog
from starloom.studies import ages as study
from starloom.studies.ages.forests import from_model
from starloom.studies.ages.orbits import heliocentric_velocity, orbits
from starloom.tables import atomic, read_model, read_table


def main(paths, outputs, data):
    arrays = read_model(paths.forests)[0]
    reach = arrays["reach"]
    latents = study.by_member([read_table(path) for path in paths.latents], reach.shape[1])
    allstar = with_sources(read_allstar(paths.allstar), read_table(paths.matches))
    found = study.catalog(allstar, latents, from_model(arrays), reach)
    stars = read_table(paths.stars)
    found |= orbits(found["source_id"], stars, heliocentric_velocity(allstar))
    table = as_columns(found, LATENT_AGES)
    write_catalog(outputs.parquet, outputs.fits, table, data)
    with atomic(outputs.csv) as temporary:
        text = table.to_pandas().to_csv(index=False)
        # No name and no time in the gzip header: equal tables are equal files.
        temporary.write_bytes(gzip.compress(text.encode(), 6, mtime=0))
    print(f"{len(table)} rows, {pd.notna(table['LogAge']).sum()} with an age")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, job.output, job.params.data)
