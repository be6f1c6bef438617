"""Check a raw file of the user's and bring it under the archives' name and form."""

from datetime import UTC, datetime

import pandas as pd

from starloom.archives.user_files import ADOPT
from starloom.job import logged
from starloom.tables import atomic


def main(kind, path, raw_path, manifest_path):
    row = ADOPT[kind](path, raw_path)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row |= {"address": row["origin"], "time": now, "release": "a user's file"}
    with atomic(manifest_path) as temporary:
        pd.DataFrame([row]).to_csv(temporary, index=False)
    print(row)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.params.kind, job.input.file, job.output.raw, job.output.manifest)
