"""
Stage match: which rows of which survey are the same star.

in    raw gaia_source, 2MASS, unWISE and allStar files
out   results/match/crossmatch.parquet  one row a Gaia source: the row in each survey, separations, flags
      results/match/counts.json         what became of every row
"""


rule crossmatch:
    input:
        gaia_source=expand(RAW["gaia_source"], chunk=GAIA_SOURCE_CHUNKS),
        xp=[] if HAS["gaia_source"] else expand(RAW["xp"], chunk=CHUNKS),
        twomass=[RAW["twomass"]] if HAS["twomass"] else [],
        unwise=[RAW["unwise"]] if HAS["unwise"] else [],
        allstar=[RAW["allstar"]] if HAS["allstar"] else [],
    output:
        matches="results/match/crossmatch.parquet",
        counts="results/match/counts.json",
    log:
        "results/logs/crossmatch.log",
    benchmark:
        "results/benchmarks/crossmatch.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(60),
        gpu=0,
    params:
        options=config["match"],
        code=code_of("crossmatch"),
    script:
        "../scripts/crossmatch.py"


# The whole sky does not fit into memory: partitions of it do.
if SURVEY == "dr17" and config["archives"]["gaia"] == "bulk":

    include: "match_sky.smk"
