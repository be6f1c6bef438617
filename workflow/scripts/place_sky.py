"""Carry Gaia's stars with XP spectra of a chunk to the epoch of unWISE, as plain positions."""

import numpy as np

from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import with_xp
from starloom.archives.unwise_client import EPOCH
from starloom.job import logged
from starloom.prepare.positions import carry
from starloom.tables import write_table


def main(gaia_path, places_path):
    gaia = read_gaia_source(gaia_path, ["pmra", "pmdec", "ref_epoch", "has_xp_continuous"])
    rows = np.isin(gaia["source_id"], with_xp(gaia))
    moving = (gaia[name][rows] for name in ("ra", "dec", "pmra", "pmdec", "ref_epoch"))
    ra, dec, still = carry(*moving, EPOCH)
    write_table(places_path, {"id": gaia["source_id"][rows], "ra": ra, "dec": dec})
    print(f"{rows.sum()} stars, {still.sum()} of them without a proper motion")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.gaia_source, job.output.places)
