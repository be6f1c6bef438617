"""Ask the simulated sky whether siblings of an open cluster are near in the latent."""

from starloom.job import logged
from starloom.studies.tagging.clusters import membership, statistics
from starloom.tables import read_table, write_json


def main(latent_path, truth_path, clusters_path, seed, neighbours):
    latents = read_table(latent_path, ["source_id", "latent_mean", "outside"])
    truth = read_table(truth_path, ["source_id", "cluster"])
    able = ~latents["outside"]
    cluster = membership(latents["source_id"][able], truth)
    found = statistics(latents["latent_mean"][able], cluster, seed, neighbours)
    write_json(clusters_path, found)
    print(found)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.latent, job.input.truth, job.output.clusters)
        main(*files, job.params.seed, job.params.neighbours)
