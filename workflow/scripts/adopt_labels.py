"""Take a trained network of the labels from elsewhere, after reading it as a model."""

from starloom.job import logged
from starloom.studies import labels as study
from starloom.tables import read_model, write_model


def main(model_path, adopted_path):
    stored, card = read_model(model_path)
    model = study.from_model(stored, card)
    write_model(adopted_path, *study.to_model(model, **card))
    print(f"adopted {model_path}: {model.architecture}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.output.model)
