"""
Stage acquire, survey: files. A user's own files, checked and brought into the archives' names.

in    the paths of config `files`
out   the raw files of acquire.smk, and results/raw/manifest/{table}.csv with each one's origin
"""

OWN_TABLES = [
    name for name in config["files"] if name != "xp" and config["files"][name]
]
HAS = {table: table == "xp" or table in OWN_TABLES for table in RAW}
SPECTRA_BATCHES = LIGHT_CURVE_BATCHES = POWER_BATCHES = []
GAIA_SOURCE_CHUNKS = ["user"] if HAS["gaia_source"] else []
USER_XP = dict(zip(CHUNKS, config["files"]["xp"]))


rule adopt_xp:
    input:
        file=lambda wildcards: USER_XP[wildcards.chunk],
    output:
        raw=RAW["xp"],
        manifest="results/raw/manifest/xp_{chunk}.csv",
    log:
        "results/logs/adopt_xp/{chunk}.log",
    benchmark:
        "results/benchmarks/adopt_xp/{chunk}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        kind="xp",
        code=code_of("adopt_raw"),
    script:
        "../scripts/adopt_raw.py"


for table in OWN_TABLES:

    rule:
        name:
            f"adopt_{table}"
        input:
            file=config["files"][table],
        output:
            raw=expand(RAW[table], chunk="user")[0],
            manifest=f"results/raw/manifest/{table}.csv",
        log:
            f"results/logs/adopt_{table}.log",
        benchmark:
            f"results/benchmarks/adopt_{table}.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(60),
            gpu=0,
        params:
            kind=table,
            code=code_of("adopt_raw"),
        script:
            "../scripts/adopt_raw.py"
