"""
Study scatter_vae: a generative model of XP spectra without labels (Laroche & Speagle 2024).

in    results/data/xp/{chunk}.zarr, results/data/stars.parquet
out   results/models/scatter_vae                   the model: arrays and card
      results/scatter_vae/history.parquet          losses by epoch
      results/scatter_vae/latent/{chunk}.parquet   latent mean and sigma, chi2, outlier score
      results/catalogs/scatter_vae.{parquet,fits}  the catalogue
      results/scatter_vae/evaluation.json          what the test stars say
      results/scatter_vae/{tracks,labels,alpha}.parquet   what the latent says of stars' labels
      results/models/lb23                          the comparison model LB23
      results/scatter_vae/lb23.parquet             its errors and ours, the same test stars
      results/models/zgr23                         the comparison model ZGR23
      results/scatter_vae/zgr23.parquet            its errors and ours, the same test stars
      results/scatter_vae/variants.parquet         log likelihoods under other choices of the model
      results/figures/scatter_vae/                 figures
      results/numbers/scatter_vae.json             numbers
"""

SCATTER_VAE = config["scatter_vae"]
SCATTER_VAE_FIGURES = [
    "architecture",
    *([] if SCATTER_VAE["pretrained"] else ["losses"]),
    "residuals",
    "coefficients",
    "first_coefficients",
    "wavelengths",
    "latent",
    *(
        [
            "label_errors",
            "kiel",
            "errors_by_label",
            "tracks",
            "metallicity",
            "corner",
            "alpha_tracks",
            "confusion",
            "classifiers",
        ]
        if HAS["allstar"]
        else []
    ),
]
SCATTER_VAE_LABELS = {
    name: f"results/scatter_vae/{name}.parquet"
    for name in ("tracks", "labels", "alpha", "sequences")
    if HAS["allstar"]
}

if (
    Path(SCATTER_VAE["pretrained"] or "").resolve()
    == Path("results/models/scatter_vae").resolve()
):
    raise WorkflowError(
        "'scatter_vae/pretrained' is the model that this run would make: "
        "run in another folder (--directory) and name the model from there"
    )

if SCATTER_VAE["pretrained"]:

    rule adopt_scatter_vae:
        input:
            model=SCATTER_VAE["pretrained"],
        output:
            model=directory("results/models/scatter_vae"),
        log:
            "results/logs/adopt_scatter_vae.log",
        benchmark:
            "results/benchmarks/adopt_scatter_vae.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(10),
            gpu=0,
        params:
            code=code_of("adopt_scatter_vae"),
        script:
            "../scripts/adopt_scatter_vae.py"

else:

    rule train_scatter_vae:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            model=directory("results/models/scatter_vae"),
            history="results/scatter_vae/history.parquet",
        log:
            "results/logs/train_scatter_vae.log",
        benchmark:
            "results/benchmarks/train_scatter_vae.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(120),
            gpu=1,
        params:
            seed=config["seed"],
            model=pick(
                "scatter_vae",
                "latent",
                "widths",
                "scatter",
                "likelihood",
                "recalibrate",
            ),
            training=SCATTER_VAE["training"],
            made={"data": SURVEY, "split": config["split"]},
            checkpoint="results/checkpoints/scatter_vae",
            code=code_of("train_scatter_vae"),
        script:
            "../scripts/train_scatter_vae.py"


MODEL = "results/models/scatter_vae"


rule encode_scatter_vae:
    input:
        model=MODEL,
        xp=rules.prepare_xp.output.xp,
    output:
        latent="results/scatter_vae/latent/{chunk}.parquet",
    log:
        "results/logs/encode_scatter_vae/{chunk}.log",
    benchmark:
        "results/benchmarks/encode_scatter_vae/{chunk}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        code=code_of("encode_scatter_vae"),
    script:
        "../scripts/encode_scatter_vae.py"


rule catalog_scatter_vae:
    input:
        latents=expand(rules.encode_scatter_vae.output.latent, chunk=CHUNKS),
        stars=rules.prepare_stars.output.stars,
        sequences=SCATTER_VAE_LABELS.get("sequences", []),
    output:
        parquet="results/catalogs/scatter_vae.parquet",
        fits="results/catalogs/scatter_vae.fits",
    log:
        "results/logs/catalog_scatter_vae.log",
    benchmark:
        "results/benchmarks/catalog_scatter_vae.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        data=SURVEY,
        code=code_of("catalog_scatter_vae"),
    script:
        "../scripts/catalog_scatter_vae.py"


