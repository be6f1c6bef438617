"""Train networks that each leave out a part of the training stars, and ask them of that part."""

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TRAINING, VALIDATION
from starloom.studies import labels as study
from starloom.tables import read_arrays, read_table, stack, write_table
from starloom.training.fit import Settings


def main(xp_paths, stars_path, folds_path, seed, folds, model, training, zero_point, folder, code):
    arrays = stack([read_arrays(path, names(True)) for path in xp_paths])
    sample = study.sample_of(arrays, read_table(stars_path), zero_point)
    choices = {"architecture": study.Architecture(**model), "settings": Settings(**training)}
    choices |= {"folder": folder, "identity": {"code": code}}
    table = study.cross_fit(
        sample.part(TRAINING), sample.part(VALIDATION), folds=folds, seed=seed, **choices
    )
    write_table(folds_path, table)
    print(f"{len(table['fold'])} stars in {folds} folds")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        keys = ("seed", "folds", "model", "training", "zero_point", "checkpoint", "code")
        files = (job.input.xp, job.input.stars, job.output.folds)
        main(*files, *(job.params[key] for key in keys))
