"""Match the whole sky's Gaia stars with unWISE, one to one, by HEALPix partitions."""

import numpy as np

from starloom.job import logged
from starloom.prepare.positions import resolve
from starloom.prepare.sky_pairs import sky_pairs
from starloom.tables import read_table, stack, write_json, write_table


def main(star_paths, unwise_path, pairs_path, counts_path, radius_arcsec, workers):
    stars = stack([read_table(path) for path in star_paths])
    left, right, separation = sky_pairs(star_paths, [unwise_path], radius_arcsec, workers)
    order = np.argsort(stars["id"])
    rows = order[np.searchsorted(stars["id"], left, sorter=order)]
    match = resolve(rows, right, separation, np.isfinite(stars["ra"] + stars["dec"]))
    columns = {"unwise_row": match.row, "unwise_separation_arcsec": match.separation_arcsec}
    write_table(pairs_path, {"source_id": stars["id"], **columns, "outcome": match.outcome})
    write_json(counts_path, match.counts())
    print(match.counts())


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.stars, job.input.unwise, job.output.pairs, job.output.counts)
        main(*files, job.params.radius_arcsec, job.threads)
