"""The baseline of boosted trees: train on the training stars, predict those it has not seen."""

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TRAINING
from starloom.studies import labels as study
from starloom.studies.labels.boosted import matrix, quantiles
from starloom.tables import read_arrays, read_table, stack, write_table


def main(xp_paths, stars_path, boosted_path, seed, boosted, zero_point):
    arrays = stack([read_arrays(path, names(True)) for path in xp_paths])
    sample = study.sample_of(arrays, read_table(stars_path), zero_point)
    seen, unseen = sample.part(TRAINING), sample.chosen(sample.stars["split"] != TRAINING)
    given = (matrix(seen.raw), seen.labels["value"], matrix(unseen.raw))
    low, value, high = quantiles(*given, **boosted, seed=seed).transpose(2, 0, 1)
    sigma = 0.5 * (high - low)
    found = {"source_id": unseen.stars["source_id"], "value": value, "sigma": sigma}
    write_table(boosted_path, found)
    print(f"{len(value)} stars predicted by trees of {len(seen.flag)}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.stars, job.output.boosted)
        main(*files, *(job.params[key] for key in ("seed", "boosted", "zero_point")))
