"""Train the encoder-decoder ensemble on the pairs."""

import numpy as np

from starloom.job import logged
from starloom.prepare.psd import settings_of
from starloom.prepare.split import learning
from starloom.studies import ages as study
from starloom.tables import read_arrays, read_json, write_model, write_table
from starloom.training.fit import Settings


def main(paths, model_path, history_path, psd, model, training, made, seed, folder, code):
    names = ["flux", "log_ratio", "numax", "split"]
    pairs = read_arrays(paths.pairs, names)
    made = made | {"psd": psd, "continuum": read_json(paths.continuum)["pixels"]}
    parts = learning(pairs, pairs["split"])
    print(f"{len(parts[0]['split'])} training, {len(parts[1]['split'])} validation pairs")
    grid = settings_of(psd)
    architecture = study.Architecture(n_output=grid.bins, **model)
    settings = [Settings(**step) for step in training["steps"]]
    choices = {"architecture": architecture, "settings": settings, "members": training["members"]}
    identity = {"code": code}
    trained, fits = study.train(parts, grid, **choices, seed=seed, folder=folder, identity=identity)
    trained = study.with_check(trained, parts[1])
    epochs = [found.best_epoch.tolist() for found in fits]
    write_model(model_path, *study.to_model(trained, **made, seed=seed, best_epochs=epochs))
    history = [
        {name: np.mean(values, axis=1) for name, values in found.history.items()} for found in fits
    ]
    names = ("train_loss", "validation_loss", "validation_reconstruction", "validation_kl")
    table = {name: np.concatenate([part[name] for part in history]) for name in names}
    step = np.repeat(np.arange(len(fits)), [len(part["train_loss"]) for part in history])
    write_table(history_path, {"step": step, "epoch": np.arange(len(step)) + 1} | table)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input, job.output.model, job.output.history)
        keys = ("psd", "model", "training", "made", "seed", "checkpoint", "code")
        main(*files, *(job.params[key] for key in keys))
