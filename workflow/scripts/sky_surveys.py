"""Write what APOGEE, 2MASS and unWISE report of the simulated stars."""

import numpy as np

from starloom.job import logged
from starloom.sky import labels
from starloom.sky.files import write_allstar, write_twomass, write_unwise
from starloom.tables import read_table, stack, write_json


def main(
    stars_path, photometry_paths, twomass_path, unwise_path, allstar_path, rows_path, seed, sky
):
    stars = read_table(stars_path)
    magnitudes = stack([read_table(path) for path in photometry_paths])
    rows = {}
    for survey, path, table, write in (
        ("apogee", allstar_path, labels.apogee, write_allstar),
        ("twomass", twomass_path, labels.twomass, write_twomass),
        ("unwise", unwise_path, labels.unwise, write_unwise),
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
            job.output.twomass,
            job.output.unwise,
            job.output.allstar,
            job.output.rows,
            job.params.seed,
            job.params.sky,
        )
