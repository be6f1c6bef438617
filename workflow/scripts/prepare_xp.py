"""Bring the XP spectra of one raw file, with their G flux and flags, into arrays by star."""

import numpy as np

from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.job import logged
from starloom.prepare.spectra import spectra
from starloom.tables import stack, write_arrays


def main(xp_path, gaia_paths, arrays_path):
    gaia = stack([read_gaia_source(path) for path in gaia_paths]) if gaia_paths else None
    arrays, counts = spectra(read_xp(xp_path), gaia)
    write_arrays(arrays_path, arrays)
    print(f"{len(np.unique(arrays['source_id']))} stars; flagged: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.xp, job.input.gaia_source, job.output.xp)