rule evaluate_scatter_vae:
    input:
        model=MODEL,
        xp=rules.prepare_stars.input.xp,
    output:
        evaluation="results/scatter_vae/evaluation.json",
        residuals="results/scatter_vae/residuals.parquet",
    log:
        "results/logs/evaluate_scatter_vae.log",
    benchmark:
        "results/benchmarks/evaluate_scatter_vae.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(20),
        gpu=0,
    params:
        data=SURVEY,
        code=code_of("evaluate_scatter_vae"),
    script:
        "../scripts/evaluate_scatter_vae.py"


if SCATTER_VAE_LABELS:

    rule interpret_scatter_vae:
        input:
            model=MODEL,
            xp=rules.prepare_stars.input.xp,
            latents=rules.catalog_scatter_vae.input.latents,
            stars=rules.prepare_stars.output.stars,
        output:
            **SCATTER_VAE_LABELS,
        log:
            "results/logs/interpret_scatter_vae.log",
        benchmark:
            "results/benchmarks/interpret_scatter_vae.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(60),
            gpu=0,
        params:
            seed=config["seed"],
            forest=SCATTER_VAE["forest"],
            code=code_of("interpret_scatter_vae"),
        script:
            "../scripts/interpret_scatter_vae.py"


SCATTER_VAE_ZGR23 = bool(
    SCATTER_VAE["zgr23"]
    and not SCATTER_VAE["pretrained"]
    and HAS["allstar"]
    and HAS["gaia_source"]
)

if SCATTER_VAE_ZGR23:

    rule train_zgr23:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            model=directory("results/models/zgr23"),
            history="results/scatter_vae/zgr23_history.parquet",
        log:
            "results/logs/train_zgr23.log",
        benchmark:
            "results/benchmarks/train_zgr23.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(120),
            gpu=1,
        params:
            seed=config["seed"],
            widths=SCATTER_VAE["zgr23"]["widths"],
            training=SCATTER_VAE["zgr23"]["training"],
            made={"data": SURVEY, "split": config["split"]},
            checkpoint="results/checkpoints/zgr23",
            code=code_of("train_zgr23"),
        script:
            "../scripts/train_zgr23.py"

    rule evaluate_zgr23:
        input:
            model=rules.train_zgr23.output.model,
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
            residuals=rules.evaluate_scatter_vae.output.residuals,
        output:
            table="results/scatter_vae/zgr23.parquet",
            figure=expand(
                "results/figures/scatter_vae/zgr23.{suffix}",
                suffix=["pdf", "png", "json"],
            ),
        log:
            "results/logs/evaluate_zgr23.log",
        benchmark:
            "results/benchmarks/evaluate_zgr23.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(20),
            gpu=0,
        params:
            data=SURVEY,
            code=code_of("evaluate_zgr23"),
        script:
            "../scripts/evaluate_zgr23.py"

    PUBLISHED["figures"] += rules.evaluate_zgr23.output.figure


rule plot_scatter_vae:
    input:
        model=MODEL,
        history=(
            [] if SCATTER_VAE["pretrained"] else rules.train_scatter_vae.output.history
        ),
        catalog=rules.catalog_scatter_vae.output.parquet,
        stars=rules.prepare_stars.output.stars,
        residuals=rules.evaluate_scatter_vae.output.residuals,
        tracks=SCATTER_VAE_LABELS.get("tracks", []),
        alpha=SCATTER_VAE_LABELS.get("alpha", []),
        numbers="results/numbers/scatter_vae.json",
    output:
        expand(
            "results/figures/scatter_vae/{figure}.{suffix}",
            figure=SCATTER_VAE_FIGURES,
            suffix=["pdf", "png", "json"],
        ),
    log:
        "results/logs/plot_scatter_vae.log",
    benchmark:
        "results/benchmarks/plot_scatter_vae.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        data=SURVEY,
        figures=SCATTER_VAE_FIGURES,
        code=code_of("plot_scatter_vae"),
    script:
        "../scripts/plot_scatter_vae.py"


rule number_scatter_vae:
    input:
        evaluation=rules.evaluate_scatter_vae.output.evaluation,
        residuals=rules.evaluate_scatter_vae.output.residuals,
        cuts=rules.prepare_stars.output.cuts,
        matches=rules.crossmatch.output.counts,
        stars=rules.prepare_stars.output.stars,
        labels=SCATTER_VAE_LABELS.get("labels", []),
        alpha=SCATTER_VAE_LABELS.get("alpha", []),
        zgr23=rules.evaluate_zgr23.output.table if SCATTER_VAE_ZGR23 else [],
    output:
        numbers="results/numbers/scatter_vae.json",
    log:
        "results/logs/number_scatter_vae.log",
    benchmark:
        "results/benchmarks/number_scatter_vae.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        seed=config["seed"],
        data=SURVEY,
        permutations=SCATTER_VAE["permutations"],
        published=content_of("config/published_numbers.csv"),
        lock=LOCK,
        code=code_of("number_scatter_vae"),
    script:
        "../scripts/number_scatter_vae.py"


