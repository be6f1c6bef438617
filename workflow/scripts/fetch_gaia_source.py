"""Fetch what Gaia measured of the sample's stars in a part of the sky."""

from starloom.archives.access import access
from starloom.archives.gaia_client import in_chunk, query_sources
from starloom.job import logged
from starloom.tables import read_table, write_table


def main(datasets, sample_path, gaia_path, missing_path, chunk):
    archives = access(datasets, f"gaia_source_{chunk}")
    ids = in_chunk(read_table(sample_path)["source_id"], chunk)
    missing = query_sources(archives.tap("gaia_tap"), ids, gaia_path)
    write_table(missing_path, {"source_id": missing})
    archives.enter(gaia_path, "gaia_tap", f"gaiadr3.gaia_source of {len(ids)} sources")
    archives.close()
    print(f"{len(ids)} sources asked for, {len(missing)} unknown to the archive")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        inputs = (job.input.datasets, job.input.sample)
        main(*inputs, job.output.gaia_source, job.output.missing, job.wildcards.chunk)
