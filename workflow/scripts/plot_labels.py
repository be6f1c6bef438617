"""Draw the figures of the stellar labels."""

from pathlib import Path

from starloom.figures import labels as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_table


def main(paths, folder, names, data):
    drawn = figures.draw_all({name: read_table(path) for name, path in paths.items()}, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        tables = ("test", "surveys", "attention", "spectra", "folds")
        paths = {name: job.input[name] for name in tables}
        main(paths, Path(job.output[0]).parent, job.params.figures, job.params.data)
