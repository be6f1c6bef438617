"""Make one catalogue of all parts of the sky, and say what is in it and what is not."""

from pathlib import Path

from starloom.job import logged
from starloom.publish.hats_parts import join_parts
from starloom.tables import write_json


def main(parts, catalog_path, summary_path, name, left_out, data):
    counts = join_parts(catalog_path, [Path(part) for part in parts], name)
    write_json(summary_path, counts | {"files": len(parts), "left_out": left_out, "data": data})
    print(f"{counts['rows']} stars in {counts['pixels']} pixels from {len(parts)} files")
    print(f"left out by allsky/leave_out: {', '.join(left_out) or 'none'}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        files = (job.input.parts, job.output.catalog, job.output.summary)
        main(*files, *(job.params[key] for key in ("name", "left_out", "data")))
