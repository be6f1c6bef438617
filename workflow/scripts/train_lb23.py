"""Train the transformer LB23 on the spectra and labels of the training stars."""

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import inputs, names
from starloom.prepare.split import TRAINING, learning
from starloom.studies.scatter_vae import lb23
from starloom.tables import read_arrays, read_table, stack, write_model
from starloom.training import scatter_vae as vae
from starloom.training import token_transformer as tokens


def main(xp_paths, stars_path, model_path, seed, model, training, made, folder, code):
    arrays = stack([read_arrays(path, names(False)) for path in xp_paths])
    good, dropped = vae.usable(**inputs(arrays, False)[0])
    arrays = {name: values[good] for name, values in arrays.items()}
    stars = read_table(stars_path)
    rows = rows_of(arrays["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    labels, value, error = lb23.learned(arrays, stars)
    ready, mean, std = tokens.prepare(value, error, stars["split"] == TRAINING)
    seen, unseen = learning(ready, stars["split"])
    print(f"{len(seen['value'])} training, {len(unseen['value'])} validation stars; {dropped}")
    groups = lb23.groups(value.shape[1] - len(labels), len(labels))
    architecture = tokens.Architecture(groups, **model)
    given = {"mean": mean, "std": std, "architecture": architecture}
    given |= {"settings": tokens.Settings(**training), "seed": seed, "folder": folder}
    trained, fit = tokens.train(seen, unseen, **given, identity={"code": code})
    card = made | {"best_epoch": int(fit.best_epoch), "seed": seed, "labels": labels}
    write_model(model_path, *tokens.to_model(trained, **card, dropped=dropped))


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.stars, job.output.model)
        keys = ("seed", "model", "training", "made", "checkpoint", "code")
        main(*files, *(job.params[key] for key in keys))
