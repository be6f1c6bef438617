"""Ask the test stars how good ages and latent space are; on the simulated sky, the truth too."""

from starloom.archives.astronn import read_astronn
from starloom.archives.sdss import read_allstar
from starloom.job import logged
from starloom.studies import ages as study
from starloom.studies.ages import scores as ask
from starloom.studies.ages.catalog import NAMES, SURVEY
from starloom.tables import read_arrays, read_json, read_model, read_table, write_json


def main(paths, evaluation_path, options):
    seed = options["seed"]
    predicted, catalog = read_table(paths.predicted), read_table(paths.catalog)
    allstar = read_allstar(paths.allstar, [*NAMES, *(f"{name}_ERR" for name in NAMES), *SURVEY])
    labels = study.labels_of(allstar)
    scores = ask.test_scores(predicted, seed)
    scores |= ask.catalog_scores(catalog, labels["alpha_m"], labels["logg"], seed)
    scores |= ask.history_scores({path: read_table(path) for path in paths.histories})
    if paths.astronn:
        scores |= ask.beside_astronn(catalog, read_astronn(paths.astronn[0]), seed)
    disagreement = read_arrays(paths.spectra, ["disagreement"])["disagreement"]
    scores |= ask.pair_scores(predicted, disagreement)
    if paths.stars:
        stars, seismology = read_table(paths.stars[0]), read_table(paths.seismology[0])
        truth = ask.columns_of(predicted["source_id"], stars, seismology)
        scores |= ask.truth_scores(predicted, truth, seed)
        scores |= ask.alpha_scores(predicted, truth, **options)
        forests = read_model(paths.forests)[0]
        latents = [read_table(path) for path in paths.latents]
        ages = study.ages_of_each(allstar, latents, forests)
        scores |= ask.unseen_scores(catalog, ages, predicted, stars, seed)
    write_json(evaluation_path, {"scores": scores, "pairs": read_json(paths.counts)})
    print(*(f"{name}: {score}" for name, score in scores.items()), sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input, job.output.evaluation, job.params.options)
