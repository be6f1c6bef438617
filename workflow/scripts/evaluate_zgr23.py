"""Compare the scatter VAE with the rival from labels to XP spectra on the test stars."""

from pathlib import Path

import numpy as np

from starloom.figures.scatter_vae_zgr23 import draw
from starloom.figures.style import save
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.split import unseen
from starloom.studies.scatter_vae import zgr23
from starloom.studies.scatter_vae.errors import WAVELENGTH_NM
from starloom.tables import read_arrays, read_model, read_table, write_table
from starloom.training import forward_xp


def main(model_path, xp_paths, stars_path, residuals_path, table_path, figure_path, data):
    stored, card = read_model(model_path)
    model = forward_xp.from_model(stored, card)
    residuals = read_table(residuals_path, ["source_id", "relative_flux"])
    stars = read_table(stars_path)
    test = np.isin(stars["source_id"], residuals["source_id"])
    test &= unseen(stars["source_id"], card["split"])
    stars = {name: values[test] for name, values in stars.items()}
    ready = zgr23.prepared((read_arrays(path) for path in xp_paths), stars)
    found = forward_xp.infer(model, ready)
    ours = residuals["relative_flux"][rows_of(ready["source_id"], residuals["source_id"])]
    table = {"source_id": ready["source_id"], "relative_flux": ours}
    table |= {name: found["labels"][:, i] for i, name in enumerate(card["labels"])}
    table |= {name: found[name] for name in ("extinction", "parallax", "chi2")}
    table["rival_flux"] = zgr23.relative_errors(found["log_flux"], ready)
    table["reliable"] = zgr23.reliable(found["chi2"], found["parallax"])
    write_table(table_path, table)
    curves = np.exp(model.params["log_curve"]), zgr23.reference_curve()
    figure, title, caption = draw(table, WAVELENGTH_NM, *curves)
    save(figure, figure_path.with_suffix(""), title, caption, data, order=20)
    print(f"{len(ours)} test stars, {table['reliable'].sum()} fitted reliably")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.input.stars, job.input.residuals)
        main(*files, job.output.table, Path(job.output.figure[0]), job.params.data)
