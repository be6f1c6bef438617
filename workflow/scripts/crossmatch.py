"""Find each Gaia source in the other surveys, one to one, and count every outcome."""

from starloom.archives.gaia import read_gaia_source
from starloom.archives.sdss import read_allstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.job import logged
from starloom.prepare.crossmatch import crossmatch
from starloom.tables import stack, write_json, write_table


def main(gaia_paths, twomass_path, unwise_path, allstar_path, matches_path, counts_path, options):
    gaia = stack([read_gaia_source(path) for path in gaia_paths])
    others = {
        "apogee": read_allstar(allstar_path[0]) if allstar_path else None,
        "twomass": read_twomass(twomass_path[0]) if twomass_path else None,
        "unwise": read_unwise(unwise_path[0]) if unwise_path else None,
    }
    matches, counts = crossmatch(gaia, **others, options=options)
    write_table(matches_path, matches)
    write_json(counts_path, counts)
    for survey, outcome in counts.items():
        print(survey, outcome)


if __name__ == "__main__":
    job = snakemake  # noqa: F821, Snakemake puts it there
    with logged(job):
        main(
            job.input.gaia_source,
            job.input.twomass,
            job.input.unwise,
            job.input.allstar,
            job.output.matches,
            job.output.counts,
            job.params.options,
        )
