"""
Study labels: stellar labels with calibrated errors (Fallows & Sanders 2024).

in    results/data/xp/{chunk}.zarr, results/data/stars.parquet
out   results/models/labels/{variant}             networks: arrays and card
      results/labels/folds.parquet                labels of training stars by networks that left
                                                  them out: the scale of the errors comes from them
      results/labels/history/{variant}.parquet    losses by epoch
      results/labels/predicted/{chunk}.parquet    labels, errors, flags of all stars
      results/catalogs/stellar_labels.{parquet,fits}  the catalogue
      results/labels/boosted.parquet              the baseline of boosted trees
      results/labels/transformer.parquet          the comparison of Leung & Bovy (2023)
      results/labels/test.parquet                 the test stars by every method
      results/labels/evaluation.json              what they say
      results/labels/surveys.{parquet,json}       unseen stars beside LAMOST and GSP-Phot
      results/labels/{attention,spectra}.parquet  what the network looks at
      results/figures/labels/, results/numbers/labels.json

The variants: `dropout`, whose labels are published; `ensemble`; `no_pseudo_mag`, without the
pseudo-absolute magnitude; `balanced`, with rare labels weighing as much as common ones.
"""

LABELS = config["labels"]
LABEL_VARIANTS = {
    "dropout": {},
    "ensemble": {"members": LABELS["members"]},
    "no_pseudo_mag": {"pseudo_mag": False},
    "balanced": {"balanced": True},
}
LABEL_FIGURES = [
    "apogee",
    *(["lamost", "lamost_apogee"] if HAS.get("lamost") else []),
    *(["lamost_mrs"] if HAS.get("lamost_mrs") else []),
    "gspphot",
    "sigma_by_label",
    "sigma_by_g",
    "pulls",
    "calibration",
    "methods",
    "trend",
    "attention",
    "planes",
    "derivatives",
    "pseudo_mag",
]

LEARN = HAS["allstar"] and HAS["gaia_source"] and not LABELS["pretrained"]

if LABELS["pretrained"]:

    rule adopt_labels:
        input:
            model=LABELS["pretrained"],
        output:
            model=directory("results/models/labels/dropout"),
        log:
            "results/logs/adopt_labels.log",
        benchmark:
            "results/benchmarks/adopt_labels.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(10),
            gpu=0,
        params:
            code=code_of("adopt_labels"),
        script:
            "../scripts/adopt_labels.py"

elif LEARN:

    rule cross_fit_labels:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            folds="results/labels/folds.parquet",
        log:
            "results/logs/cross_fit_labels.log",
        benchmark:
            "results/benchmarks/cross_fit_labels.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(240),
            gpu=1,
        params:
            seed=config["seed"],
            folds=LABELS["folds"],
            model=pick("labels", "widths"),
            training=LABELS["training"],
            zero_point=LABELS["zero_point"],
            checkpoint="results/checkpoints/labels/folds",
            code=code_of("cross_fit_labels"),
        script:
            "../scripts/cross_fit_labels.py"

    rule train_labels:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
            folds=lambda wildcards: (
                [rules.cross_fit_labels.output.folds]
                if wildcards.variant == "dropout"
                else []
            ),
        output:
            model=directory("results/models/labels/{variant}"),
            history="results/labels/history/{variant}.parquet",
        log:
            "results/logs/train_labels/{variant}.log",
        benchmark:
            "results/benchmarks/train_labels/{variant}.tsv"
        wildcard_constraints:
            variant="|".join(LABEL_VARIANTS),
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(120),
            gpu=1,
        params:
            seed=config["seed"],
            model=lambda wildcards: (
                LABEL_VARIANTS[wildcards.variant] | pick("labels", "widths")
            ),
            training=LABELS["training"],
            made={"data": SURVEY, "split": config["split"]}
            | pick("labels", "zero_point"),
            checkpoint="results/checkpoints/labels/{variant}",
            code=code_of("train_labels"),
        script:
            "../scripts/train_labels.py"


if LEARN or LABELS["pretrained"]:

    rule predict_labels:
        input:
            model="results/models/labels/dropout",
            xp=rules.prepare_xp.output.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            labels="results/labels/predicted/{chunk}.parquet",
        log:
            "results/logs/predict_labels/{chunk}.log",
        benchmark:
            "results/benchmarks/predict_labels/{chunk}.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            code=code_of("predict_labels"),
        script:
            "../scripts/predict_labels.py"

    rule catalog_labels:
        input:
            labels=expand(rules.predict_labels.output.labels, chunk=CHUNKS),
            stars=rules.prepare_stars.output.stars,
        output:
            parquet="results/catalogs/stellar_labels.parquet",
            fits="results/catalogs/stellar_labels.fits",
        log:
            "results/logs/catalog_labels.log",
        benchmark:
            "results/benchmarks/catalog_labels.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            data=SURVEY,
            code=code_of("catalog_labels"),
        script:
            "../scripts/catalog_labels.py"

    PUBLISHED["catalogs"] += rules.catalog_labels.output


