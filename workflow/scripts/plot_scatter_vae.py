"""Draw the figures of the scatter VAE."""

from pathlib import Path

import numpy as np

from starloom.figures import scatter_vae as figures
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.cuts import alpha_sequence
from starloom.prepare.identifiers import rows_of
from starloom.studies.scatter_vae import alpha
from starloom.tables import read_json, read_meta, read_model, read_table


def main(paths, folder, names, data):
    card = read_model(paths["model"])[1]
    read = ("history", "catalog", "stars", "residuals", "tracks", "alpha")
    tables = {name: read_table(paths[name]) for name in read if paths[name]}
    tables["wavelength_nm"] = np.array(read_meta(paths["residuals"])["wavelength_nm"])
    tables["numbers"] = read_json(paths["numbers"])
    if "alpha" in tables:
        stars, high = tables["stars"], tables["alpha"]["high"]
        rows = rows_of(tables["residuals"]["source_id"], stars["source_id"])
        tables["test"] = {name: stars[name][rows] for name in ("teff", "logg", "m_h")}
        stars["high"] = alpha_sequence(stars["fe_h"], stars["mg_fe"])
        columns = {name: tables["alpha"].get(f"p_{name}") for name in alpha.CLASSIFIERS}
        tables["confusion"] = {
            name: alpha.confusion(high, p) for name, p in columns.items() if p is not None
        }
    drawn = figures.draw_all(tables, card, names)
    for order, (name, (figure, title, caption)) in enumerate(drawn.items()):
        save(figure, folder / name, title, caption, data, order)
        print(f"{name}: {title}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        names = ("model", "history", "catalog", "stars", "residuals", "tracks", "alpha", "numbers")
        paths = {name: job.input[name] for name in names}
        main(paths, Path(job.output[0]).parent, job.params.figures, job.params.data)
