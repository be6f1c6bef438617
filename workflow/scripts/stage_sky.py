"""Put a raw file where the whole-sky jobs take it and remove it after; a link, or a copy."""

import os
import shutil

from starloom.job import logged
from starloom.tables import atomic


def main(raw_path, staged_path):
    with atomic(staged_path) as temporary:
        try:
            os.link(raw_path, temporary)
        except OSError:
            shutil.copyfile(raw_path, temporary)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.raw, job.output.staged)
