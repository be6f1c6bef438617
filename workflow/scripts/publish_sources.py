"""List what the run was made with: the configuration in force, the bytes of every source file."""

import os

from starloom.job import logged
from starloom.provenance import file_digest
from starloom.tables import write_json


def main(paths, sources_path, config, root):
    files = {os.path.relpath(path, root): file_digest(path) for path in paths}
    write_json(sources_path, {"config": config, "files": files})
    print(f"{len(files)} files")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        root = os.path.dirname(os.path.dirname(os.path.realpath(job.scriptdir)))
        main(job.input, job.output.sources, job.config, root)
