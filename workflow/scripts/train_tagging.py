"""Train a variant of chemical tagging on the twin library, its pairs not known as such."""

from pathlib import Path

import numpy as np

from starloom.job import logged
from starloom.studies.tagging import library as twins
from starloom.studies.tagging.model import to_model, train
from starloom.studies.tagging.spectra import noisy
from starloom.tables import read_arrays, stack, write_model, write_table


def main(paths, variant, choices, library, snr, seed, checkpoints, code):
    stars, lost = twins.whole_pairs(read_arrays(paths["library"]))
    print(f"{len(stars['pair']) // 2} pairs; {lost} left out")
    adds, size = choices["noise"] == "fresh", library["bin"]
    given = {"remove": variant["remove"], "choices": choices, "identity": {"code": code}}
    given["noise"] = 1 / (snr * np.sqrt(size))
    histories = []
    for number in range(variant["seeds"]):
        own = seed + number
        spectra = noisy(stars["flux"], np.inf if adds else snr, size, [own])
        folder = Path(checkpoints) / f"seed-{number}"
        tagger, fit = train(variant["method"], spectra, stars, **given, seed=own, folder=folder)
        card = {"seed": own, "library": library, "training": choices.get("training")}
        write_model(Path(paths["model"]) / f"seed-{number}", *to_model(tagger, **card))
        losses = fit.history if fit else {"train_loss": np.zeros(0)}
        epoch = np.arange(len(losses["train_loss"])) + 1
        histories.append({"seed": np.full_like(epoch, number), "epoch": epoch} | losses)
    write_table(paths["history"], stack(histories))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("variant", "choices", "library", "snr", "seed", "checkpoint", "code")
        main(dict(job.input.items()) | dict(job.output.items()), *(job.params[k] for k in keys))
