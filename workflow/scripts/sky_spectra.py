"""Simulate the XP spectra of a part of the sky, and what gaia_source says of the same stars."""

import numpy as np

from starloom.archives.names import SOURCE_ID_TO_LEVEL8, chunk_range
from starloom.job import logged
from starloom.sky.files import write_gaia_source, write_xp_bulk
from starloom.sky.labels import gaia_source
from starloom.sky.xp import observe
from starloom.tables import read_table, write_table

BANDS = ("g", "bp", "rp", "j", "h", "ks", "w1", "w2")


def main(stars_path, xp_path, gaia_path, photometry_path, chunk, seed, sky):
    low, high = (pixel << SOURCE_ID_TO_LEVEL8 for pixel in chunk_range(chunk))
    last = high + (1 << SOURCE_ID_TO_LEVEL8)
    stars = read_table(stars_path, where=[("source_id", ">=", low), ("source_id", "<", last)])
    if not len(stars["star"]):
        raise ValueError(f"no simulated star in {chunk}: lower sky/xp_files or raise sky/stars")
    seen = observe(stars, seed, **sky)
    magnitudes = {band: seen[f"true_{band}"] for band in BANDS}
    gaia = gaia_source(stars, magnitudes, seed, sky["error_scale"])
    write_xp_bulk(xp_path, seen | {"source_id": stars["source_id"]})
    write_gaia_source(gaia_path, gaia)
    write_table(photometry_path, {"source_id": stars["source_id"], **magnitudes})
    print(f"{len(np.unique(stars['source_id']))} simulated XP spectra in {chunk}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(
            job.input.stars,
            job.output.xp,
            job.output.gaia_source,
            job.output.photometry,
            job.wildcards.chunk,
            job.params.seed,
            job.params.sky,
        )
