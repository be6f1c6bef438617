"""
Study cemp: populations among candidates for carbon-enhanced metal-poor stars, by XP spectra alone.

in    results/data/xp/{chunk}.zarr, results/data/stars.parquet; SIMBAD's types
out   results/cemp/candidates.parquet    probability of every star, and who is a candidate
      results/cemp/scores.json           counts, and scores on test stars
      results/models/cemp                expert scatter VAEs of the candidates, one a seed
      results/cemp/latent.parquet        latent means by every model, outlier score
      results/cemp/populations.parquet   population and membership; sweep.parquet, clustering.json
      results/cemp/spectra.parquet       median spectra; distinct.json: tests between populations
      results/catalogs/cemp_populations.{parquet,fits}  the catalogue
      results/cemp/recovery.json         against the simulated sky's truth
      results/figures/cemp/, results/numbers/cemp.json
"""

CEMP = config["cemp"]
CEMP_FIGURES = ["spectra", "hrd", "sky", "probability", "latent", "stability"]

# Files of one's own are often a handful of stars, which cannot teach trees: there the study runs on
# a given list. Without Gaia's positions and magnitudes nothing can be compared.
if (CEMP["candidates"] or SURVEY != "files") and HAS["gaia_source"]:

    if CEMP["candidates"]:

        rule adopt_cemp:
            input:
                list=CEMP["candidates"],
                xp=rules.prepare_stars.input.xp,
            output:
                table="results/cemp/candidates.parquet",
                scores="results/cemp/scores.json",
            log:
                "results/logs/adopt_cemp.log",
            benchmark:
                "results/benchmarks/adopt_cemp.tsv"
            conda:
                "../../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=grows(4000),
                runtime=grows(20),
                gpu=0,
            params:
                code=code_of("adopt_cemp"),
            script:
                "../scripts/adopt_cemp.py"

    else:

        rule candidates_cemp:
            input:
                xp=rules.prepare_stars.input.xp,
                stars=rules.prepare_stars.output.stars,
            output:
                table="results/cemp/candidates.parquet",
                model=directory("results/models/cemp_trees"),
                scores="results/cemp/scores.json",
            log:
                "results/logs/candidates_cemp.log",
            benchmark:
                "results/benchmarks/candidates_cemp.tsv"
            conda:
                "../../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=grows(8000),
                runtime=grows(20),
                gpu=0,
            params:
                settings=CEMP["classifier"],
                select=CEMP["select"],
                made={"data": SURVEY, "split": config["split"]},
                seed=config["seed"],
                code=code_of("candidates_cemp"),
            script:
                "../scripts/candidates_cemp.py"

    CANDIDATES = "results/cemp/candidates.parquet"

    rule train_cemp:
        input:
            xp=rules.prepare_stars.input.xp,
            candidates=CANDIDATES,
            stars=rules.prepare_stars.output.stars,
        output:
            models=directory("results/models/cemp"),
        log:
            "results/logs/train_cemp.log",
        benchmark:
            "results/benchmarks/train_cemp.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(120),
            gpu=1,
        params:
            seed=config["seed"],
            model=pick("cemp", "latent", "widths", "scatter"),
            members=CEMP["members"],
            training=CEMP["training"],
            made={"data": SURVEY, "split": config["split"]},
            checkpoint="results/checkpoints/cemp",
            code=code_of("train_cemp"),
        script:
            "../scripts/train_cemp.py"

    rule encode_cemp:
        input:
            models=rules.train_cemp.output.models,
            xp=rules.prepare_stars.input.xp,
            candidates=CANDIDATES,
        output:
            latent="results/cemp/latent.parquet",
        log:
            "results/logs/encode_cemp.log",
        benchmark:
            "results/benchmarks/encode_cemp.tsv"
        conda:
            "../../envs/gpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            code=code_of("encode_cemp"),
        script:
            "../scripts/encode_cemp.py"

    rule cluster_cemp:
        input:
            latent=rules.encode_cemp.output.latent,
            stars=rules.prepare_stars.output.stars,
        output:
            labels="results/cemp/populations.parquet",
            sweep="results/cemp/sweep.parquet",
            summary="results/cemp/clustering.json",
        log:
            "results/logs/cluster_cemp.log",
        benchmark:
            "results/benchmarks/cluster_cemp.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(120),
            gpu=0,
        params:
            options=CEMP["clustering"],
            least_variance=CEMP["least_variance"],
            seed=config["seed"],
            code=code_of("cluster_cemp"),
        script:
            "../scripts/cluster_cemp.py"

    rule describe_cemp:
        input:
            xp=rules.prepare_stars.input.xp,
            labels=rules.cluster_cemp.output.labels,
            stars=rules.prepare_stars.output.stars,
        output:
            spectra="results/cemp/spectra.parquet",
            tests="results/cemp/distinct.json",
        log:
            "results/logs/describe_cemp.log",
        benchmark:
            "results/benchmarks/describe_cemp.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(20),
            gpu=0,
        params:
            sampling=CEMP["sampling"],
            permutations=CEMP["permutations"],
            seed=config["seed"],
            code=code_of("describe_cemp"),
        script:
            "../scripts/describe_cemp.py"

    if CEMP["types"]:
        TYPES = [CEMP["types"]]
    elif SURVEY == "simulated":
        TYPES = [rules.sky_types.output.types]
    elif SURVEY == "dr17":
        TYPES = ["results/raw/simbad/types.csv"]

        rule fetch_types:
            input:
                datasets=DATASETS,
                candidates=CANDIDATES,
            output:
                types="results/raw/simbad/types.csv",
            log:
                "results/logs/fetch_types.log",
            benchmark:
                "results/benchmarks/fetch_types.tsv"
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
                cache="results/raw/simbad/cache.csv",
            script:
                "../scripts/fetch_types.py"

    else:
        TYPES = []

    rule catalog_cemp:
        input:
            labels=rules.cluster_cemp.output.labels,
            candidates=CANDIDATES,
            latent=rules.encode_cemp.output.latent,
            stars=rules.prepare_stars.output.stars,
            types=TYPES,
        output:
            parquet="results/catalogs/cemp_populations.parquet",
            fits="results/catalogs/cemp_populations.fits",
            votes="results/cemp/votes.json",
        log:
            "results/logs/catalog_cemp.log",
        benchmark:
            "results/benchmarks/catalog_cemp.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            rule=CEMP["vote"],
            data=SURVEY,
            code=code_of("catalog_cemp"),
        script:
            "../scripts/catalog_cemp.py"

    if SURVEY == "simulated":

        rule evaluate_cemp:
            input:
                labels=rules.cluster_cemp.output.labels,
                truth="results/truth/stars.parquet",
            output:
                recovery="results/cemp/recovery.json",
            log:
                "results/logs/evaluate_cemp.log",
            benchmark:
                "results/benchmarks/evaluate_cemp.tsv"
            conda:
                "../../envs/cpu.yaml"
            threads: 1
            resources:
                mem_mb=grows(4000),
                runtime=grows(20),
                gpu=0,
            params:
                code=code_of("evaluate_cemp"),
            script:
                "../scripts/evaluate_cemp.py"

    rule plot_cemp:
        input:
            catalog=rules.catalog_cemp.output.parquet,
            stars=rules.prepare_stars.output.stars,
            latent=rules.encode_cemp.output.latent,
            spectra=rules.describe_cemp.output.spectra,
            sweep=rules.cluster_cemp.output.sweep,
            votes=rules.catalog_cemp.output.votes,
            clustering=rules.cluster_cemp.output.summary,
        output:
            expand(
                "results/figures/cemp/{figure}.{suffix}",
                figure=CEMP_FIGURES,
                suffix=["pdf", "png", "json"],
            ),
        log:
            "results/logs/plot_cemp.log",
        benchmark:
            "results/benchmarks/plot_cemp.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(4000),
            runtime=grows(20),
            gpu=0,
        params:
            figures=CEMP_FIGURES,
            data=SURVEY,
            least_variance=CEMP["least_variance"],
            code=code_of("plot_cemp"),
        script:
            "../scripts/plot_cemp.py"

    rule number_cemp:
        input:
            scores="results/cemp/scores.json",
            clustering=rules.cluster_cemp.output.summary,
            tests=rules.describe_cemp.output.tests,
            votes=rules.catalog_cemp.output.votes,
            recovery=["results/cemp/recovery.json"] if SURVEY == "simulated" else [],
        output:
            numbers="results/numbers/cemp.json",
        log:
            "results/logs/number_cemp.log",
        benchmark:
            "results/benchmarks/number_cemp.tsv"
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
            code=code_of("number_cemp"),
        script:
            "../scripts/number_cemp.py"

    PUBLISHED["catalogs"] += [
        rules.catalog_cemp.output.parquet,
        rules.catalog_cemp.output.fits,
    ]
    PUBLISHED["figures"] += rules.plot_cemp.output
    PUBLISHED["numbers"] += rules.number_cemp.output
