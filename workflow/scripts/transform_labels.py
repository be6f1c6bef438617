"""The comparison's transformer: train it on the training stars, ask it of those it has not seen."""

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TRAINING, VALIDATION
from starloom.studies import labels as study
from starloom.studies.labels.tokens import answers
from starloom.tables import read_arrays, read_table, stack, write_table
from starloom.training.fit import Settings


def main(xp_paths, stars_path, answers_path, seed, transformer, zero_point, folder, code):
    arrays = stack([read_arrays(path, names(True)) for path in xp_paths])
    sample = study.sample_of(arrays, read_table(stars_path), zero_point)
    unseen = sample.chosen(sample.stars["split"] != TRAINING)
    sizes = {k: v for k, v in transformer.items() if k != "training"}
    choices = sizes | {"folder": folder, "identity": {"code": code}, "seed": seed}
    choices["settings"] = Settings(**transformer["training"])
    value, sigma = answers(sample.part(TRAINING), sample.part(VALIDATION), unseen, **choices)
    found = {"source_id": unseen.stars["source_id"], "value": value, "sigma": sigma}
    write_table(answers_path, found)
    print(f"{len(value)} stars predicted")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.xp, job.input.stars, job.output.answers)
        keys = ("seed", "transformer", "zero_point", "checkpoint", "code")
        main(*files, *(job.params[key] for key in keys))
