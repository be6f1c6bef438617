"""Gather the Gaia sources to fetch: those of allStar, those near its rows without one, a user's."""

import numpy as np

from starloom.archives.access import access
from starloom.archives.gaia_client import query_ids_near, read_ids
from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.tables import write_table


def main(datasets, allstar_path, own_path, sample_path, radius_arcsec):
    archives = access(datasets, "sample")
    allstar = read_allstar(allstar_path, ["GAIAEDR3_SOURCE_ID"])
    named = allstar["GAIAEDR3_SOURCE_ID"].astype(np.int64)
    ra, dec = (allstar[name][named <= 0] for name in ("RA", "DEC"))
    near = query_ids_near(archives.tap("gaia_tap"), ra, dec, radius_arcsec)
    own = read_ids(own_path[0]) if own_path else np.zeros(0, np.int64)
    sample = np.unique(np.concatenate([named[named > 0], near, own]))
    write_table(sample_path, {"source_id": sample})
    print(f"{len(sample)} sources; {len(near)} near {len(ra)} rows without one")
    archives.close()


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        inputs = (job.input.datasets, job.input.allstar, job.input.own)
        main(*inputs, job.output.sample, job.params.radius_arcsec)
