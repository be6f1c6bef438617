"""Train scatter VAEs, which differ in their seed, on the candidates alone."""

from pathlib import Path

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.prepare.spectra import inputs, names
from starloom.prepare.split import TRAINING, learning
from starloom.tables import atomic, read_arrays, read_table, stack, write_model
from starloom.training import scatter_vae as vae


def main(
    xp_paths, candidates_path, stars_path, folder, seed, model, members, training, made, kept, code
):
    arrays = stack([read_arrays(path, names(False)) for path in xp_paths])
    stars = read_table(stars_path, ["source_id", "split"])
    chosen = read_table(candidates_path, ["source_id", "candidate"])
    rows = rows_of(arrays["source_id"], chosen["source_id"])
    arrays = {name: values[chosen["candidate"][rows]] for name, values in arrays.items()}
    split = stars["split"][rows_of(arrays["source_id"], stars["source_id"])]
    given, _ = inputs(arrays, False)
    ready, good, mean, std, dropped = vae.prepare(**given, training=split == TRAINING)
    seen, unseen = learning(ready, split[good])
    print(f"{len(seen['x'])} training, {len(unseen['x'])} validation candidates; {dropped}")
    scaling = {"mean": mean, "std": std, "settings": vae.Settings(**training)}
    architecture = vae.Architecture(n_input=len(mean), **model)
    named = {"seed": seed, "members": members, "folder": kept, "identity": {"code": code}}
    models, fit = vae.train_ensemble(seen, unseen, **scaling, architecture=architecture, **named)
    with atomic(folder) as temporary:
        for number, one in enumerate(models):
            one = vae.with_reference(one, seen, unseen, seed=seed)
            card = made | {"best_epoch": int(fit.best_epoch[number]), "seed": seed}
            arrays, card = vae.to_model(one, **card, member=number, dropped=dropped)
            write_model(Path(temporary) / f"member-{number:02d}", arrays, card)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.candidates, job.input.stars, job.output.models)
        keys = ("seed", "model", "members", "training", "made", "checkpoint", "code")
        main(*files, *(job.params[key] for key in keys))
