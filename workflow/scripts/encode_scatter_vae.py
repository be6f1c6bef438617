"""Project the XP spectra of one file into the latent space of the scatter VAE."""

from starloom.job import logged
from starloom.studies.scatter_vae.encode import encode
from starloom.tables import read_arrays, read_model, write_table
from starloom.training import scatter_vae as vae


def main(model_path, xp_path, latent_path):
    model = vae.from_model(*read_model(model_path))
    columns, dropped, far = encode(model, read_arrays(xp_path))
    write_table(latent_path, columns)
    encoded = len(columns["source_id"]) - sum(dropped.values())
    print(f"{encoded} stars encoded, {far} out of range; not encoded: {dropped}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.input.xp, job.output.latent)
