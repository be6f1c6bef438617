"""Train a variant of chemical tagging on the twin library, its pairs not known as such."""

from pathlib import Path

import numpy as np

from starloom.job import logged
from starloom.studies.tagging import library as twins
from starloom.studies.tagging.model import to_model, train
from starloom.studies.tagging.spectra import noisy
from starloom.tables import read_arrays, stack, write_model, write_table


def main(library_path, folder, history_path, variant, choices, library, snr, seed, checkpoints):
    stars, lost = twins.whole_pairs(read_arrays(library_path))
    print(f"{len(stars['pair']) // 2} pairs; {lost} left out")
    adds = choices["noise"] == "fresh"
    noise = 1 / (snr * np.sqrt(library["bin"]))
    histories = []
    for number in range(variant["seeds"]):
        own = seed + number
        spectra = noisy(stars["flux"], np.inf if adds else snr, library["bin"], [own])
        given = {"remove": variant["remove"], "choices": choices, "noise": noise, "seed": own}
        tagger, fit = train(
            variant["method"],
            spectra,
            stars,
            **given,
            folder=Path(checkpoints) / f"seed-{number}",
        )
        card = {"seed": own, "library": library, "training": choices.get("training")}
        write_model(Path(folder) / f"seed-{number}", *to_model(tagger, **card))
        losses = fit.history if fit else {"train_loss": np.zeros(0)}
        epoch = np.arange(len(losses["train_loss"])) + 1
        histories.append({"seed": np.full_like(epoch, number), "epoch": epoch} | losses)
    write_table(history_path, stack(histories))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("variant", "choices", "library", "snr", "seed", "checkpoint")
        files = (job.input.library, job.output.model, job.output.history)
        main(*files, *(job.params[key] for key in keys))
