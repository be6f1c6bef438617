"""
Stage match, for all of Gaia's bulk files: partitions of the sky instead of tables in memory.

in    raw gaia_source and unWISE files
out   results/match/sky_unwise.parquet  one row a Gaia source: its row in unWISE, separation, outcome
      results/match/sky_unwise.json     what became of the sources

`snakemake match_sky --software-deployment-method conda`: LSDB lives in an environment of its own.
"""


rule place_sky:
    input:
        gaia_source=RAW["gaia_source"],
    output:
        places=temp("results/temp/sky/{chunk}.parquet"),
    log:
        "results/logs/place_sky/{chunk}.log",
    benchmark:
        "results/benchmarks/place_sky/{chunk}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
        gpu=0,
    params:
        code=code_of("place_sky"),
    script:
        "../scripts/place_sky.py"


rule place_unwise:
    input:
        unwise=RAW["unwise"],
    output:
        places=temp("results/temp/unwise.parquet"),
    log:
        "results/logs/place_unwise.log",
    benchmark:
        "results/benchmarks/place_unwise.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(16000),
        runtime=grows(60),
        gpu=0,
    params:
        code=code_of("place_unwise"),
    script:
        "../scripts/place_unwise.py"


rule match_sky:
    input:
        stars=expand(rules.place_sky.output.places, chunk=CHUNKS),
        unwise=rules.place_unwise.output.places,
    output:
        pairs="results/match/sky_unwise.parquet",
        counts="results/match/sky_unwise.json",
    log:
        "results/logs/match_sky.log",
    benchmark:
        "results/benchmarks/match_sky.tsv"
    conda:
        "../../envs/hats.yaml"
    threads: 8
    resources:
        mem_mb=grows(64000),
        runtime=grows(720),
        gpu=0,
    params:
        radius_arcsec=config["match"]["unwise_radius_arcsec"],
        lock=content_of("envs/hats.lock"),
        code=code_of("match_sky"),
    script:
        "../scripts/match_sky.py"
