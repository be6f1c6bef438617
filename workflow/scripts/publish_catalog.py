"""Merge the studies' catalogues into one, by source_id; say where each star was lost."""

import pyarrow.parquet as pq

from starloom.job import logged
from starloom.publish.catalog import write_catalog, write_votable
from starloom.publish.hats import write_hats
from starloom.publish.merge import merge, read_catalog
from starloom.publish.reconcile import as_rows, catalog_parts, cut_parts, raw_parts
from starloom.tables import read_arrays, read_json, read_table, stack, write_csv


def main(inputs, outputs, data, partition_rows):
    catalogs = [read_catalog(path) for path in inputs.catalogs]
    table, counts, own = merge(read_table(inputs.stars), catalogs)
    write_catalog(outputs.parquet, outputs.fits, table, data)
    write_votable(outputs.votable, table, "starloom", "starloom.fits", data)
    write_hats(outputs.hats, "starloom", pq.read_table(outputs.parquet), partition_rows)
    spectra = stack([read_arrays(path, ["source_id", "xp_flag"]) for path in inputs.xp])
    parts = raw_parts(spectra, read_json(inputs.matches))
    parts += cut_parts(read_json(inputs.cuts)) + catalog_parts(table, counts, own)
    write_csv(outputs.reconciliation, as_rows(parts))
    print(f"{len(table)} stars, {len(table.colnames)} columns; rows: {counts}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, job.output, job.params.data, job.params.partition_rows)
