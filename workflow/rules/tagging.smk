"""
Study tagging: chemistry without Teff and log g, learned from spectra (de Mijolla et al. 2021).

in    results/data/apogee/{batch}.zarr, results/data/stars.parquet
out   results/tagging/pairs/{part}.parquet             labels of the twin library
      results/tagging/library/{part}.zarr              its spectra
      results/models/tagging/{variant}                 trained methods, one folder a seed
      results/tagging/history/{variant}.parquet        losses of both players by epoch
      results/tagging/evaluation/{variant}.json        what the test pairs say; tables beside
      results/models/tagging_observed                  the method trained on observed giants
      results/tagging/latent.parquet                   their latents
      results/catalogs/doppelgangers.{parquet,fits}    the nearest giants of each giant
      results/tagging/clusters.json                    siblings of open clusters (simulated sky)
      results/figures/tagging/, results/numbers/tagging.json
"""

TAGGING = config["tagging"]
TAGGING_OBSERVED = HAS["allstar"] and any(
    known.name == "prepare_apogee" for known in workflow.rules
)
TAGGING_CLUSTERS = (
    {"clusters": "results/tagging/clusters.json"}
    if TAGGING_OBSERVED and SURVEY == "simulated"
    else {}
)
TAGGING_FIGURES = [
    "losses",
    "distances",
    "doppelgangers",
    "abundances",
    "recast",
    "residuals",
]

TAGGING_VARIANTS = {
    name: variant for name, variant in TAGGING["variants"].items() if variant
}

for name, variant in TAGGING_VARIANTS.items():
    if variant["method"] != "poly_published" and not set(variant["remove"]) <= {
        "teff",
        "logg",
        "fe_h",
    }:
        raise WorkflowError(
            f"'tagging/variants/{name}/remove' is {variant['remove']}: only poly_published takes "
            "abundances other than fe_h away"
        )
if TAGGING["abundances"]["variant"] not in TAGGING_VARIANTS:
    raise WorkflowError(
        f"'tagging/abundances/variant' is {TAGGING['abundances']['variant']!r}, "
        f"which is none of {', '.join(TAGGING_VARIANTS)}"
    )
ENGINE, ENGINE_PATH = TAGGING["library"]["engine"], TAGGING["library"]["path"]
if (ENGINE == "embedded" and ENGINE_PATH) or (
    ENGINE == "turbospectrum" and not ENGINE_PATH
):
    raise WorkflowError(
        "'tagging/library/path' names the grid of engine 'turbospectrum' or a network of engine "
        "'payne', and is null for 'embedded'"
    )
if ENGINE == "payne" and not ENGINE_PATH:
    ENGINE_PATH = "results/raw/payne/NN_normalized_spectra.npz"

    rule fetch_payne:
        input:
            datasets=ancient(
                config["archives"]["datasets"] or str(ROOT / "config" / "datasets.csv")
            ),
        output:
            network=ENGINE_PATH,
        log:
            "results/logs/fetch_payne.log",
        benchmark:
            "results/benchmarks/fetch_payne.tsv"
        retries: 3
        localrule: config["archives"]["local"]
        conda:
            "../../envs/download.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000),
            runtime=grows(30),
            gpu=0,
            downloads=1,
        script:
            "../scripts/fetch_payne.py"


wildcard_constraints:
    variant="[a-z0-9_]+",


rule pairs_tagging:
    output:
        train="results/tagging/pairs/train.parquet",
        test="results/tagging/pairs/test.parquet",
    log:
        "results/logs/pairs_tagging.log",
    benchmark:
        "results/benchmarks/pairs_tagging.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        seed=config["seed"],
        sizes=pick("tagging", "library")["library"],
        code=code_of("pairs_tagging"),
    script:
        "../scripts/pairs_tagging.py"


rule library_tagging:
    input:
        unpack(lambda wildcards: {"grid": ENGINE_PATH} if ENGINE_PATH else {}),
        train=rules.pairs_tagging.output.train,
        test=rules.pairs_tagging.output.test,
    output:
        train=directory("results/tagging/library/train.zarr"),
        test=directory("results/tagging/library/test.zarr"),
    log:
        "results/logs/library_tagging.log",
    benchmark:
        "results/benchmarks/library_tagging.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(120),
        gpu=0,
    params:
        engine=ENGINE,
        bin=TAGGING["library"]["bin"],
        code=code_of("library_tagging"),
    script:
        "../scripts/library_tagging.py"


rule train_tagging:
    input:
        library=rules.library_tagging.output.train,
    output:
        model=directory("results/models/tagging/{variant}"),
        history="results/tagging/history/{variant}.parquet",
    log:
        "results/logs/train_tagging/{variant}.log",
    benchmark:
        "results/benchmarks/train_tagging/{variant}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(1440),
        gpu=1,
    params:
        seed=config["seed"],
        variant=lambda wildcards: TAGGING_VARIANTS[wildcards.variant],
        choices=lambda wildcards: TAGGING["methods"][
            TAGGING_VARIANTS[wildcards.variant]["method"]
        ],
        library=TAGGING["library"],
        snr=TAGGING["training_snr"],
        checkpoint=lambda wildcards: f"results/checkpoints/tagging/{wildcards.variant}",
        code=code_of("train_tagging"),
    script:
        "../scripts/train_tagging.py"


