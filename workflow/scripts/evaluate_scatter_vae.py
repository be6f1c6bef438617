"""Ask the test stars, which no training saw, how good the scatter VAE is."""

from starloom.job import logged
from starloom.prepare.spectra import inputs
from starloom.prepare.split import unseen
from starloom.studies.scatter_vae import errors
from starloom.tables import read_arrays, read_model, stack, write_json, write_table
from starloom.training import scatter_vae as vae


def held_out(xp_path, card, data, full):
    """Stars of a file that the model has not seen and can read."""
    arrays = read_arrays(xp_path)
    new = unseen(arrays["source_id"], card["split"]) | (card["data"] != data)
    chosen = new & vae.usable(**inputs(arrays, full)[0])[0]
    return {name: values[chosen] for name, values in arrays.items()}


def main(model_path, xp_paths, evaluation_path, residuals_path, data):
    stored, card = read_model(model_path)
    model = vae.from_model(stored, card)
    full = model.architecture.likelihood == "full"
    arrays = stack([held_out(path, card, data, full) for path in xp_paths])
    if not len(arrays["source_id"]):
        raise ValueError(
            "no usable star that the model has not seen: give more stars or raise split/test"
        )
    given, correlation = inputs(arrays, full)
    ready = vae.standardise(**given, mean=model.mean, std=model.std)
    ready |= {"correlation": correlation} if full else {}
    numbers, residuals = vae.evaluate(model, ready)
    predicted = errors.reconstructed(model, ready)
    residuals["relative_flux"] = errors.wavelength_errors(arrays, predicted)
    write_json(evaluation_path, numbers)
    write_table(residuals_path, {"source_id": arrays["source_id"], **residuals})
    print(numbers)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.output.evaluation, job.output.residuals)
        main(*files, job.params.data)
