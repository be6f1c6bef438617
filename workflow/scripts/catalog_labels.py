"""Publish the labels of all stars as a catalogue, Parquet and FITS."""

from starloom.columns import STELLAR_LABELS
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.publish.catalog import as_columns, write_catalog
from starloom.tables import read_table, stack


def main(label_paths, stars_path, parquet_path, fits_path, data):
    stars = read_table(stars_path)
    found = stack([read_table(path) for path in label_paths])
    rows = rows_of(stars["source_id"], found["source_id"])
    columns = stars | {name: values[rows] for name, values in found.items()}
    write_catalog(parquet_path, fits_path, as_columns(columns, STELLAR_LABELS), data)
    print(f"{len(rows)} stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.labels, job.input.stars, job.output.parquet, job.output.fits)
        main(*files, job.params.data)
