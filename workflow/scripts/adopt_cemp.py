"""Take the candidates of a given list."""

import numpy as np

from starloom.archives.raw_tables import read_columns
from starloom.archives.schema import archive_columns
from starloom.job import logged
from starloom.prepare.identifiers import join_ids
from starloom.studies.cemp import candidates as study
from starloom.tables import read_arrays, stack, write_json, write_table


def main(list_path, xp_paths, table_path, scores_path):
    schema = archive_columns("gaia_source")
    given = read_columns(list_path, schema, ("source_id",), ("probability",))
    ids = stack([read_arrays(path, ["source_id"]) for path in xp_paths])["source_id"]
    chosen, counts = study.listed(given["source_id"], ids)
    rows = join_ids(ids, given["source_id"])
    stated = np.asarray(given.get("probability", np.full(len(given["source_id"]), np.nan)), float)
    probability = np.where(chosen, stated[rows], np.nan)
    write_table(table_path, {"source_id": ids, "probability": probability, "candidate": chosen})
    counts |= {"given": True, "candidates": int(chosen.sum()), "stars": len(ids)}
    write_json(scores_path, counts)
    print(counts)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.list, job.input.xp, job.output.table, job.output.scores)
