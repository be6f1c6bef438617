"""
Stage match: which rows of which survey are the same star.

in    raw gaia_source, 2MASS, unWISE and allStar files, seismic tables
out   results/match/kepler.parquet      the Kepler stars of the seismic tables, with their positions
      results/match/crossmatch.parquet  one row a Gaia source: the row in each survey, separations, flags
      results/match/counts.json         what became of every row
      results/match/evaluation.json     separations, chance matches, and the score against the truth
      results/match/profile.parquet     pairs by separation
      results/figures/match/match.*     figure
      results/numbers/match.json        numbers
"""

if HAS.get("labels"):

    rule place_kepler:
        input:
            labels=expand(RAW["labels"], table=SEISMIC_TABLES),
        output:
            places="results/match/kepler.parquet",
        log:
            "results/logs/place_kepler.log",
        benchmark:
            "results/benchmarks/place_kepler.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(10),
            gpu=0,
        params:
            code=code_of("place_kepler"),
        script:
            "../scripts/place_kepler.py"


rule crossmatch:
    input:
        gaia_source=expand(RAW["gaia_source"], chunk=GAIA_SOURCE_CHUNKS),
        xp=[] if HAS["gaia_source"] else expand(RAW["xp"], chunk=CHUNKS),
        twomass=[RAW["twomass"]] if HAS["twomass"] else [],
        unwise=[RAW["unwise"]] if HAS["unwise"] else [],
        allstar=[RAW["allstar"]] if HAS["allstar"] else [],
        kepler=["results/match/kepler.parquet"] if HAS.get("labels") else [],
    output:
        matches="results/match/crossmatch.parquet",
        counts="results/match/counts.json",
    log:
        "results/logs/crossmatch.log",
    benchmark:
        "results/benchmarks/crossmatch.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(60),
        gpu=0,
    params:
        options=config["match"],
        code=code_of("crossmatch"),
    script:
        "../scripts/crossmatch.py"


if HAS["gaia_source"] and HAS["unwise"]:

    rule evaluate_match:
        input:
            matches=rules.crossmatch.output.matches,
            gaia=rules.crossmatch.input.gaia_source,
            twomass=rules.crossmatch.input.twomass,
            unwise=rules.crossmatch.input.unwise,
            kepler=rules.crossmatch.input.kepler,
            rows=["results/truth/rows.json"] if SURVEY == "simulated" else [],
            stars=["results/truth/stars.parquet"] if SURVEY == "simulated" else [],
        output:
            evaluation="results/match/evaluation.json",
            profile="results/match/profile.parquet",
        log:
            "results/logs/evaluate_match.log",
        benchmark:
            "results/benchmarks/evaluate_match.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(8000),
            runtime=grows(60),
            gpu=0,
        params:
            options=config["match"],
            code=code_of("evaluate_match"),
        script:
            "../scripts/evaluate_match.py"

    rule plot_match:
        input:
            evaluation=rules.evaluate_match.output.evaluation,
            profile=rules.evaluate_match.output.profile,
        output:
            expand(
                "results/figures/match/match.{suffix}", suffix=["pdf", "png", "json"]
            ),
        log:
            "results/logs/plot_match.log",
        benchmark:
            "results/benchmarks/plot_match.tsv"
        conda:
            "../../envs/cpu.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(10),
            gpu=0,
        params:
            data=SURVEY,
            code=code_of("plot_match"),
        script:
            "../scripts/plot_match.py"

    rule number_match:
        input:
            evaluation=rules.evaluate_match.output.evaluation,
        output:
            numbers="results/numbers/match.json",
        log:
            "results/logs/number_match.log",
        benchmark:
            "results/benchmarks/number_match.tsv"
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
            code=code_of("number_match"),
        script:
            "../scripts/number_match.py"

    PUBLISHED["figures"] += rules.plot_match.output
    PUBLISHED["numbers"] += rules.number_match.output


# The whole sky does not fit into memory: partitions of it do.
if SURVEY == "dr17" and config["archives"]["gaia"] == "bulk":

    include: "match_sky.smk"
