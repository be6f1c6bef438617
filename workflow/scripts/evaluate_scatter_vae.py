"""Ask the test stars, which no training saw, how good the scatter VAE is."""

from starloom.job import logged
from starloom.prepare.spectra import inputs
from starloom.studies.scatter_vae.errors import WAVELENGTH_NM, reconstructed, wavelength_errors
from starloom.studies.scatter_vae.sample import held_out
from starloom.tables import read_arrays, read_model, write_json, write_table
from starloom.training import scatter_vae as vae


def main(model_path, xp_paths, evaluation_path, residuals_path, data):
    stored, card = read_model(model_path)
    model = vae.from_model(stored, card)
    full = model.architecture.likelihood == "full"
    arrays = held_out((read_arrays(path) for path in xp_paths), full, card, data)
    given, correlation = inputs(arrays, full)
    ready = vae.standardise(**given, mean=model.mean, std=model.std)
    ready |= {"correlation": correlation} if full else {}
    numbers, residuals = vae.evaluate(model, ready)
    residuals["relative_flux"] = wavelength_errors(arrays, reconstructed(model, ready))
    write_json(evaluation_path, numbers)
    meta = {"wavelength_nm": WAVELENGTH_NM.tolist()}
    write_table(residuals_path, {"source_id": arrays["source_id"], **residuals}, meta)
    print(numbers)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.xp, job.output.evaluation, job.output.residuals)
        main(*files, job.params.data)
