"""Fetch the unWISE rows near the stars, where these were when WISE looked."""

import numpy as np
from astropy.table import Table

from starloom.archives.access import access
from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import with_xp
from starloom.archives.unwise_client import EPOCH, PLACES, query_matched, query_near, write_near
from starloom.job import logged
from starloom.prepare.positions import carry


def main(datasets, gaia_paths, unwise_path, service):
    archives = access(datasets, "unwise")
    answers, count = [], 0
    for path in gaia_paths:
        gaia = read_gaia_source(path, ["pmra", "pmdec", "ref_epoch", "has_xp_continuous"])
        rows = np.isin(gaia["source_id"], with_xp(gaia))
        moving = (gaia[name][rows] for name in ("ra", "dec", "pmra", "pmdec", "ref_epoch"))
        ra, dec, _ = carry(*moving, EPOCH)
        stars = Table({"source_id": gaia["source_id"][rows], "ra": ra, "dec": dec})
        tap = archives.tap(service)
        near = service in PLACES
        answers += query_near(tap, stars) if near else query_matched(tap, gaia["source_id"][rows])
        count += len(stars)
        print(f"{path}: {len(stars)} stars")
    found = write_near(unwise_path, answers)
    archives.enter(unwise_path, service, f"unWISE near {count} sources")
    archives.close()
    print(f"{found} rows near {count} stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.input.gaia_source, job.output.unwise, job.params.service)
