"""Train the rival from labels to XP spectra on the training stars of the scatter VAE."""

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.split import TEST, learning
from starloom.studies.scatter_vae.zgr23 import FIRST_CURVE, LABELS, prepared
from starloom.tables import read_arrays, read_table, write_model, write_table
from starloom.training import forward_xp
from starloom.training.fit import Settings


def main(xp_paths, stars_path, model_path, history_path, seed, widths, training, made, folder):
    stars = read_table(stars_path)
    known = stars["in_full"] & (stars["split"] != TEST)
    known &= np.logical_and.reduce([np.isfinite(stars[name]) for name in LABELS])
    stars = {name: values[known] for name, values in stars.items()}
    ready = prepared((read_arrays(path) for path in xp_paths), stars)
    rows = rows_of(ready["source_id"], stars["source_id"])
    ready["labels"] = np.stack([stars[name][rows] for name in LABELS], axis=1)
    given = {name: ready[name] for name in ("labels", "log_flux", "white", "prior")}
    seen, unseen = learning(given, stars["split"][rows])
    print(f"{len(seen['labels'])} training, {len(unseen['labels'])} validation stars")
    settings = Settings(**training, weight_decay=0.0)
    choices = {"curve": FIRST_CURVE, "widths": widths, "settings": settings}
    identity = {"code": made.pop("code")}
    model, fit = forward_xp.train(
        seen, unseen, **choices, seed=seed, folder=folder, identity=identity
    )
    card = made | {"best_epoch": int(fit.best_epoch), "seed": seed, "training": training}
    write_model(model_path, *forward_xp.to_model(model, **card, labels=list(LABELS)))
    epoch = {"epoch": np.arange(len(fit.history["train_loss"])) + 1}
    write_table(history_path, epoch | fit.history)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.stars, job.output.model, job.output.history)
        made = {**job.params.made, "code": job.params.code}
        settings = (job.params.seed, job.params.widths, job.params.training)
        main(*files, *settings, made, job.params.checkpoint)
