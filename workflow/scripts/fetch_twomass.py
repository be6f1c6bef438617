"""Fetch the 2MASS rows that Gaia's own table of best neighbours gives to the stars."""

from starloom.archives.access import access
from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import with_xp
from starloom.archives.twomass_client import query_neighbours, write_neighbours
from starloom.job import logged


def main(datasets, gaia_paths, twomass_path):
    archives = access(datasets, "twomass")
    answers, stars = [], 0
    for path in gaia_paths:
        ids = with_xp(read_gaia_source(path, ["has_xp_continuous"]))
        answers += query_neighbours(archives.tap("gaia_tap"), ids)
        stars += len(ids)
        print(f"{path}: {len(ids)} stars")
    rows = write_neighbours(twomass_path, answers)
    archives.enter(twomass_path, "gaia_tap", f"2MASS best neighbours of {stars} sources")
    archives.close()
    print(f"{rows} rows for {stars} stars")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.input.gaia_source, job.output.twomass)
