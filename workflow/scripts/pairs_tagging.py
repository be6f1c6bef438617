"""Draw the pairs of stars of the twin library."""

from starloom.job import logged
from starloom.studies.tagging.library import draw_pairs
from starloom.tables import write_table


def main(paths, sizes, seed):
    for part, path in paths.items():
        write_table(path, draw_pairs(sizes[f"{part}_pairs"], part, seed))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(dict(job.output.items()), job.params.sizes, job.params.seed)
