"""Write the page of results."""

from starloom.job import logged
from starloom.publish.page import write_page


def main(page_path):
    write_page("results", page_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.output.page)
