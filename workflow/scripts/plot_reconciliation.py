"""Draw where each star was lost."""

from pathlib import Path

from starloom.figures.reconciliation import reconciliation
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_csv


def main(table_path, figure_path, data):
    table = read_csv(table_path)
    numbers = {
        "count": list(map(int, table["count"])),
        "kept": [x == "True" for x in table["kept"]],
    }
    caption = (
        "What became of the rows of the raw files, of the stars at each quality cut, and of all "
        "stars in each catalogue; the outcomes of a bar add up to its rows. Blue went on."
    )
    figure = reconciliation(table | numbers)
    save(figure, figure_path, "Where each star was lost", caption, data)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.table, Path(job.output[0]).with_suffix(""), job.params.data)
