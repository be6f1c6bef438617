"""Project the XP spectra of one file into the latent space of the scatter VAE."""

import numpy as np

from starloom.columns import XP_FLAGS
from starloom.job import logged
from starloom.prepare.spectra import inputs
from starloom.tables import read_arrays, read_model, write_table
from starloom.training import scatter_vae as vae


def main(model_path, xp_path, latent_path):
    model = vae.from_model(*read_model(model_path))
    arrays = read_arrays(xp_path)
    full = model.architecture.likelihood == "full"
    given, correlation = inputs(arrays, full)
    good, dropped = vae.usable(**given)
    stars = vae.standardise(
        **{k: v[good] for k, v in given.items()}, mean=model.mean, std=model.std
    )
    stars |= {"correlation": correlation[good]} if full else {}
    found = vae.predict(model, stars)
    far = np.zeros(len(good), bool)
    far[good] = found.pop("out_of_range")
    columns = {"source_id": arrays["source_id"]}
    for name, values in found.items():
        columns[name] = np.full((len(good), *values.shape[1:]), np.nan, values.dtype)
        columns[name][good] = values
    columns["xp_flag"] = arrays["xp_flag"] | np.where(far, XP_FLAGS["out_of_range"].mask, 0)
    write_table(latent_path, columns)
    print(f"{good.sum()} stars encoded, {far.sum()} out of range; not encoded: {dropped}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.input.xp, job.output.latent)
