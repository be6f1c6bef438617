"""
Study ages: ages of giants from APOGEE spectra through a latent space (Leung et al. 2023).

in    results/data/apogee/{batch}.zarr, results/data/power/*.zarr, seismic tables, allStar
out   results/ages/pairs.zarr                       spectra and power spectra of the same stars
      results/models/ages/{variant}                 encoder-decoders: arrays and card
      results/ages/history/{variant}.parquet        losses by epoch
      results/ages/latent/{batch}.parquet           latent positions of all spectra
      results/models/ages_forests                   forests from the latent to ages and more
      results/ages/predicted.parquet                what they say of the pairs
      results/catalogs/latent_ages.{parquet,fits,csv.gz}  the catalogue, row by row of allStar
      results/figures/ages/, results/numbers/ages.json

      results/numbers/ages_null.json  on request (ages_null): skies without what the ages live on

The variants: `two_step`, whose latent positions are published, and `single_step`, trained on the
full grid alone as the paper's.
"""

AGES = config["ages"]
AGE_POWER = [
    *expand("results/data/power/light-curves-{batch}.zarr", batch=LIGHT_CURVE_BATCHES),
    *expand("results/data/power/spectra-{batch}.zarr", batch=POWER_BATCHES),
]
AGE_FIGURES = [
    *("latent", "power", "decoded", "jacobian", "abundances", "seismology", "states"),
    *("ages", "ages_apokasc2", "alpha_age", "disc", "abundance_grid"),
    *("age_histograms", "ablations"),
    *(["ages_astronn"] if HAS.get("astronn") else []),
]
AGE_RIVAL = [RAW["astronn"]] if HAS.get("astronn") else []
AGE_STEPS = {
    "two_step": [AGES["broad"], AGES["full"]],
    "single_step": [AGES["full"] | {"epochs": AGES["single_step_epochs"]}],
}


rule pair_ages:
    input:
        apogee=expand(rules.prepare_apogee.output.apogee, batch=SPECTRA_BATCHES),
        power=AGE_POWER,
        labels=expand(
            RAW["labels"],
            table=["apokasc2", "yu2018_table1", "yu2018_table2", "miglio2021"],
        ),
        stars=rules.prepare_stars.output.stars,
        allstar=RAW["allstar"],
    output:
        pairs=directory("results/ages/pairs.zarr"),
        counts="results/ages/pairs.json",
    log:
        "results/logs/pair_ages.log",
    benchmark:
        "results/benchmarks/pair_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=0,
    params:
        code=code_of("pair_ages"),
    script:
        "../scripts/pair_ages.py"


rule train_ages:
    input:
        pairs=rules.pair_ages.output.pairs,
        continuum=rules.prepare_continuum.output.continuum,
    output:
        model=directory("results/models/ages/{variant}"),
        history="results/ages/history/{variant}.parquet",
    log:
        "results/logs/train_ages/{variant}.log",
    benchmark:
        "results/benchmarks/train_ages/{variant}.tsv"
    wildcard_constraints:
        variant="|".join(AGE_STEPS),
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(120),
        gpu=1,
    params:
        seed=config["seed"],
        psd=config["psd"],
        model=AGES["model"],
        training=lambda wildcards: {
            "steps": AGE_STEPS[wildcards.variant],
            "members": AGES["members"] if wildcards.variant == "two_step" else 1,
        },
        made={"data": SURVEY, "split": config["split"]},
        checkpoint="results/checkpoints/ages/{variant}",
        code=code_of("train_ages"),
    script:
        "../scripts/train_ages.py"


AGE_MODEL = "results/models/ages/two_step"


rule encode_ages:
    input:
        model=AGE_MODEL,
        apogee=rules.prepare_apogee.output.apogee,
    output:
        latent="results/ages/latent/{batch}.parquet",
    log:
        "results/logs/encode_ages/{batch}.log",
    benchmark:
        "results/benchmarks/encode_ages/{batch}.tsv"
    wildcard_constraints:
        batch=r"\d+",
    conda:
        "../../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        code=code_of("encode_ages"),
    script:
        "../scripts/encode_ages.py"


rule forest_ages:
    input:
        model=AGE_MODEL,
        pairs=rules.pair_ages.output.pairs,
        latents=expand(rules.encode_ages.output.latent, batch=SPECTRA_BATCHES),
        allstar=RAW["allstar"],
    output:
        forests=directory("results/models/ages_forests"),
        predicted="results/ages/predicted.parquet",
    log:
        "results/logs/forest_ages.log",
    benchmark:
        "results/benchmarks/forest_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=0,
    params:
        options={"seed": config["seed"]} | AGES["forest"],
        code=code_of("forest_ages"),
    script:
        "../scripts/forest_ages.py"


rule catalog_ages:
    input:
        forests=rules.forest_ages.output.forests,
        latents=rules.forest_ages.input.latents,
        allstar=RAW["allstar"],
        matches=rules.crossmatch.output.matches,
        stars=rules.prepare_stars.output.stars,
    output:
        parquet="results/catalogs/latent_ages.parquet",
        fits="results/catalogs/latent_ages.fits",
        csv="results/catalogs/latent_ages.csv.gz",
    log:
        "results/logs/catalog_ages.log",
    benchmark:
        "results/benchmarks/catalog_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(30),
        gpu=0,
    params:
        data=SURVEY,
        code=code_of("catalog_ages"),
    script:
        "../scripts/catalog_ages.py"


