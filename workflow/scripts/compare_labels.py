"""Hold the labels of the stars that no training saw against LAMOST and GSP-Phot."""

from starloom.archives.lamost import read_labels
from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.labels.surveys import beside_surveys, compared_with_surveys
from starloom.tables import read_table, stack, write_json, write_table


def main(label_paths, stars_path, lamost_paths, surveys_path, scores_path, seed):
    found, stars = stack([read_table(path) for path in label_paths]), read_table(stars_path)
    rows = rows_of(found["source_id"], stars["source_id"])
    stars = {name: values[rows] for name, values in stars.items()}
    lamost = {kind: read_labels(path[0], kind) for kind, path in lamost_paths.items()}
    table = beside_surveys(found, stars, lamost)
    scores = compared_with_surveys(table, seed)
    write_table(surveys_path, table)
    write_json(scores_path, scores)
    for name, entry in scores.items():
        print(name, {key: round(value, 4) for key, value in entry.items()})


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        given = {name: job.input.get(name) for name in ("lamost_lrs", "lamost_mrs")}
        files = (job.input.labels, job.input.stars, {k: v for k, v in given.items() if v})
        main(*files, job.output.surveys, job.output.scores, job.params.seed)
