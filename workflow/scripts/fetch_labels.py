"""Fetch a published table of labels."""

from starloom.archives.access import access
from starloom.archives.vizier import TABLES, fetch_table
from starloom.job import logged


def main(datasets, path, name):
    archives = access(datasets, f"labels_{name}")
    rows = fetch_table(archives.tap("vizier_tap"), name, path)
    archives.enter(path, "vizier_tap", TABLES[name].table)
    archives.close()
    print(f"{TABLES[name].reference}: {rows} rows")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.output.table, job.wildcards.table)