rule evaluate_tagging:
    input:
        models=expand(rules.train_tagging.output.model, variant=TAGGING_VARIANTS),
        train=rules.library_tagging.output.train,
        test=rules.library_tagging.output.test,
    output:
        evaluations=expand(
            "results/tagging/evaluation/{variant}.json", variant=TAGGING_VARIANTS
        ),
        pairs=expand(
            "results/tagging/evaluation/{variant}_pairs.parquet",
            variant=TAGGING_VARIANTS,
        ),
        examples=expand(
            "results/tagging/evaluation/{variant}_examples.parquet",
            variant=TAGGING_VARIANTS,
        ),
    log:
        "results/logs/evaluate_tagging.log",
    benchmark:
        "results/benchmarks/evaluate_tagging.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(120),
        gpu=0,
    params:
        seed=config["seed"],
        bin=TAGGING["library"]["bin"],
        snr=TAGGING["snr"],
        abundances=TAGGING["abundances"],
        code=code_of("evaluate_tagging"),
    script:
        "../scripts/evaluate_tagging.py"


if TAGGING_OBSERVED:

    rule observe_tagging:
        input:
            apogee=expand(rules.prepare_apogee.output.apogee, batch=SPECTRA_BATCHES),
            stars=rules.prepare_stars.output.stars,
        output:
            model=directory("results/models/tagging_observed"),
            latent="results/tagging/latent.parquet",
        log:
            "results/logs/observe_tagging.log",
        benchmark:
            "results/benchmarks/observe_tagging.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(16000),
            runtime=grows(240),
            gpu=1,
        params:
            seed=config["seed"],
            observed=TAGGING["observed"],
            choices=TAGGING["methods"][TAGGING["observed"]["method"]],
            bin=TAGGING["library"]["bin"],
            snr=TAGGING["training_snr"],
            split=config["split"],
            checkpoint="results/checkpoints/tagging_observed",
            code=code_of("observe_tagging"),
        script:
            "../scripts/observe_tagging.py"

    rule catalog_tagging:
        input:
            latent=rules.observe_tagging.output.latent,
            stars=rules.prepare_stars.output.stars,
        output:
            parquet="results/catalogs/doppelgangers.parquet",
            fits="results/catalogs/doppelgangers.fits",
        log:
            "results/logs/catalog_tagging.log",
        benchmark:
            "results/benchmarks/catalog_tagging.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(60),
            gpu=0,
        params:
            neighbours=TAGGING["observed"]["neighbours"],
            data=SURVEY,
            code=code_of("catalog_tagging"),
        script:
            "../scripts/catalog_tagging.py"

    PUBLISHED["catalogs"] += rules.catalog_tagging.output


if TAGGING_CLUSTERS:

    rule evaluate_clusters_tagging:
        input:
            latent=rules.observe_tagging.output.latent,
            truth="results/truth/stars.parquet",
        output:
            clusters=TAGGING_CLUSTERS["clusters"],
        log:
            "results/logs/evaluate_clusters_tagging.log",
        benchmark:
            "results/benchmarks/evaluate_clusters_tagging.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(30),
            gpu=0,
        params:
            seed=config["seed"],
            neighbours=TAGGING["observed"]["neighbours"],
            code=code_of("evaluate_clusters_tagging"),
        script:
            "../scripts/evaluate_clusters_tagging.py"


rule plot_tagging:
    input:
        histories=expand(rules.train_tagging.output.history, variant=TAGGING_VARIANTS),
        evaluations=rules.evaluate_tagging.output.evaluations,
        pairs=rules.evaluate_tagging.output.pairs,
        examples=rules.evaluate_tagging.output.examples,
    output:
        expand(
            "results/figures/tagging/{figure}.{suffix}",
            figure=TAGGING_FIGURES,
            suffix=["pdf", "png", "json"],
        ),
    log:
        "results/logs/plot_tagging.log",
    benchmark:
        "results/benchmarks/plot_tagging.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        variants=TAGGING_VARIANTS,
        snr=TAGGING["snr"],
        shown=TAGGING["abundances"]["variant"],
        engine=ENGINE,
        bin=TAGGING["library"]["bin"],
        code=code_of("plot_tagging"),
    script:
        "../scripts/plot_tagging.py"


rule number_tagging:
    input:
        unpack(lambda wildcards: TAGGING_CLUSTERS),
        evaluations=rules.evaluate_tagging.output.evaluations,
    output:
        numbers="results/numbers/tagging.json",
    log:
        "results/logs/number_tagging.log",
    benchmark:
        "results/benchmarks/number_tagging.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        variants=TAGGING_VARIANTS,
        methods=TAGGING["methods"],
        library=TAGGING["library"],
        data="simulated",
        published=content_of("config/published_numbers.csv"),
        lock=LOCK,
        code=code_of("number_tagging"),
    script:
        "../scripts/number_tagging.py"


PUBLISHED["figures"] += rules.plot_tagging.output
PUBLISHED["numbers"] += rules.number_tagging.output
