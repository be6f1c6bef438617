"""Find each Gaia source in the other surveys, one to one, and count every outcome."""

from starloom.archives.gaia import read_gaia_source, read_xp
from starloom.archives.sdss import read_allstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.job import logged
from starloom.prepare.crossmatch import crossmatch
from starloom.tables import read_table, stack, write_json, write_table


def main(paths, matches_path, counts_path, options):
    gaia = [read_gaia_source(path) for path in paths["gaia_source"]]
    # Without a gaia_source table the stars are known by their identifiers alone.
    gaia = gaia or [{"source_id": read_xp(path, False)["source_id"]} for path in paths["xp"]]
    others = {
        "apogee": [read_allstar(path) for path in paths["allstar"]],
        "twomass": [read_twomass(path) for path in paths["twomass"]],
        "unwise": [read_unwise(path) for path in paths["unwise"]],
        "kepler": [read_table(path) for path in paths["kepler"]],
    }
    others = {name: stack(tables) if tables else None for name, tables in others.items()}
    matches, counts = crossmatch(stack(gaia), **others, options=options)
    write_table(matches_path, matches)
    write_json(counts_path, counts)
    for survey, outcome in counts.items():
        print(survey, outcome)


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        names = ("gaia_source", "xp", "twomass", "unwise", "allstar", "kepler")
        main(
            {name: job.input[name] for name in names},
            job.output.matches,
            job.output.counts,
            job.params.options,
        )
