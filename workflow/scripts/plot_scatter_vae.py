"""Draw the figures of the scatter VAE."""

from pathlib import Path

from starloom.figures import scatter_vae as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.tables import read_model, read_table


def main(model_path, history_path, catalog_path, stars_path, residuals_path, folder, names, data):
    card = read_model(model_path)[1]
    tables = {
        "history": read_table(history_path) if history_path else None,
        "catalog": read_table(catalog_path),
        "stars": read_table(stars_path),
        "residuals": read_table(residuals_path),
    }
    drawn = figures.draw_all(tables, card, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input[name] for name in ("model", "history", "catalog", "stars", "residuals"))
        main(*files, Path(job.output[0]).parent, job.params.figures, job.params.data)
