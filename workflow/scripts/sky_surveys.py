"""Write what APOGEE, astroNN, 2MASS, unWISE and LAMOST report of the simulated stars."""

import numpy as np

from starloom.job import logged
from starloom.sky import labels
from starloom.sky.files import write_allstar, write_labels, write_twomass, write_unwise
from starloom.tables import read_table, stack, write_json


def main(stars_path, photometry_paths, paths, rows_path, seed, sky):
    stars = read_table(stars_path)
    magnitudes = stack([read_table(path) for path in photometry_paths])
    rows = {}
    for survey, path, table, write in (
        ("apogee", paths.allstar, labels.apogee, write_allstar),
        ("twomass", paths.twomass, labels.twomass, write_twomass),
        ("unwise", paths.unwise, labels.unwise, write_unwise),
        ("astronn", paths.astronn, labels.astronn, write_labels),
        ("lamost", paths.lamost, labels.lamost, write_labels),
        ("lamost_mrs", paths.lamost_mrs, labels.lamost_mrs, write_labels),
    ):
        columns, star = table(stars, magnitudes, seed, sky["error_scale"])
        write(path, columns)
        rows[survey] = np.where(star >= 0, stars["source_id"][star], -1).tolist()
        print(f"{survey}: {len(star)} simulated rows of {len(stars['star'])} stars")
    write_json(rows_path, rows)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(
            job.input.stars,
            job.input.photometry,
            job.output,
            job.output.rows,
            job.params.seed,
            job.params.sky,
        )
