"""Take a trained scatter VAE from elsewhere, after reading it as a model."""

from starloom.job import logged
from starloom.tables import read_model, write_model
from starloom.training import scatter_vae as vae


def main(model_path, adopted_path):
    model, card = vae.from_model(*read_model(model_path)), read_model(model_path)[1]
    write_model(adopted_path, *vae.to_model(model, **card))
    print(f"adopted {model_path}: {model.architecture}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.output.model)
