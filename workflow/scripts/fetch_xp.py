"""Fetch the XP continuous spectra of the sample's stars in a part of the sky."""

from starloom.archives.access import access
from starloom.archives.gaia import read_gaia_source
from starloom.archives.gaia_client import with_xp
from starloom.archives.gaia_xp import fetch_xp
from starloom.job import logged
from starloom.tables import write_table


def main(datasets, gaia_path, xp_path, missing_path, chunk, workers):
    archives = access(datasets, f"xp_{chunk}", workers)
    ids = with_xp(read_gaia_source(gaia_path, ["has_xp_continuous"]))
    datalink = archives.datasets["gaia_datalink"]
    fetcher = archives.session_for("gaia_datalink")
    missing = fetch_xp(datalink, fetcher, ids, xp_path, archives.parts)
    write_table(missing_path, {"source_id": missing})
    archives.enter(xp_path, "gaia_datalink", f"XP_CONTINUOUS of {len(ids)} sources")
    archives.close()
    print(f"{len(ids)} spectra asked for, {len(missing)} not given")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        inputs = (job.input.datasets, job.input.gaia_source)
        outputs = (job.output.xp, job.output.missing)
        main(*inputs, *outputs, job.wildcards.chunk, job.params.workers)
