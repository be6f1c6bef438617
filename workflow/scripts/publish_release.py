"""Write what goes with the merged catalogue: metadata for repositories, and its changelog."""

from pathlib import Path

from starloom.job import logged
from starloom.provenance import fingerprint
from starloom.publish.release import changes, datacite, read_citation, say_about, zenodo
from starloom.tables import atomic, read_meta, read_table, write_json


def main(inputs, outputs, citation_path, release, catalogs, data):
    columns, described = _read(inputs.parquet)
    about = say_about(len(columns["source_id"]), len(columns), catalogs, data)
    citation = read_citation(citation_path)
    paths = (inputs.parquet, inputs.fits, inputs.votable, inputs.hats)
    files = {Path(path).name: fingerprint(path)["bytes"] for path in paths}
    write_json(outputs.datacite, datacite(citation, release, files, about))
    write_json(outputs.zenodo, {"metadata": zenodo(citation, release, about)})
    before = _read(inputs.previous) if inputs.previous else None
    with atomic(outputs.changes) as temporary:
        temporary.write_text(changes((columns, described), before, release, about))
    print(about)


def _read(path):
    return read_table(path), read_meta(path).get("columns", {})


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        citation = Path(job.scriptdir).resolve().parents[1] / "CITATION.cff"
        params = (job.params.release, job.params.catalogs, job.params.data)
        main(job.input, job.output, citation, *params)
