"""Draw the figures of the stellar labels."""

from pathlib import Path

from starloom.figures import labels as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_table


def main(test_path, catalog_path, stars_path, folder, names, data):
    tables = {"test": read_table(test_path), "catalog": read_table(catalog_path)}
    drawn = figures.draw_all(tables | {"stars": read_table(stars_path)}, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.test, job.input.catalog, job.input.stars)
        main(*files, Path(job.output[0]).parent, job.params.figures, job.params.data)
