"""What the network looks at: attention to its inputs, and its derivative as spectra."""

import numpy as np

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TEST
from starloom.prepare.wavelength import Calibrator
from starloom.studies import labels as study
from starloom.studies.labels import attention
from starloom.studies.labels.spectra import derivative_spectra
from starloom.tables import read_arrays, read_model, read_table, stack, write_json, write_table


def main(paths, attention_path, spectra_path, scores_path):
    stored, card = read_model(paths["model"])
    model = study.from_model(stored, card)
    arrays = stack([read_arrays(path, names(True)) for path in paths["xp"]])
    sample = study.sample_of(arrays, read_table(paths["stars"]), card["zero_point"])
    truth = read_table(paths["truth"][0]) if paths["truth"] else None
    test = study.standardise(sample.part(TEST).raw, model.scaling)
    slope = attention.slopes(model, test)
    looked = attention.attention(slope, test, model.scaling.y_std)
    write_table(attention_path, dict(zip(study.LABELS, looked, strict=True)))
    spectra, scores = derivative_spectra(model, sample, Calibrator(), truth)
    write_table(spectra_path, spectra)
    write_json(scores_path, scores)
    print(f"{np.shape(slope)[0]} test stars;", scores)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        paths = {name: job.input[name] for name in ("model", "xp", "stars", "truth")}
        main(paths, job.output.attention, job.output.spectra, job.output.scores)
