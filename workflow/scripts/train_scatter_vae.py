"""Train the scatter VAE on the XP spectra of the training stars."""

import numpy as np

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import inputs, names
from starloom.prepare.split import TRAINING, learning
from starloom.tables import read_arrays, read_table, stack, write_model, write_table
from starloom.training import scatter_vae as vae


def main(xp_paths, stars_path, model_path, history_path, seed, model, training, made, folder, code):
    full = model["likelihood"] == "full"
    arrays = stack([read_arrays(path, names(full)) for path in xp_paths])
    stars = read_table(stars_path, ["source_id", "split"])
    split = stars["split"][rows_of(arrays["source_id"], stars["source_id"])]
    given, correlation = inputs(arrays, full)
    ready, good, mean, std, dropped = vae.prepare(**given, training=split == TRAINING)
    ready |= {"correlation": correlation[good]} if full else {}
    seen, unseen = learning(ready, split[good])
    print(f"{len(seen['x'])} training, {len(unseen['x'])} validation stars; dropped {dropped}")
    choices = {name: model[name] for name in ("latent", "widths", "scatter", "likelihood")}
    architecture = vae.Architecture(n_input=len(mean), **choices)
    settings = vae.Settings(**training)
    scaling = {"mean": mean, "std": std, "architecture": architecture, "settings": settings}
    trained, fit = vae.train(
        seen, unseen, **scaling, seed=seed, folder=folder, identity={"code": code}
    )
    if model["recalibrate"]:
        trained = vae.recalibrated(trained, unseen)
    trained = vae.with_reference(trained, seen, unseen, seed=seed)
    card = made | {"best_epoch": int(fit.best_epoch), "seed": seed, "training": training}
    write_model(model_path, *vae.to_model(trained, **card, dropped=dropped))
    epoch = {"epoch": np.arange(len(fit.history["train_loss"])) + 1}
    write_table(history_path, epoch | fit.history)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.stars, job.output.model, job.output.history)
        keys = ("seed", "model", "training", "made", "checkpoint", "code")
        main(*files, *(job.params[key] for key in keys))
