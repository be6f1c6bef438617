"""Measure the cross-match: separations, chance pairs, and what is right on a simulated sky."""

import numpy as np

from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import with_xp
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.job import logged
from starloom.prepare.identifiers import join_ids
from starloom.prepare.match_numbers import evaluate
from starloom.tables import read_json, read_table, stack, write_json, write_table


def main(paths, evaluation_path, profile_path, options):
    gaia = stack(
        [read_gaia_source(path, ["pmra", "pmdec", "has_xp_continuous"]) for path in paths["gaia"]]
    )
    # The archives were asked about the stars with XP spectra.
    asked = np.isin(gaia["source_id"], with_xp(gaia))
    read = {"twomass": read_twomass, "unwise": read_unwise, "kepler": read_table}
    tables = {name: get(paths[name][0]) if paths[name] else None for name, get in read.items()}
    truth = read_json(paths["rows"][0]) if paths["rows"] else None
    if truth and tables["kepler"]:
        stars = read_table(paths["stars"][0], ["source_id", "kic"])
        rows = join_ids(tables["kepler"]["kic"], stars["kic"])
        truth["kepler"] = np.where(rows >= 0, stars["source_id"][rows], -1)
    gaia = {name: values[asked] for name, values in gaia.items()}
    found, pairs = evaluate(gaia, read_table(paths["matches"]), tables, options, truth)
    write_json(evaluation_path, found)
    write_table(profile_path, pairs)
    print(*(f"{survey}: {measured}" for survey, measured in found.items()), sep="\n")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        names = ("matches", "gaia", "twomass", "unwise", "kepler", "rows", "stars")
        outputs = (job.output.evaluation, job.output.profile)
        main({name: job.input[name] for name in names}, *outputs, job.params.options)
