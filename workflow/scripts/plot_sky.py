"""Draw the figures of the simulated sky."""

from pathlib import Path

from starloom.figures.sky import draw_all
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_arrays, read_table


def main(stars_path, examples_path, folder, names, data):
    drawn = draw_all(read_table(stars_path), read_arrays(examples_path), names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        folder = Path(job.output[0]).parent
        main(job.input.stars, job.input.examples, folder, job.params.figures, job.params.data)
