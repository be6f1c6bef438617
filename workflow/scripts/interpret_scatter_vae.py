"""Ask the latent space about the stars' labels: tracks, regressions, the two alpha sequences."""

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import join_ids, rows_of
from starloom.studies.scatter_vae.alpha import classify, high_alpha
from starloom.studies.scatter_vae.labels import read_off
from starloom.studies.scatter_vae.tracks import tracks
from starloom.tables import read_arrays, read_model, read_table, stack, write_table
from starloom.training import scatter_vae as vae

XP = ["source_id", "coefficients", "phot_g_mean_flux"]


def main(model_path, xp_paths, latent_paths, stars_path, output, forest, seed):
    model = vae.from_model(*read_model(model_path))
    stars = read_table(stars_path)
    encoded = stack([read_table(path, ["source_id", "latent_mean"]) for path in latent_paths])
    latent = encoded["latent_mean"][rows_of(stars["source_id"], encoded["source_id"])]
    sequences = {"p_high_alpha": high_alpha(stars, latent, seed=seed, **forest)}
    latent = latent[stars["in_full"]]
    stars = {name: values[stars["in_full"]] for name, values in stars.items()}
    ratio = np.full((len(latent), model.architecture.n_input), np.nan)
    for path in xp_paths:
        arrays = read_arrays(path, XP)
        rows = join_ids(stars["source_id"], arrays["source_id"])
        here, rows = rows >= 0, rows[rows >= 0]
        ratio[here] = arrays["coefficients"][rows] / arrays["phot_g_mean_flux"][rows, None]
    tables = {
        "tracks": tracks(model, stars, latent, ratio),
        "labels": read_off(stars, latent),
        "alpha": classify(stars, latent, seed=seed, **forest),
        "sequences": sequences,
    }
    for name, table in tables.items():
        write_table(output[name], table)
        print(f"{name}: {len(next(iter(table.values())))} rows")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.input.latents, job.input.stars, job.output)
        main(*files, job.params.forest, job.params.seed)
