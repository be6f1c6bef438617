"""
Stage publish: one catalogue of all studies, the pages of results and the research object.

in    numbers, figures and catalogues of the studies; the records of all jobs
out   results/catalogs/starloom.{parquet,fits,vot}  the studies' catalogues merged by source_id
      results/catalogs/starloom_hats                the same by place on the sky, for LSDB
      results/release/                              reconciliation, metadata, changelog
      results/index.html, results/pages/            figures, numbers beside the published ones
      results/numbers.tex, results/tables/          numbers as LaTeX macros, the papers' tables
      results/sources.json                          configuration and digests of all sources
      results/ro-crate-metadata.json                the run as a Provenance Run RO-Crate
"""

# As seen from the working folder: another clone has the same names.
SOURCES = [os.path.relpath(path) for path in source_files(ROOT, workflow.configfiles)]
STUDY_CATALOGS = [path for path in PUBLISHED["catalogs"] if path.endswith(".parquet")]


rule publish_catalog:
    input:
        catalogs=STUDY_CATALOGS,
        stars=rules.prepare_stars.output.stars,
        xp=rules.prepare_stars.input.xp,
        cuts=rules.prepare_stars.output.cuts,
        matches=rules.crossmatch.output.counts,
    output:
        parquet="results/catalogs/starloom.parquet",
        fits="results/catalogs/starloom.fits",
        votable="results/catalogs/starloom.vot",
        hats=directory("results/catalogs/starloom_hats"),
        reconciliation="results/release/reconciliation.csv",
    log:
        "results/logs/publish_catalog.log",
    benchmark:
        "results/benchmarks/publish_catalog.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=0,
    params:
        data=SURVEY,
        partition_rows=config["publish"]["partition_rows"],
        code=code_of("publish_catalog"),
    script:
        "../scripts/publish_catalog.py"


rule plot_reconciliation:
    input:
        table=rules.publish_catalog.output.reconciliation,
    output:
        expand(
            "results/figures/release/reconciliation.{suffix}",
            suffix=["pdf", "png", "json"],
        ),
    log:
        "results/logs/plot_reconciliation.log",
    benchmark:
        "results/benchmarks/plot_reconciliation.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
        gpu=0,
    params:
        data=SURVEY,
        code=code_of("plot_reconciliation"),
    script:
        "../scripts/plot_reconciliation.py"


rule publish_release:
    input:
        parquet=rules.publish_catalog.output.parquet,
        fits=rules.publish_catalog.output.fits,
        votable=rules.publish_catalog.output.votable,
        hats=rules.publish_catalog.output.hats,
        previous=config["publish"]["previous"] or [],
    output:
        datacite="results/release/datacite.json",
        zenodo="results/release/zenodo.json",
        changes="results/release/CHANGES.md",
    log:
        "results/logs/publish_release.log",
    benchmark:
        "results/benchmarks/publish_release.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(10),
        gpu=0,
    params:
        data=SURVEY,
        release=pick("publish", "version", "date"),
        catalogs=[Path(path).stem for path in STUDY_CATALOGS],
        citation=content_of("CITATION.cff"),
        code=code_of("publish_release"),
    script:
        "../scripts/publish_release.py"


RECONCILIATION = rules.publish_catalog.output.reconciliation
PUBLISHED["catalogs"] += [
    path for path in rules.publish_catalog.output if path != RECONCILIATION
]
PUBLISHED["release"] += [RECONCILIATION, *rules.publish_release.output]
PUBLISHED["figures"] += rules.plot_reconciliation.output


rule publish_tables:
    input:
        numbers=PUBLISHED["numbers"],
    output:
        macros="results/numbers.tex",
        tables=directory("results/tables"),
    log:
        "results/logs/publish_tables.log",
    benchmark:
        "results/benchmarks/publish_tables.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        published=content_of("config/published_numbers.csv"),
        code=code_of("publish_tables"),
    script:
        "../scripts/publish_tables.py"


# The bytes of the sources, comments and words included: whatever changes in them is noted anew
# here, and nothing else reruns for it.
rule publish_sources:
    input:
        ancient(SOURCES),
    output:
        sources="results/sources.json",
    log:
        "results/logs/publish_sources.log",
    benchmark:
        "results/benchmarks/publish_sources.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        config=config,
        content=[file_digest(path) for path in SOURCES],
        code=code_of("publish_sources"),
    message:
        "publish_sources: the digests of all sources"
    script:
        "../scripts/publish_sources.py"


rule publish_page:
    input:
        numbers=PUBLISHED["numbers"],
        figures=PUBLISHED["figures"],
        catalogs=PUBLISHED["catalogs"],
        release=PUBLISHED["release"],
    output:
        index="results/index.html",
        pages=directory("results/pages"),
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
        reasons=content_of("config/differences.csv"),
        code=code_of("publish_page"),
    script:
        "../scripts/publish_page.py"


rule publish_crate:
    input:
        numbers=PUBLISHED["numbers"],
        figures=PUBLISHED["figures"],
        catalogs=PUBLISHED["catalogs"],
        release=PUBLISHED["release"],
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
