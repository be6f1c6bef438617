"""Write the numbers for articles: one LaTeX macro a number, and the papers' tables."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import published, read_numbers
from starloom.publish.latex import macros, tables
from starloom.tables import atomic


def main(folder, macros_path, tables_path, published_path):
    numbers = read_numbers(folder)
    with atomic(macros_path) as temporary:
        temporary.write_text(macros(numbers))
    with atomic(tables_path) as temporary:
        temporary.mkdir()
        for name, text in tables(numbers, published(published_path)).items():
            (temporary / f"{name}.tex").write_text(text)
            print(name)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        papers = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        main("results/numbers", job.output.macros, job.output.tables, papers)
