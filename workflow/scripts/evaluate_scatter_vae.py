"""Ask the test stars, which no training saw, how good the scatter VAE is."""

from starloom.job import logged
from starloom.prepare.spectra import inputs, names
from starloom.prepare.split import unseen
from starloom.tables import read_arrays, read_model, stack, write_json, write_table
from starloom.training import scatter_vae as vae


def main(model_path, xp_paths, evaluation_path, residuals_path, data):
    stored, card = read_model(model_path)
    model = vae.from_model(stored, card)
    full = model.architecture.likelihood == "full"
    arrays = stack([read_arrays(path, names(full)) for path in xp_paths])
    given, correlation = inputs(arrays, full)
    new = unseen(arrays["source_id"], card["split"]) | (card["data"] != data)
    held_out = new & vae.usable(**given)[0]
    if not held_out.any():
        raise ValueError(
            "no usable star that the model has not seen: give more stars or raise split/test"
        )
    chosen = {name: values[held_out] for name, values in given.items()}
    ready = vae.standardise(**chosen, mean=model.mean, std=model.std)
    ready |= {"correlation": correlation[held_out]} if full else {}
    numbers, residuals = vae.evaluate(model, ready)
    write_json(evaluation_path, numbers)
    write_table(residuals_path, {"source_id": arrays["source_id"][held_out], **residuals})
    print(numbers)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.output.evaluation, job.output.residuals)
        main(*files, job.params.data)
