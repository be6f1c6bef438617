"""Write the pages of results."""

from pathlib import Path

from starloom.job import logged
from starloom.publish.page import write_pages
from starloom.publish.verdict import read_reasons


def main(index_path, folder, reasons_path):
    write_pages("results", index_path, folder, read_reasons(reasons_path))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        reasons = Path(job.scriptdir).resolve().parents[1] / "config" / "differences.csv"
        main(job.output.index, job.output.pages, reasons)
