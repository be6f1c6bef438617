"""Find populations of candidates in the latent space, after asking how stable they are."""

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.cemp import populations as study
from starloom.tables import read_table, write_json, write_table


def main(latent_path, stars_path, labels_path, sweep_path, summary_path, options, variance, seed):
    latent = read_table(latent_path)
    stars = read_table(stars_path, ["source_id", "phot_g_mean_mag"])
    magnitude = stars["phot_g_mean_mag"][rows_of(latent["source_id"], stars["source_id"])]
    means = [values for name, values in latent.items() if name.startswith("latent_mean")]
    standardised = [study.standardised(mean, variance) for mean in means]
    latents, idle = [z for z, _ in standardised], standardised[0][1]
    grid = (options[name] for name in ("min_cluster_size", "min_samples", "methods"))
    swept = study.sweep(latents, *grid, bootstraps=options["bootstraps"], seed=seed)
    row = study.choose(swept, options["least_stability"])
    chosen = {name: values[row].item() for name, values in swept.items()}
    setting = {name: chosen[name] for name in ("min_cluster_size", "min_samples", "method")}
    labels, membership, _ = study.cluster(latents[0], **setting)
    if labels.max() < 0:
        print(f"HDBSCAN finds no population among {len(labels)} candidates: all are noise")
    bins = study.by_magnitude(latents[0], magnitude, labels, setting, options["magnitude_bins"])
    columns = {"source_id": latent["source_id"], "population": labels, "membership": membership}
    write_table(labels_path, columns)
    write_table(sweep_path, swept)
    chosen = {name: None if value != value else value for name, value in chosen.items()}
    summary = {"chosen": chosen, "row": row, "bins": bins, "idle_dimensions": idle}
    write_json(summary_path, summary | {"candidates": len(labels)})
    print(chosen, *bins, sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.latent, job.input.stars, *job.output)
        keys = ("options", "least_variance", "seed")
        main(*files, *(job.params[key] for key in keys))
