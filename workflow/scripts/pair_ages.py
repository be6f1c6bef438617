"""Pair APOGEE spectra with Kepler power spectra of the same stars."""

import numpy as np
from astropy.table import Table

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.seismic import seismic_table
from starloom.studies import ages as study
from starloom.tables import open_arrays, read_arrays, read_table, stack, write_arrays, write_json


def main(apogee_paths, power_paths, label_paths, stars_path, allstar_path, pairs_path, counts_path):
    names = ["source_id", "allstar_row", "spectrum_flag"]
    spectra = stack([read_arrays(path, names) for path in apogee_paths])
    snr = read_allstar(allstar_path, ["SNREV"])["SNREV"]
    spectra["snr"] = np.where(spectra["allstar_row"] >= 0, snr[spectra["allstar_row"]], np.nan)
    power = stack([read_arrays(path, ["kic", "power_flag", "log_ratio"]) for path in power_paths])
    tables = [{n: t[n] for n in t.colnames} for t in (Table.read(p) for p in label_paths)]
    seismic, repeated = seismic_table(*tables)
    stars = read_table(stars_path, ["source_id", "kic", "split"])
    pairs, counts = study.pair(spectra, power, seismic, stars)
    star = np.searchsorted(stars["source_id"], pairs["source_id"])
    pairs |= {"split": stars["split"][star], "log_ratio": power["log_ratio"][pairs.pop("power")]}
    study.require_each_set(pairs["split"])
    wanted = pairs.pop("spectrum")
    pairs["allstar_row"] = spectra["allstar_row"][wanted]
    pairs["flux"] = np.empty((len(wanted), 7514), np.float32)
    start = 0
    for path in apogee_paths:
        flux = open_arrays(path)["flux"]
        here = (wanted >= start) & (wanted < start + flux.shape[0])
        pairs["flux"][here] = flux.oindex[wanted[here] - start] if here.any() else 0
        start += flux.shape[0]
    write_arrays(pairs_path, pairs)
    write_json(counts_path, {"cuts": counts, "repeated": repeated})
    print(f"{len(wanted)} pairs", *(f"{c['name']}: {c['left']}" for c in counts), sep="\n  ")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.apogee, job.input.power, job.input.labels, job.input.stars)
        main(*files, job.input.allstar, job.output.pairs, job.output.counts)
