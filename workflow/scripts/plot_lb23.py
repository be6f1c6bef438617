"""Draw LB23 beside the scatter VAE."""

from pathlib import Path

from starloom.figures import scatter_vae_lb23 as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.tables import read_table

AFTER = 20
"""Place of the first figure among those of the study."""


def main(table_path, stars_path, folder, data):
    table = read_table(table_path)
    stars = read_table(stars_path, ["source_id", "teff", "logg", "m_h"])
    rows = rows_of(table["source_id"], stars["source_id"])
    drawn = figures.draw_all(table, {name: values[rows] for name, values in stars.items()})
    for order, (name, (figure, title, caption)) in enumerate(drawn.items(), start=AFTER):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        folder = Path(job.output[0]).parent
        main(job.input.table, job.input.stars, folder, job.params.data)
