"""
Stage acquire, survey: dr17. The archives' own files, over the network.

out   the raw files of acquire.smk
      results/raw/manifest.csv            address, sha256, bytes, time and release of each
      results/raw/gaia/sample.parquet     the Gaia sources to fetch
      results/raw/gaia/missing/*.parquet  sources that the archive did not give

With `archives/gaia: query` the stars of APOGEE are asked for, with `bulk` all bulk files are taken;
`starloom fetch --list` brings their lists, which name the chunks, before.
These jobs carry no digest of their code: an edited client fetches nothing again. What a stopped job
had got is kept beside its outputs, so `snakemake download` goes on where it was.
"""

ARCHIVES = config["archives"]
DATASETS = ancient(ARCHIVES["datasets"] or str(ROOT / "config" / "datasets.csv"))
GAIA_SOURCE_CHUNKS = CHUNKS
SPECTRA_BATCHES = range(ARCHIVES["spectra_batches"])
LIGHT_CURVE_BATCHES = range(ARCHIVES["light_curve_batches"])
POWER_BATCHES = []
HAS = {table: table != "power" for table in RAW}


onstart:
    from starloom.archives.datasets import Datasets
    from starloom.archives.plan import plan, require_room

    coming = {job.rule.name for job in workflow.dag.needrun_jobs()}
    require_room(plan(ARCHIVES, Datasets(DATASETS)), "results", coming)


rule download:
    input:
        expand(RAW["xp"], chunk=CHUNKS),
        expand(RAW["gaia_source"], chunk=CHUNKS),
        RAW["twomass"],
        RAW["unwise"],
        RAW["allstar"],
        RAW["astronn"],
        expand(RAW["spectra"], kind="stars", batch=SPECTRA_BATCHES),
        expand(RAW["light_curves"], batch=LIGHT_CURVE_BATCHES),
        expand(RAW["labels"], table=[*SEISMIC_TABLES, "yu2018_table2"]),
        RAW["lamost"],
        RAW["lamost_mrs"],


rule fetch_allstar:
    input:
        datasets=DATASETS,
    output:
        allstar=RAW["allstar"],
    log:
        "results/logs/fetch_allstar.log",
    benchmark:
        "results/benchmarks/fetch_allstar.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
        gpu=0,
        downloads=1,
    params:
        workers=ARCHIVES["workers"],
    script:
        "../scripts/fetch_allstar.py"


rule fetch_astronn:
    input:
        datasets=DATASETS,
        allstar=RAW["allstar"],
    output:
        table=RAW["astronn"],
    log:
        "results/logs/fetch_astronn.log",
    benchmark:
        "results/benchmarks/fetch_astronn.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
        gpu=0,
        downloads=1,
    script:
        "../scripts/fetch_astronn.py"


if ARCHIVES["gaia"] == "query":

    rule fetch_sample:
        input:
            datasets=DATASETS,
            allstar=RAW["allstar"],
            own=ARCHIVES["source_ids"] or [],
        output:
            sample="results/raw/gaia/sample.parquet",
        log:
            "results/logs/fetch_sample.log",
        benchmark:
            "results/benchmarks/fetch_sample.tsv"
        retries: 3
        localrule: ARCHIVES["local"]
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(240),
            gpu=0,
            downloads=1,
        params:
            radius_arcsec=5.0,
        script:
            "../scripts/fetch_sample.py"

    rule fetch_gaia_source:
        input:
            datasets=DATASETS,
            sample="results/raw/gaia/sample.parquet",
        output:
            gaia_source=RAW["gaia_source"],
            missing="results/raw/gaia/missing/gaia_source_{chunk}.parquet",
        log:
            "results/logs/fetch_gaia_source/{chunk}.log",
        benchmark:
            "results/benchmarks/fetch_gaia_source/{chunk}.tsv"
        retries: 3
        localrule: ARCHIVES["local"]
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(240),
            gpu=0,
            downloads=1,
        script:
            "../scripts/fetch_gaia_source.py"

    rule fetch_xp:
        input:
            datasets=DATASETS,
            gaia_source=RAW["gaia_source"],
        output:
            xp=RAW["xp"],
            missing="results/raw/gaia/missing/xp_{chunk}.parquet",
        log:
            "results/logs/fetch_xp/{chunk}.log",
        benchmark:
            "results/benchmarks/fetch_xp/{chunk}.tsv"
        retries: 3
        localrule: ARCHIVES["local"]
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(720),
            gpu=0,
            downloads=1,
        params:
            workers=ARCHIVES["workers"],
        script:
            "../scripts/fetch_xp.py"

