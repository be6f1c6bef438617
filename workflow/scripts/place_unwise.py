"""Write the plain positions of the unWISE catalogue."""

import numpy as np

from starloom.archives.unwise import read_unwise
from starloom.job import logged
from starloom.tables import write_table


def main(unwise_path, places_path):
    unwise = read_unwise(unwise_path)
    rows = np.arange(len(unwise["ra"]))
    write_table(places_path, {"id": rows, "ra": unwise["ra"], "dec": unwise["dec"]})
    print(f"{len(rows)} sources")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.unwise, job.output.places)
