"""Draw the simulated stars: the truth behind every raw file."""

from starloom.job import logged
from starloom.sky.population import in_order
from starloom.tables import stream_table


def main(stars_path, seed, sky):
    options = {name: value for name, value in sky.items() if name != "stars"}
    stream_table(stars_path, in_order(seed, sky["stars"], options))
    print(f"{sky['stars']} simulated stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.output.stars, job.params.seed, job.params.sky)
