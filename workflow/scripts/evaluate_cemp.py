"""Hold the populations against the kinds of star that the simulated sky knows."""

from starloom.job import logged
from starloom.prepare.identifiers import rows_of
from starloom.studies.cemp.truth import recovery
from starloom.tables import read_table, write_json


def main(labels_path, truth_path, recovery_path):
    found = read_table(labels_path)
    truth = read_table(truth_path, ["source_id", "kind"])
    kind = truth["kind"][rows_of(found["source_id"], truth["source_id"])]
    result = recovery(kind.astype(str), found["population"])
    write_json(recovery_path, result)
    print(result)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.labels, job.input.truth, job.output.recovery)
