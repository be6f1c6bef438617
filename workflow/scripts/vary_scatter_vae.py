"""Train the scatter VAE with other choices, all alike, and ask the same test stars."""

from pathlib import Path

from starloom.job import logged
from starloom.numbers import write_numbers
from starloom.studies.scatter_vae import variants
from starloom.tables import read_arrays, read_table, write_table
from starloom.training import scatter_vae as vae


def main(xp_paths, stars_path, output, model, chosen, data, published_path, seed, folder, code):
    stars = read_table(stars_path, ["source_id", "split"])
    files = (read_arrays(path) for path in xp_paths)
    (seen, unseen, test), mean, std = variants.parts(files, stars, chosen["stars"], seed)
    print(f"{len(seen['x'])} training, {len(unseen['x'])} validation, {len(test['x'])} test stars")
    architecture = vae.Architecture(n_input=len(mean), **model)
    given = {"mean": mean, "std": std, "settings": vae.Settings(**chosen["training"])}
    given |= {"seed": seed, "folder": folder, "identity": {"code": code}}
    models = variants.trained(seen, unseen, architecture, chosen["members"], **given)
    table = variants.scored(models, test)
    write_table(output["table"], table)
    found = variants.numbers(table, seed)
    write_numbers(output["numbers"], found, data, published_path)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        published = Path(job.scriptdir).resolve().parents[1] / "config" / "published_numbers.csv"
        files = (job.input.xp, job.input.stars, job.output)
        keys = ("seed", "checkpoint", "code")
        params = (job.params.model, job.params.variants, job.params.data, published)
        main(*files, *params, *(job.params[key] for key in keys))
