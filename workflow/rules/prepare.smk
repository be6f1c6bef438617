"""
Stage prepare: arrays that models read, and one table of the stars with their labels and cuts.

in    raw XP spectra, gaia_source, 2MASS, unWISE, allStar; the cross-match
out   results/data/xp/{chunk}.zarr   coefficients, errors, correlations, G flux, flags, by source_id
      results/data/stars.parquet     one row a star: split, photometry, labels, full/good/pristine
      results/data/cuts.json         stars left after every single cut
"""


rule prepare_xp:
    input:
        xp=RAW["xp"],
        gaia_source=lambda wildcards: expand(
            RAW["gaia_source"],
            chunk=[wildcards.chunk] if SURVEY != "files" else GAIA_SOURCE_CHUNKS,
        ),
    output:
        xp=directory("results/data/xp/{chunk}.zarr"),
    log:
        "results/logs/prepare_xp/{chunk}.log",
    benchmark:
        "results/benchmarks/prepare_xp/{chunk}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
        gpu=0,
    params:
        code=code_of("prepare_xp"),
    script:
        "../scripts/prepare_xp.py"


rule prepare_stars:
    input:
        matches=rules.crossmatch.output.matches,
        xp=expand(rules.prepare_xp.output.xp, chunk=CHUNKS),
        gaia_source=rules.crossmatch.input.gaia_source,
        twomass=rules.crossmatch.input.twomass,
        unwise=rules.crossmatch.input.unwise,
        allstar=rules.crossmatch.input.allstar,
    output:
        stars="results/data/stars.parquet",
        cuts="results/data/cuts.json",
    log:
        "results/logs/prepare_stars.log",
    benchmark:
        "results/benchmarks/prepare_stars.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=0,
    params:
        split=config["split"],
        cuts=config["cuts"],
        code=code_of("prepare_stars"),
    script:
        "../scripts/prepare_stars.py"
