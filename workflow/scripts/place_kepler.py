"""Gather where the Kepler stars are, from the tables that published their seismology."""

from pathlib import Path

from starloom.archives.vizier import read_published
from starloom.job import logged
from starloom.prepare.kepler_places import places
from starloom.tables import write_table


def main(label_paths, places_path):
    found, counts = places({Path(path).stem: read_published(path) for path in label_paths})
    write_table(places_path, found)
    print(f"{len(found['kic'])} stars, placed by {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.labels, job.output.places)
