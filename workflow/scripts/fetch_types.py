"""Ask SIMBAD for the types of the candidates, gently, each star once."""

from pathlib import Path

from starloom.archives.access import access
from starloom.archives.simbad import ask_simbad, read_cache, write_cache
from starloom.job import logged
from starloom.tables import read_table


def main(datasets, candidates_path, types_path, cache_path):
    archives = access(datasets, "types")
    table = read_table(candidates_path, ["source_id", "candidate"])
    ids = table["source_id"][table["candidate"]]
    ask_simbad(archives.tap("simbad_tap"), ids, Path(cache_path))
    known = read_cache(Path(cache_path))
    write_cache(Path(types_path), {int(one): known[int(one)] for one in ids})
    archives.enter(types_path, "simbad_tap", "object types of candidates")
    archives.close()
    print(
        f"{len(ids)} candidates, {sum(bool(known[int(one)]['otype']) for one in ids)} with a type"
    )


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.input.datasets, job.input.candidates, job.output.types, job.params.cache)
