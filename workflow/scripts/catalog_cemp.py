"""Publish the candidates with their populations and what SIMBAD's types say of each."""

import numpy as np

from starloom.archives.raw_tables import read_columns
from starloom.archives.schema import archive_columns
from starloom.columns import CEMP_POPULATIONS
from starloom.job import logged
from starloom.prepare.identifiers import join_ids, rows_of
from starloom.publish.catalog import as_columns, write_catalog
from starloom.studies.cemp.vote import UNKNOWN, vote
from starloom.tables import read_table, write_json


def main(paths, parquet_path, fits_path, votes_path, rule, data):
    columns = read_table(paths["labels"])
    ids = columns["source_id"]
    for name, kept in (("candidates", ["probability"]), ("latent", ["outlier_score"])):
        table = read_table(paths[name], ["source_id", *kept])
        columns |= {column: table[column][rows_of(ids, table["source_id"])] for column in kept}
    stars = read_table(paths["stars"])
    rows = rows_of(ids, stars["source_id"])
    columns = {name: values[rows] for name, values in stars.items()} | columns
    otype = np.full(len(ids), "", dtype=object)
    if paths["types"]:
        schema = archive_columns("gaia_source")
        given = read_columns(paths["types"][0], schema, ("source_id", "otype"), ())
        at = join_ids(ids, given["source_id"])
        otype = np.where(at >= 0, np.asarray(given["otype"]).astype(str)[at], "")
    votes = vote(columns["population"], otype, **rule)
    nothing = {"winner": UNKNOWN, "fraction": 0.0, "typed": 0}
    by_star = [nothing if group < 0 else votes[group] for group in columns["population"]]
    columns["simbad_type"] = otype.astype(str)
    for name, key in (("vote", "winner"), ("vote_fraction", "fraction"), ("vote_count", "typed")):
        columns[name] = np.array([one[key] for one in by_star])
    write_catalog(parquet_path, fits_path, as_columns(columns, CEMP_POPULATIONS), data)
    write_json(votes_path, votes)
    print(*votes, sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, *job.output, job.params.rule, job.params.data)