if LEARN:

    rule boost_labels:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            boosted="results/labels/boosted.parquet",
        log:
            "results/logs/boost_labels.log",
        benchmark:
            "results/benchmarks/boost_labels.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(240),
            gpu=0,
        params:
            seed=config["seed"],
            boosted=LABELS["boosted"],
            zero_point=LABELS["zero_point"],
            code=code_of("boost_labels"),
        script:
            "../scripts/boost_labels.py"

    rule transform_labels:
        input:
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
        output:
            answers="results/labels/transformer.parquet",
        log:
            "results/logs/transform_labels.log",
        benchmark:
            "results/benchmarks/transform_labels.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(240),
            gpu=1,
        params:
            seed=config["seed"],
            transformer=LABELS["transformer"],
            zero_point=LABELS["zero_point"],
            checkpoint="results/checkpoints/labels/transformer",
            code=code_of("transform_labels"),
        script:
            "../scripts/transform_labels.py"

    rule evaluate_labels:
        input:
            models=expand(rules.train_labels.output.model, variant=LABEL_VARIANTS),
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
            xgboost=rules.boost_labels.output.boosted,
            transformer=rules.transform_labels.output.answers,
            folds=rules.cross_fit_labels.output.folds,
            truth=["results/truth/stars.parquet"] if SURVEY == "simulated" else [],
        output:
            test="results/labels/test.parquet",
            evaluation="results/labels/evaluation.json",
        log:
            "results/logs/evaluate_labels.log",
        benchmark:
            "results/benchmarks/evaluate_labels.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(60),
            gpu=0,
        params:
            seed=config["seed"],
            zero_point=LABELS["zero_point"],
            code=code_of("evaluate_labels"),
        script:
            "../scripts/evaluate_labels.py"

    rule compare_labels:
        input:
            labels=rules.catalog_labels.input.labels,
            stars=rules.prepare_stars.output.stars,
            lamost_lrs=[RAW["lamost"]] if HAS.get("lamost") else [],
            lamost_mrs=[RAW["lamost_mrs"]] if HAS.get("lamost_mrs") else [],
        output:
            surveys="results/labels/surveys.parquet",
            scores="results/labels/surveys.json",
        log:
            "results/logs/compare_labels.log",
        benchmark:
            "results/benchmarks/compare_labels.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(30),
            gpu=0,
        params:
            seed=config["seed"],
            code=code_of("compare_labels"),
        script:
            "../scripts/compare_labels.py"

    rule evaluate_label_spectra:
        input:
            model="results/models/labels/dropout",
            xp=rules.prepare_stars.input.xp,
            stars=rules.prepare_stars.output.stars,
            truth=(
                ["results/truth/derivatives.parquet"] if SURVEY == "simulated" else []
            ),
        output:
            attention="results/labels/attention.parquet",
            spectra="results/labels/spectra.parquet",
            scores="results/labels/spectra.json",
        log:
            "results/logs/evaluate_label_spectra.log",
        benchmark:
            "results/benchmarks/evaluate_label_spectra.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(30),
            gpu=0,
        params:
            code=code_of("evaluate_label_spectra"),
        script:
            "../scripts/evaluate_label_spectra.py"

    rule plot_labels:
        input:
            test=rules.evaluate_labels.output.test,
            surveys=rules.compare_labels.output.surveys,
            attention=rules.evaluate_label_spectra.output.attention,
            spectra=rules.evaluate_label_spectra.output.spectra,
            folds=rules.cross_fit_labels.output.folds,
        output:
            expand(
                "results/figures/labels/{figure}.{suffix}",
                figure=LABEL_FIGURES,
                suffix=["pdf", "png", "json"],
            ),
        log:
            "results/logs/plot_labels.log",
        benchmark:
            "results/benchmarks/plot_labels.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            data=SURVEY,
            figures=LABEL_FIGURES,
            code=code_of("plot_labels"),
        script:
            "../scripts/plot_labels.py"

    rule number_labels:
        input:
            evaluation=rules.evaluate_labels.output.evaluation,
            surveys=rules.compare_labels.output.scores,
            spectra=rules.evaluate_label_spectra.output.scores,
        output:
            numbers="results/numbers/labels.json",
        log:
            "results/logs/number_labels.log",
        benchmark:
            "results/benchmarks/number_labels.tsv"
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
            code=code_of("number_labels"),
        script:
            "../scripts/number_labels.py"

    PUBLISHED["figures"] += rules.plot_labels.output
    PUBLISHED["numbers"] += rules.number_labels.output
