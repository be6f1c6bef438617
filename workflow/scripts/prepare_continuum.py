"""Choose the continuum pixels of APOGEE spectra from the giants of a few batches."""

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.apogee import allstar_rows, read_raw
from starloom.prepare.continuum import find_continuum
from starloom.tables import read_table, stack, write_json


def main(list_paths, allstar_path, continuum_path, counts, most):
    files = stack([read_table(path) for path in list_paths])
    paths = files["path"][files["there"]]
    allstar = read_allstar(allstar_path, ["TELESCOPE", "FIELD", "FILE", "LOGG", "SNR"])
    rows = allstar_rows(paths, allstar)
    giant = (rows >= 0) & (np.abs(allstar["LOGG"][rows] - 2.5) < 1.5)
    usable = np.flatnonzero(giant if giant.any() else rows >= 0)
    best = usable[np.argsort(-allstar["SNR"][rows[usable]], kind="stable")[:most]]
    raw = read_raw(paths[best])
    chosen = find_continuum(raw["flux"], raw["error"], raw["mask"], counts)
    write_json(continuum_path, {"pixels": [pixels.tolist() for pixels in chosen]})
    print(f"continuum pixels {[len(pixels) for pixels in chosen]} from {len(best)} spectra")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.lists, job.input.allstar, job.output.continuum)
        main(*files, job.params.continuum["pixels"], job.params.continuum["spectra"])
