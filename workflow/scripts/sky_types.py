"""Write what SIMBAD would say of the simulated stars."""

from pathlib import Path

from starloom.archives.simbad import write_cache
from starloom.job import logged
from starloom.sky.labels import simbad
from starloom.tables import read_table, stack


def main(stars_path, photometry_paths, types_path, seed):
    stars = read_table(stars_path, ["star", "source_id", "kind"])
    rows = simbad(stars, stack([read_table(path) for path in photometry_paths]), seed)
    write_cache(Path(types_path), rows)
    print(f"{sum(bool(row['otype']) for row in rows.values())} of {len(rows)} simulated stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.stars, job.input.photometry, job.output.types, job.params.seed)
