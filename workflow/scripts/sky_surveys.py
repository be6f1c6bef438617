"""Write what APOGEE, astroNN, 2MASS, unWISE and LAMOST report of the simulated stars."""

from starloom.job import logged
from starloom.sky import labels
from starloom.sky.files import write_allstar, write_labels, write_twomass, write_unwise
from starloom.sky.shards import shards, survey_tables, write_in_parts
from starloom.tables import stack, write_json


def main(stars_path, photometry_paths, paths, rows_path, seed, sky):
    rows = {}
    for survey, path, table, write in (
        ("apogee", paths.allstar, labels.apogee, write_allstar),
        ("twomass", paths.twomass, labels.twomass, write_twomass),
        ("unwise", paths.unwise, labels.unwise, write_unwise),
        ("astronn", paths.astronn, labels.astronn, write_labels),
        ("lamost", paths.lamost, labels.lamost, write_labels),
        ("lamost_mrs", paths.lamost_mrs, labels.lamost_mrs, write_labels),
    ):
        rows[survey] = []
        parts = shards(stars_path, photometry_paths)
        tables = survey_tables(table, parts, seed, sky["error_scale"], rows[survey])
        if write is write_labels:
            write(path, stack(list(tables)))
        else:
            write_in_parts(path, tables, write)
        print(f"{survey}: {len(rows[survey])} simulated rows")
    write_json(rows_path, rows)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(
            job.input.stars,
            job.input.photometry,
            job.output,
            job.output.rows,
            job.params.seed,
            job.params.sky,
        )
