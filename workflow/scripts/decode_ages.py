"""Power spectra that the model predicts, and what in a spectrum moves the latent position."""

import numpy as np

from starloom.archives.sdss import wavelength
from starloom.job import logged
from starloom.prepare.continuum import kept_pixels
from starloom.prepare.split import TEST
from starloom.studies import ages as study
from starloom.tables import read_arrays, read_model, read_table, write_arrays, write_table

LOW_UHZ, HIGH_UHZ = (15.0, 20.0), (180.0, 220.0)
"""Numax of the giants of the paper's Fig. 6."""


def main(model_path, pairs_path, predicted_path, spectra_path, samples_path, slopes_path, few):
    model = study.from_model(*read_model(model_path))
    names = ["flux", "log_ratio", "split", "kic", "numax", "state"]
    pairs = read_arrays(pairs_path, names)
    test = {name: values[pairs["split"] == TEST] for name, values in pairs.items()}
    test["predicted"] = study.reconstruct(model, test.pop("flux"))
    broad = study.residual(test["log_ratio"], test["predicted"])
    test["disagreement"] = study.disagreement(broad, model.spread)
    write_arrays(spectra_path, test)
    known = read_table(predicted_path)
    place = [np.argmin(np.abs(known["numax"] - numax)) for numax in (11, 40, 75, 110, 190)]
    latent = np.stack([known[f"z{i}"] for i in range(model.architecture.latent)], axis=1)
    z = np.concatenate([latent[place], [3 * np.ones(latent.shape[1])]])
    numax = np.append(known["numax"][place], np.nan)
    write_arrays(samples_path, {"z": z, "log_ratio": study.decode(model, z), "numax": numax})
    columns = {"wavelength": wavelength()[kept_pixels()]}
    for name, (low, high) in (("low", LOW_UHZ), ("high", HIGH_UHZ)):
        chosen = (pairs["state"] == 1) & (np.abs(pairs["numax"] - (low + high) / 2) < (high - low))
        flux = pairs["flux"][np.flatnonzero(chosen)[:few]]
        if len(flux):
            columns[name] = np.median(study.jacobian(model, flux), axis=0).T.astype(np.float32)
    write_table(slopes_path, columns)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.model, job.input.pairs, job.input.predicted)
        outputs = (job.output.spectra, job.output.samples, job.output.slopes)
        main(*files, *outputs, job.params.stars)
