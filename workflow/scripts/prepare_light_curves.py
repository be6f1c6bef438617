"""Turn a batch of Kepler light curves into power spectra over their backgrounds."""

from pathlib import Path

from starloom.job import logged
from starloom.prepare.power import flag_counts, from_light_curves
from starloom.prepare.psd import settings_of
from starloom.tables import read_table, write_arrays


def main(list_path, power_path, psd):
    stars = read_table(list_path)
    grid = settings_of(psd)
    folder = Path(list_path).parent
    table = from_light_curves(folder, stars["kic"], stars["there"], grid, psd["clip_sigma"])
    counts = flag_counts(table["power_flag"])
    write_arrays(power_path, table, {"counts": counts})
    print(f"{len(stars['kic'])} light curves: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.list, job.output.power, job.params.psd)
