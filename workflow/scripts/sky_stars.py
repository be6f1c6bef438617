"""Draw the simulated stars: the truth behind every raw file."""

import numpy as np

from starloom.job import logged
from starloom.sky.population import draw
from starloom.tables import write_table


def main(stars_path, seed, sky):
    options = {name: value for name, value in sky.items() if name != "stars"}
    stars = draw(seed, np.arange(sky["stars"], dtype=np.int64), options)
    order = np.argsort(stars["source_id"])
    write_table(stars_path, {name: values[order] for name, values in stars.items()})
    print(f"{len(order)} simulated stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.output.stars, job.params.seed, job.params.sky)
