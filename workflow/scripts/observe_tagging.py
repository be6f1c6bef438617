"""Train on observed giants and give each its latent."""

import numpy as np

from starloom.job import logged
from starloom.prepare.continuum import CHIP_SIZES
from starloom.prepare.split import unseen
from starloom.studies.tagging import observed
from starloom.studies.tagging.model import encode, to_model, train
from starloom.tables import read_arrays, read_table, write_model, write_table


def main(paths, outputs, observe, choices, size, snr, split, seed, checkpoints, code):
    stars = read_table(paths["stars"])
    keys = ("remove", "teff", "logg", "least_snr")
    cuts = {name: observe[name] for name in keys} | {"size": size, "runs": CHIP_SIZES}
    names = ["flux", "error", "source_id"]
    parts = [observed.giants(read_arrays(p, names), stars, **cuts) for p in paths["apogee"]]
    source_id, spectra, labels, lost = observed.gathered(parts)
    seen = ~unseen(source_id, split)
    print(f"{seen.sum()} giants to learn from, {(~seen).sum()} others; left out: {lost}")
    known = {name: values[seen] for name, values in labels.items()}
    tagger, _ = train(
        observe["method"],
        spectra.rows(seen),
        known,
        remove=observe["remove"],
        choices=choices,
        noise=1 / (snr * np.sqrt(size)),
        seed=seed,
        folder=checkpoints,
        identity={"code": code},
    )
    u, outside = tagger.u(labels)
    latent = {"source_id": source_id, "latent_mean": encode(tagger, spectra, u)}
    latent |= {name: labels[name] for name in ("teff", "logg", "snrev")}
    write_table(outputs["latent"], latent | {"outside": outside, "seen": seen})
    write_model(outputs["model"], *to_model(tagger, seed=seed, split=split, left_out=lost))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("observed", "choices", "bin", "snr", "split", "seed", "checkpoint", "code")
        main(job.input, job.output, *(job.params[key] for key in keys))
