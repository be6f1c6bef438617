"""Write the run as a research object."""

from starloom.job import logged
from starloom.publish.crate import write_crate


def main(crate_path):
    write_crate("results", crate_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.output.crate)
