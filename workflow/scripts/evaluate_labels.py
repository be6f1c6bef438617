"""Ask the stars that no training saw how good every method's labels and errors are."""

from pathlib import Path

from starloom.job import logged
from starloom.prepare.spectra import names
from starloom.prepare.split import TEST, VALIDATION
from starloom.studies import labels as study
from starloom.studies.labels.evaluate import evaluate, judged, test_table, with_truth
from starloom.tables import read_arrays, read_model, read_table, stack, write_json, write_table


def main(paths, test_path, evaluation_path, seed, zero_point):
    models = {Path(path).name: study.from_model(*read_model(path)) for path in paths["models"]}
    arrays = stack([read_arrays(path, names(True)) for path in paths["xp"]])
    sample = study.sample_of(arrays, read_table(paths["stars"]), zero_point)
    others = {name: read_table(paths[name]) for name in ("xgboost", "transformer")}
    table = test_table(sample.part(TEST), models, others, sample.part(VALIDATION))
    folds = read_table(paths["folds"])
    if paths["truth"]:
        truth = read_table(paths["truth"][0])
        table, folds = with_truth(table, truth), with_truth(folds, truth)
    found = evaluate(table, seed) | judged(folds, seed)
    write_table(test_path, table)
    write_json(evaluation_path, {"scores": found, "cuts": sample.counts})
    for name, entry in found.items():
        print(name, {key: round(value, 4) for key, value in entry.items()})


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input, job.output.test, job.output.evaluation)
        main(*files, job.params.seed, job.params.zero_point)
