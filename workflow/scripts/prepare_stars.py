"""Gather what all surveys say of each star with an XP spectrum; split the stars, apply the cuts."""

from starloom.archives.gaia import read_gaia_source
from starloom.archives.sdss import read_allstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.job import logged
from starloom.prepare.stars import catalogues, one_row_each, with_spectra
from starloom.tables import read_arrays, read_table, stack, write_json, write_table


def main(paths, stars_path, cuts_path, split, cuts):
    read = {
        "gaia": lambda: stack([read_gaia_source(path) for path in paths["gaia_source"]]),
        "apogee": lambda: read_allstar(paths["allstar"][0]),
        "twomass": lambda: read_twomass(paths["twomass"][0]),
        "unwise": lambda: read_unwise(paths["unwise"][0]),
    }
    present = {"gaia": "gaia_source", "apogee": "allstar"}
    tables = {name: get() if paths[present.get(name, name)] else None for name, get in read.items()}
    spectra = stack([read_arrays(path, ["source_id", "xp_flag"]) for path in paths["xp"]])
    stars = with_spectra(one_row_each(read_table(paths["matches"]), **tables), spectra, split)
    members, counts = catalogues(stars, cuts["definition"])
    write_table(stars_path, stars | members)
    write_json(cuts_path, counts)
    for name, records in counts.items():
        print(name, *(f"{record['name']}: {record['left']}" for record in records), sep="\n  ")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        names = ("matches", "xp", "gaia_source", "twomass", "unwise", "allstar")
        main(
            {name: job.input[name] for name in names},
            job.output.stars,
            job.output.cuts,
            job.params.split,
            job.params.cuts,
        )
