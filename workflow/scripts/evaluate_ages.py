"""Ask the test stars how good ages and latent space are; on the simulated sky, the truth too."""

import numpy as np

from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.ages.catalog import NAMES, labels_of
from starloom.studies.ages.scores import catalog_scores, history_scores, test_scores, truth_scores
from starloom.tables import read_arrays, read_json, read_table, write_json


def main(paths, evaluation_path):
    predicted = read_table(paths.predicted)
    scores = test_scores(predicted)
    names = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    labels = labels_of(read_allstar(paths.allstar, names))
    scores |= catalog_scores(read_table(paths.catalog), labels["alpha_m"], labels["logg"])
    scores |= history_scores({path: read_table(path) for path in paths.histories})
    disagreement = read_arrays(paths.spectra, ["disagreement"])["disagreement"]
    scores["pairs"] = {"value": len(predicted["kic"]), "error": None, "n": None}
    if len(disagreement):
        value = float(np.median(disagreement))
        scores["disagreement"] = {"value": value, "error": None, "n": len(disagreement)}
    if paths.stars:
        stars, seismic = (read_table(paths[name][0]) for name in ("stars", "seismology"))
        rows = rows_of(predicted["source_id"], stars["source_id"])
        truth = {name: values[rows] for name, values in stars.items()}
        rows = rows_of(predicted["source_id"], seismic["source_id"])
        truth |= {name: seismic[name][rows] for name in ("numax_uhz", "dnu_uhz")}
        scores |= truth_scores(predicted, truth)
    counts = read_json(paths.counts)
    write_json(evaluation_path, {"scores": scores, "pairs": counts})
    print(*(f"{name}: {score}" for name, score in scores.items()), sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, job.output.evaluation)
