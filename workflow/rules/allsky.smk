"""
The whole sky: labels and latent positions of every star with an XP spectrum.

in    one raw XP file and one gaia_source file for each part of the sky
      results/models/labels/dropout, results/models/scatter_vae
out   results/allsky/parts/{chunk}              one part by HEALPix pixel, as Parquet
      results/allsky/stellar_labels             the catalogue that LSDB opens
      results/allsky/summary.json               rows, pixels, files, and files left out

`snakemake allsky`. One job a bulk file; its raw files are removed when it is done. A file that is
empty, cut or damaged fails by itself, is tried again, and keeps no other from being done: the next
`snakemake allsky` does the failed ones alone. One that stays broken is named in `allsky/leave_out`,
and the summary says so.
"""

BULK = SURVEY == "dr17" and config["archives"]["gaia"] == "bulk"
SKY_CHUNKS = [chunk for chunk in CHUNKS if chunk not in config["allsky"]["leave_out"]]
STAGED = {
    "xp": "results/temp/allsky/XpContinuousMeanSpectrum_{chunk}.csv.gz",
    "gaia_source": "results/temp/allsky/GaiaSource_{chunk}.csv.gz",
}

for table, dataset in (("xp", "gaia_xp_bulk"), ("gaia_source", "gaia_source_bulk")):
    if BULK:

        rule:
            name:
                f"fetch_sky_{table}"
            input:
                datasets=DATASETS,
                list=ancient(f"{Path(RAW[table]).parent}/_MD5SUM.txt"),
            output:
                temp(STAGED[table]),
            log:
                f"results/logs/fetch_sky_{table}/{{chunk}}.log",
            benchmark:
                f"results/benchmarks/fetch_sky_{table}/{{chunk}}.tsv"
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

    else:

        rule:
            name:
                f"stage_sky_{table}"
            input:
                raw=RAW[table],
            output:
                staged=temp(STAGED[table]),
            log:
                f"results/logs/stage_sky_{table}/{{chunk}}.log",
            benchmark:
                f"results/benchmarks/stage_sky_{table}/{{chunk}}.tsv"
            conda:
                "../../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=grows(500),
                runtime=grows(10),
                gpu=0,
            params:
                code=code_of("stage_sky"),
            script:
                "../scripts/stage_sky.py"


rule label_sky:
    input:
        labels="results/models/labels/dropout",
        latent="results/models/scatter_vae",
        xp=STAGED["xp"],
        gaia_source=STAGED["gaia_source"],
        infrared=config["allsky"]["infrared"]
        or ([] if BULK else rules.prepare_stars.output.stars),
    output:
        part=directory("results/allsky/parts/{chunk}"),
    log:
        "results/logs/label_sky/{chunk}.log",
    benchmark:
        "results/benchmarks/label_sky/{chunk}.tsv"
    retries: 2
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        data=SURVEY,
        code=code_of("label_sky"),
    script:
        "../scripts/label_sky.py"


rule catalog_sky:
    input:
        parts=expand(rules.label_sky.output.part, chunk=SKY_CHUNKS),
    output:
        catalog=directory("results/allsky/stellar_labels"),
        summary="results/allsky/summary.json",
    log:
        "results/logs/catalog_sky.log",
    benchmark:
        "results/benchmarks/catalog_sky.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(120),
        gpu=0,
    params:
        name="stellar_labels",
        left_out=config["allsky"]["leave_out"],
        data=SURVEY,
        code=code_of("catalog_sky"),
    script:
        "../scripts/catalog_sky.py"


rule allsky:
    input:
        rules.catalog_sky.output.summary,