rule decode_ages:
    input:
        model=AGE_MODEL,
        pairs=rules.pair_ages.output.pairs,
        predicted=rules.forest_ages.output.predicted,
    output:
        spectra=directory("results/ages/test_spectra.zarr"),
        samples=directory("results/ages/samples.zarr"),
        slopes="results/ages/slopes.parquet",
    log:
        "results/logs/decode_ages.log",
    benchmark:
        "results/benchmarks/decode_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        stars=20,
        code=code_of("decode_ages"),
    script:
        "../scripts/decode_ages.py"


rule evaluate_ages:
    input:
        predicted=rules.forest_ages.output.predicted,
        catalog=rules.catalog_ages.output.parquet,
        forests=rules.forest_ages.output.forests,
        latents=rules.forest_ages.input.latents,
        histories=expand(rules.train_ages.output.history, variant=AGE_STEPS),
        spectra=rules.decode_ages.output.spectra,
        allstar=RAW["allstar"],
        astronn=AGE_RIVAL,
        counts=rules.pair_ages.output.counts,
        stars=["results/truth/stars.parquet"] if SURVEY == "simulated" else [],
        seismology=(
            ["results/truth/seismology.parquet"] if SURVEY == "simulated" else []
        ),
    output:
        evaluation="results/ages/evaluation.json",
    log:
        "results/logs/evaluate_ages.log",
    benchmark:
        "results/benchmarks/evaluate_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        options={"seed": config["seed"]} | AGES["forest"],
        code=code_of("evaluate_ages"),
    script:
        "../scripts/evaluate_ages.py"


rule number_ages:
    input:
        evaluation=rules.evaluate_ages.output.evaluation,
    output:
        numbers="results/numbers/ages.json",
    log:
        "results/logs/number_ages.log",
    benchmark:
        "results/benchmarks/number_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
        gpu=0,
    params:
        data=SURVEY,
        published=content_of("config/published_numbers.csv"),
        lock=LOCK,
        code=code_of("number_ages"),
    script:
        "../scripts/number_ages.py"


rule plot_ages:
    input:
        pairs=rules.forest_ages.output.predicted,
        catalog=rules.catalog_ages.output.parquet,
        spectra=rules.decode_ages.output.spectra,
        samples=rules.decode_ages.output.samples,
        slopes=rules.decode_ages.output.slopes,
        allstar=RAW["allstar"],
        astronn=AGE_RIVAL,
    output:
        expand(
            "results/figures/ages/{figure}.{suffix}",
            figure=AGE_FIGURES,
            suffix=["pdf", "png", "json"],
        ),
    log:
        "results/logs/plot_ages.log",
    benchmark:
        "results/benchmarks/plot_ages.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        data=SURVEY,
        figures=AGE_FIGURES,
        psd=config["psd"],
        code=code_of("plot_ages"),
    script:
        "../scripts/plot_ages.py"


PUBLISHED["figures"] += rules.plot_ages.output
PUBLISHED["catalogs"] += rules.catalog_ages.output
PUBLISHED["numbers"] += rules.number_ages.output


if SURVEY == "simulated":
    AGE_NULL_WORLDS = {
        "permuted": {"permuted_spectra": True},
        "no_dredge_up": {"dredge_up": False},
    }

    # A whole sky in a folder of its own, by a Snakemake of its own.
    rule null_ages:
        input:
            evaluation=rules.evaluate_ages.output.evaluation,
        output:
            evaluation="results/ages/null/{world}.json",
        log:
            "results/logs/null_ages/{world}.log",
        benchmark:
            "results/benchmarks/null_ages/{world}.tsv"
        wildcard_constraints:
            world="|".join(AGE_NULL_WORLDS),
        conda:
            "../../envs/cpu.yaml"
        threads: 2
        resources:
            mem_mb=grows(8000),
            runtime=grows(120),
            gpu=0,
        params:
            folder="results/null/{world}",
            snakefile=str(ROOT / "Snakefile"),
            deployment=sorted(
                str(method)
                for method in workflow.deployment_settings.deployment_method
            ),
            config=lambda wildcards: config
            | {"sky": config["sky"] | AGE_NULL_WORLDS[wildcards.world]},
            code=code_of("null_ages"),
        script:
            "../scripts/null_ages.py"

    rule number_null_ages:
        input:
            evaluations=expand(rules.null_ages.output.evaluation, world=AGE_NULL_WORLDS),
        output:
            numbers="results/numbers/ages_null.json",
        log:
            "results/logs/number_null_ages.log",
        benchmark:
            "results/benchmarks/number_null_ages.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000),
            runtime=grows(10),
            gpu=0,
        params:
            data=SURVEY,
            published=content_of("config/published_numbers.csv"),
            lock=LOCK,
            code=code_of("number_null_ages"),
        script:
            "../scripts/number_null_ages.py"

    rule ages_null:
        input:
            rules.number_null_ages.output.numbers,
