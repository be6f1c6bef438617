"""
Stage acquire, survey: simulated. One star population behind every raw file.

out   results/truth/stars.parquet               every star's true properties
      results/truth/photometry/{chunk}.parquet  true magnitudes in eight bands
      results/truth/rows.json                which row of each survey's file is which star
      and the raw files of acquire.smk

Only these rules and evaluations read results/truth.
"""

GAIA_SOURCE_CHUNKS = CHUNKS
HAS = {"gaia_source": True, "twomass": True, "unwise": True, "allstar": True}


rule sky_stars:
    output:
        stars="results/truth/stars.parquet",
    log:
        "results/logs/sky_stars.log",
    benchmark:
        "results/benchmarks/sky_stars.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        seed=config["seed"],
        sky=pick(
            "sky",
            "stars",
            "giant_fraction",
            "candidate_fraction",
            "cluster_fraction",
            "kepler_fraction",
            "dredge_up",
            "young_alpha_rich",
            "cemp",
            "binaries",
            "extinction",
        ),
        code=code_of("sky_stars"),
    script:
        "../scripts/sky_stars.py"


rule sky_spectra:
    input:
        stars=rules.sky_stars.output.stars,
    output:
        xp=RAW["xp"],
        gaia_source=RAW["gaia_source"],
        photometry="results/truth/photometry/{chunk}.parquet",
    log:
        "results/logs/sky_spectra/{chunk}.log",
    benchmark:
        "results/benchmarks/sky_spectra/{chunk}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(6000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        sky=pick("sky", "xp_alpha", "extinction", "error_scale"),
        code=code_of("sky_spectra"),
    script:
        "../scripts/sky_spectra.py"


rule sky_surveys:
    input:
        stars=rules.sky_stars.output.stars,
        photometry=expand(rules.sky_spectra.output.photometry, chunk=CHUNKS),
    output:
        twomass=RAW["twomass"],
        unwise=RAW["unwise"],
        allstar=RAW["allstar"],
        rows="results/truth/rows.json",
    log:
        "results/logs/sky_surveys.log",
    benchmark:
        "results/benchmarks/sky_surveys.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(8000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        sky=pick("sky", "error_scale"),
        code=code_of("sky_surveys"),
    script:
        "../scripts/sky_surveys.py"


# Each part of the sky has its own folder, results/raw/apogee/spectra/{chunk}/{telescope}/{field}.
rule sky_apogee_spectra:
    input:
        stars=rules.sky_stars.output.stars,
        allstar=rules.sky_surveys.output.allstar,
        rows=rules.sky_surveys.output.rows,
    output:
        spectra=directory("results/raw/apogee/spectra/{chunk}"),
        files="results/raw/apogee/spectra_{chunk}.json",
    log:
        "results/logs/sky_apogee_spectra/{chunk}.log",
    benchmark:
        "results/benchmarks/sky_apogee_spectra/{chunk}.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        sky=pick("sky", "error_scale"),
        code=code_of("sky_apogee_spectra"),
    script:
        "../scripts/sky_apogee_spectra.py"
