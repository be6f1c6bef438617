"""Train a network, or an ensemble, on the labels of APOGEE's stars."""

import numpy as np

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TRAINING, VALIDATION
from starloom.studies import labels as study
from starloom.tables import read_arrays, read_table, stack, write_model, write_table
from starloom.training.fit import Settings


def main(paths, model_path, history_path, seed, model, training, made, folder, code):
    arrays = stack([read_arrays(path, names(True)) for path in paths["xp"]])
    sample = study.sample_of(arrays, read_table(paths["stars"]), made["zero_point"])
    for count in sample.counts:
        print(f"{count['name']}: {count['left']} left, {count['removed']} removed")
    parts = [sample.part(split) for split in (TRAINING, VALIDATION)]
    scaling = study.scaling_of(parts[0].raw, parts[0].labels)
    architecture = study.Architecture(**model)
    balanced = architecture.balanced
    weights = [study.label_weights(p.labels["value"]) if balanced else None for p in parts]
    ready = [
        study.standardise(part.raw, scaling) | study.targets(part.labels, scaling, weight)
        for part, weight in zip(parts, weights, strict=True)
    ]
    choices = {"scaling": scaling, "architecture": architecture}
    choices |= {"settings": Settings(**training), "identity": {"code": code}}
    trained, fit = study.train(*ready, **choices, seed=seed, folder=folder)
    folds = read_table(paths["folds"][0]) if paths["folds"] else None
    trained = study.finished(trained, *parts, folds)
    print("errors scaled by", dict(zip(study.LABELS, trained.sigma_scale, strict=True)))
    best = np.ravel(fit.best_epoch).tolist()
    card = made | {"best_epoch": best, "seed": seed, "training": training, "cuts": sample.counts}
    write_model(model_path, *study.to_model(trained, **card))
    epoch = {"epoch": np.arange(len(fit.history["train_loss"])) + 1}
    write_table(history_path, epoch | fit.history)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("seed", "model", "training", "made", "checkpoint", "code")
        files = (job.input, job.output.model, job.output.history)
        main(*files, *(job.params[key] for key in keys))
