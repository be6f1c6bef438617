"""Ask the test stars, which no training saw, how good the scatter VAE is."""

from starloom.job import logged
from starloom.prepare.identifiers import join_ids
from starloom.prepare.spectra import inputs
from starloom.studies import scatter_vae as study
from starloom.tables import read_arrays, read_model, read_table, stack, write_json, write_table


def main(model_path, xp_paths, stars_path, evaluation_path, residuals_path):
    model = study.from_model(*read_model(model_path))
    full = model.architecture.likelihood == "full"
    arrays = stack([read_arrays(path) for path in xp_paths])
    stars = read_table(stars_path, ["source_id", "split"])
    split = stars["split"][join_ids(arrays["source_id"], stars["source_id"])]
    given, correlation = inputs(arrays, full)
    held_out = (split == 2) & study.usable(**given)[0]
    if not held_out.any():
        raise ValueError("no usable star in the test set: give more stars, or a larger split/test")
    chosen = {name: values[held_out] for name, values in given.items()}
    ready = study.standardise(**chosen, mean=model.mean, std=model.std)
    ready |= {"correlation": correlation[held_out]} if full else {}
    numbers, residuals = study.evaluate(model, ready)
    write_json(evaluation_path, numbers)
    write_table(residuals_path, {"source_id": arrays["source_id"][held_out], **residuals})
    print(numbers)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.input.stars)
        main(*files, job.output.evaluation, job.output.residuals)