# No part of `all`: a time belongs to a machine and a moment. `snakemake xp_times` measures it.
rule time_scatter_vae:
    input:
        model=MODEL,
        xp=rules.prepare_stars.input.xp[0],
    output:
        numbers="results/numbers/scatter_vae_times.json",
    log:
        "results/logs/time_scatter_vae.log",
    benchmark:
        "results/benchmarks/time_scatter_vae.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=1,
    params:
        data=SURVEY,
        steps=32,
        epochs=30,
        published=content_of("config/published_numbers.csv"),
        lock=LOCK,
        code=code_of("time_scatter_vae"),
    script:
        "../scripts/time_scatter_vae.py"


rule xp_times:
    input:
        rules.time_scatter_vae.output.numbers,


# Other models are trained beside one that is trained here, on the same stars.
if HAS["allstar"] and not SCATTER_VAE["pretrained"]:

    rule train_lb23:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            model=directory("results/models/lb23"),
        log:
            "results/logs/train_lb23.log",
        benchmark:
            "results/benchmarks/train_lb23.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(240),
            gpu=1,
        params:
            seed=config["seed"],
            model={k: v for k, v in SCATTER_VAE["lb23"].items() if k != "training"},
            training=SCATTER_VAE["lb23"]["training"],
            made={"data": SURVEY, "split": config["split"]},
            checkpoint="results/checkpoints/lb23",
            code=code_of("train_lb23"),
        script:
            "../scripts/train_lb23.py"

    rule evaluate_lb23:
        input:
            model=rules.train_lb23.output.model,
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
            residuals=rules.evaluate_scatter_vae.output.residuals,
        output:
            table="results/scatter_vae/lb23.parquet",
            numbers="results/numbers/scatter_vae_lb23.json",
        log:
            "results/logs/evaluate_lb23.log",
        benchmark:
            "results/benchmarks/evaluate_lb23.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(30),
            gpu=0,
        params:
            seed=config["seed"],
            data=SURVEY,
            published=content_of("config/published_numbers.csv"),
            lock=LOCK,
            code=code_of("evaluate_lb23"),
        script:
            "../scripts/evaluate_lb23.py"

    rule plot_lb23:
        input:
            table=rules.evaluate_lb23.output.table,
            stars=rules.prepare_stars.output.stars,
        output:
            expand(
                "results/figures/scatter_vae/{figure}.{suffix}",
                figure=["lb23_first", "lb23_ratio", "lb23_labels"],
                suffix=["pdf", "png", "json"],
            ),
        log:
            "results/logs/plot_lb23.log",
        benchmark:
            "results/benchmarks/plot_lb23.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            data=SURVEY,
            code=code_of("plot_lb23"),
        script:
            "../scripts/plot_lb23.py"

    PUBLISHED["figures"] += rules.plot_lb23.output
    PUBLISHED["numbers"] += [rules.evaluate_lb23.output.numbers]


if SCATTER_VAE["variants"] and not SCATTER_VAE["pretrained"]:

    rule vary_scatter_vae:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            table="results/scatter_vae/variants.parquet",
            numbers="results/numbers/scatter_vae_variants.json",
        log:
            "results/logs/vary_scatter_vae.log",
        benchmark:
            "results/benchmarks/vary_scatter_vae.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(16000),
            runtime=grows(240),
            gpu=1,
        params:
            seed=config["seed"],
            model=pick("scatter_vae", "latent", "widths"),
            variants=SCATTER_VAE["variants"],
            data=SURVEY,
            checkpoint="results/checkpoints/scatter_vae_variants",
            published=content_of("config/published_numbers.csv"),
            lock=LOCK,
            code=code_of("vary_scatter_vae"),
        script:
            "../scripts/vary_scatter_vae.py"

    PUBLISHED["numbers"] += [rules.vary_scatter_vae.output.numbers]


PUBLISHED["catalogs"] += rules.catalog_scatter_vae.output
PUBLISHED["figures"] += rules.plot_scatter_vae.output
PUBLISHED["numbers"] += rules.number_scatter_vae.output
