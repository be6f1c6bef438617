"""Ask the test stars how good ages and latent space are; on the simulated sky, the truth too."""

import numpy as np

from starloom.archives.astronn import read_astronn
from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.ages import scores as ask
from starloom.studies.ages.catalog import NAMES, labels_of
from starloom.tables import read_arrays, read_json, read_table, write_json


def main(paths, evaluation_path, options):
    seed = options["seed"]
    predicted, catalog = read_table(paths.predicted), read_table(paths.catalog)
    names = [*NAMES, *(f"{name}_ERR" for name in NAMES)]
    labels = labels_of(read_allstar(paths.allstar, names))
    scores = ask.test_scores(predicted, seed)
    scores |= ask.catalog_scores(catalog, labels["alpha_m"], labels["logg"], seed)
    scores |= ask.history_scores({path: read_table(path) for path in paths.histories})
    if paths.astronn:
        scores |= ask.beside_astronn(catalog, read_astronn(paths.astronn[0]), seed)
    disagreement = read_arrays(paths.spectra, ["disagreement"])["disagreement"]
    scores["pairs"] = {"value": len(predicted["kic"]), "error": None, "n": None}
    if len(disagreement):
        value = float(np.median(disagreement))
        scores["disagreement"] = {"value": value, "error": None, "n": len(disagreement)}
    if paths.stars:
        truth = {}
        for table in (read_table(paths.stars[0]), read_table(paths.seismology[0])):
            rows = rows_of(predicted["source_id"], table["source_id"])
            truth |= {name: values[rows] for name, values in table.items()}
        scores |= ask.truth_scores(predicted, truth, seed)
        scores |= ask.alpha_scores(predicted, truth, **options)
        scores |= ask.unseen_scores(catalog, predicted, read_table(paths.stars[0]), seed)
    write_json(evaluation_path, {"scores": scores, "pairs": read_json(paths.counts)})
    print(*(f"{name}: {score}" for name, score in scores.items()), sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, job.output.evaluation, job.params.options)
