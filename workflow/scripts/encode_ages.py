"""Encode a batch of APOGEE spectra, a chunk at a time: memory does not grow with the batch."""

import numpy as np

from starloom.job import logged
from starloom.studies import ages as study
from starloom.tables import open_arrays, read_model, stack, write_table

CHUNK = 1024


def main(model_path, apogee_path, latent_path):
    model = study.from_model(*read_model(model_path))
    spectra = open_arrays(apogee_path)
    parts = []
    for start in range(0, max(spectra["flux"].shape[0], 1), CHUNK):
        rows = slice(start, start + CHUNK)
        names = ("allstar_row", "source_id", "spectrum_flag")
        found = study.encode(model, spectra["flux"][rows])
        flat = {name: values.reshape(len(values), -1) for name, values in found.items()}
        parts.append({name: spectra[name][rows] for name in names} | flat)
    table = stack(parts)
    write_table(latent_path, table)
    print(f"{len(table['source_id'])} spectra, {np.sum(table['spectrum_flag'] == 0)} of them good")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.model, job.input.apogee, job.output.latent)