else:
    for table, dataset in (("xp", "gaia_xp_bulk"), ("gaia_source", "gaia_source_bulk")):
        folder = str(Path(RAW[table]).parent)

        rule:
            name:
                f"fetch_{table}"
            input:
                datasets=DATASETS,
                list=ancient(f"{folder}/_MD5SUM.txt"),
            output:
                RAW[table],
            log:
                f"results/logs/fetch_{table}/{{chunk}}.log",
            benchmark:
                f"results/benchmarks/fetch_{table}/{{chunk}}.tsv"
            retries: 3
            localrule: ARCHIVES["local"]
            conda:
                "../../envs/download.yaml"
            threads: 1
            resources:
                mem_mb=grows(1000),
                runtime=grows(720),
                gpu=0,
                downloads=1,
            params:
                dataset=dataset,
            script:
                "../scripts/fetch_bulk.py"


rule fetch_twomass:
    input:
        datasets=DATASETS,
        gaia_source=expand(RAW["gaia_source"], chunk=CHUNKS),
    output:
        twomass=RAW["twomass"],
    log:
        "results/logs/fetch_twomass.log",
    benchmark:
        "results/benchmarks/fetch_twomass.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(1440),
        gpu=0,
        downloads=1,
    script:
        "../scripts/fetch_twomass.py"


rule fetch_unwise:
    input:
        datasets=DATASETS,
        gaia_source=expand(RAW["gaia_source"], chunk=CHUNKS),
    output:
        unwise=RAW["unwise"],
    log:
        "results/logs/fetch_unwise.log",
    benchmark:
        "results/benchmarks/fetch_unwise.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(1440),
        gpu=0,
        downloads=1,
    params:
        service=ARCHIVES["unwise"],
    script:
        "../scripts/fetch_unwise.py"


rule fetch_labels:
    input:
        datasets=DATASETS,
    output:
        table=RAW["labels"],
    log:
        "results/logs/fetch_labels/{table}.log",
    benchmark:
        "results/benchmarks/fetch_labels/{table}.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
        gpu=0,
        downloads=1,
    script:
        "../scripts/fetch_labels.py"


rule fetch_lamost:
    input:
        datasets=DATASETS,
    output:
        low=RAW["lamost"],
        medium=RAW["lamost_mrs"],
    log:
        "results/logs/fetch_lamost.log",
    benchmark:
        "results/benchmarks/fetch_lamost.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
        gpu=0,
        downloads=1,
    script:
        "../scripts/fetch_lamost.py"


rule fetch_light_curves:
    input:
        datasets=DATASETS,
        labels=expand(RAW["labels"], table=SEISMIC_TABLES),
    output:
        list=RAW["light_curves"],
    log:
        "results/logs/fetch_light_curves/{batch}.log",
    benchmark:
        "results/benchmarks/fetch_light_curves/{batch}.tsv"
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
        gpu=0,
        downloads=1,
    params:
        batches=ARCHIVES["light_curve_batches"],
        workers=ARCHIVES["workers"],
    script:
        "../scripts/fetch_light_curves.py"


rule fetch_spectra:
    input:
        datasets=DATASETS,
        allstar=RAW["allstar"],
    output:
        list=RAW["spectra"],
    log:
        "results/logs/fetch_spectra/{kind}-{batch}.log",
    benchmark:
        "results/benchmarks/fetch_spectra/{kind}-{batch}.tsv"
    wildcard_constraints:
        kind="stars|aspcap",
        batch=r"\d+",
    retries: 3
    localrule: ARCHIVES["local"]
    conda:
        "../../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(240),
        gpu=0,
        downloads=1,
    params:
        batches=ARCHIVES["spectra_batches"],
        workers=ARCHIVES["workers"],
    script:
        "../scripts/fetch_spectra.py"


rule download_light_curves:
    input:
        expand(RAW["light_curves"], batch=LIGHT_CURVE_BATCHES),


rule download_spectra:
    input:
        expand(RAW["spectra"], kind=["stars", "aspcap"], batch=SPECTRA_BATCHES),
