"""
Stage publish: the page of results and the research object, with every number's chain.

in    numbers, figures and catalogues of the studies; the records of all jobs
out   results/index.html              one page: figures, numbers beside the published ones, chains
      results/ro-crate-metadata.json  the run as a Provenance Run RO-Crate
"""


rule publish_page:
    input:
        numbers=PUBLISHED["numbers"],
        figures=PUBLISHED["figures"],
        catalogs=PUBLISHED["catalogs"],
    output:
        page="results/index.html",
    log:
        "results/logs/publish_page.log",
    benchmark:
        "results/benchmarks/publish_page.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
        gpu=0,
    params:
        code=code_of("publish_page"),
    script:
        "../scripts/publish_page.py"


rule publish_crate:
    input:
        numbers=PUBLISHED["numbers"],
        figures=PUBLISHED["figures"],
        catalogs=PUBLISHED["catalogs"],
    output:
        crate="results/ro-crate-metadata.json",
        snakefile="results/workflow/Snakefile",
    log:
        "results/logs/publish_crate.log",
    benchmark:
        "results/benchmarks/publish_crate.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
        gpu=0,
    params:
        code=code_of("publish_crate"),
    script:
        "../scripts/publish_crate.py"
