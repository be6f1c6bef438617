"""Divide power spectra that have no light curve by their backgrounds."""

from starloom.job import logged
from starloom.prepare.power import flag_counts, from_spectra
from starloom.prepare.psd import settings_of
from starloom.tables import read_arrays, write_arrays


def main(raw_path, power_path, psd):
    raw = read_arrays(raw_path, ["kic", "power", "edges"])
    grid = settings_of(psd)
    table = from_spectra(raw["kic"], raw["power"], raw["edges"], grid, psd["observed_days"])
    counts = flag_counts(table["power_flag"])
    write_arrays(power_path, table, {"counts": counts})
    print(f"{len(raw['kic'])} power spectra: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.power, job.output.power, job.params.psd)
