"""Project the candidates into the latent space of each expert model."""

from pathlib import Path

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import inputs, names
from starloom.tables import read_arrays, read_model, read_table, stack, write_table
from starloom.training import scatter_vae as vae


def main(folder, xp_paths, candidates_path, latent_path):
    arrays = stack([read_arrays(path, names(False)) for path in xp_paths])
    chosen = read_table(candidates_path, ["source_id", "candidate"])
    rows = rows_of(arrays["source_id"], chosen["source_id"])
    given, _ = inputs(arrays, False)
    member = chosen["candidate"][rows] & vae.usable(**given)[0]
    given = {name: values[member] for name, values in given.items()}
    columns = {"source_id": arrays["source_id"][member]}
    for number, path in enumerate(sorted(Path(folder).glob("member-*"))):
        model = vae.from_model(*read_model(path))
        ready = vae.standardise(**given, mean=model.mean, std=model.std)
        found = vae.predict(model, ready)
        columns[f"latent_mean_{number}"] = found["latent_mean"]
        if number == 0:
            shown = ("latent_sigma", "chi2", "outlier_score")
            columns |= {name: found[name].astype(np.float32) for name in shown}
    write_table(latent_path, columns)
    print(f"{member.sum()} candidates encoded, {len(columns) - 4} models")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.models, job.input.xp, job.input.candidates, job.output.latent)
