"""
Stage acquire, survey: simulated. One star population behind every raw file.

out   results/truth/stars.parquet               every star's true properties
      results/truth/photometry/{chunk}.parquet  true magnitudes in eight bands
      results/truth/rows.json                which row of each survey's file is which star
      results/truth/seismology.parquet       seismic parameters of the Kepler stars
      results/truth/oscillations.parquet     those that their data show: others' where permuted
      results/truth/derivatives.parquet      what a clump star's spectrum answers to its abundances
      results/raw/simbad/types.csv           object types, as SIMBAD has them
      and the raw files of acquire.smk

Only these rules and evaluations read results/truth.
"""

GAIA_SOURCE_CHUNKS = CHUNKS
SPECTRA_BATCHES = range(config["sky"]["spectra_batches"])
LIGHT_CURVE_BATCHES = range(config["sky"]["light_curve_batches"])
POWER_BATCHES = range(config["sky"]["power_batches"])
HAS = {table: True for table in RAW} | {
    "light_curves": len(LIGHT_CURVE_BATCHES) > 0,
    "power": len(POWER_BATCHES) > 0,
}

# A red-clump star, and the steps of its abundances (Fallows & Sanders 2024, Tables 4 and 5).
CLUMP_STAR = {
    "teff": 4750.0,
    "logg": 2.5,
    "m_h": 0.0,
    "alpha_m": 0.05,
    "c_fe": 0.0,
    "n_fe": 0.2,
}


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
        sky=pick("sky", "xp_alpha", "extinction", "error_scale", "companion_light"),
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
        astronn=RAW["astronn"],
        lamost=RAW["lamost"],
        lamost_mrs=RAW["lamost_mrs"],
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


rule sky_apogee_spectra:
    input:
        stars=rules.sky_stars.output.stars,
        allstar=rules.sky_surveys.output.allstar,
        rows=rules.sky_surveys.output.rows,
    output:
        list=RAW["spectra"],
    log:
        "results/logs/sky_apogee_spectra/{kind}-{batch}.log",
    benchmark:
        "results/benchmarks/sky_apogee_spectra/{kind}-{batch}.tsv"
    wildcard_constraints:
        kind="stars|aspcap",
        batch=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        sky=pick("sky", "error_scale", "companion_light"),
        batches=len(SPECTRA_BATCHES),
        code=code_of("sky_apogee_spectra"),
    script:
        "../scripts/sky_apogee_spectra.py"


rule sky_seismology:
    input:
        stars=rules.sky_stars.output.stars,
        photometry=expand(rules.sky_spectra.output.photometry, chunk=CHUNKS),
    output:
        seismology="results/truth/seismology.parquet",
        oscillations="results/truth/oscillations.parquet",
        labels=expand(RAW["labels"], table=[*SEISMIC_TABLES, "yu2018_table2"]),
    log:
        "results/logs/sky_seismology.log",
    benchmark:
        "results/benchmarks/sky_seismology.tsv"
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
            "light_curves",
            "mixed_modes",
            "rotation",
            "permuted_spectra",
            "error_scale",
        ),
        code=code_of("sky_seismology"),
    script:
        "../scripts/sky_seismology.py"


rule sky_light_curves:
    input:
        oscillations=rules.sky_seismology.output.oscillations,
    output:
        list=RAW["light_curves"],
    log:
        "results/logs/sky_light_curves/{batch}.log",
    benchmark:
        "results/benchmarks/sky_light_curves/{batch}.tsv"
    wildcard_constraints:
        batch=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        batches=len(LIGHT_CURVE_BATCHES),
        code=code_of("sky_light_curves"),
    script:
        "../scripts/sky_light_curves.py"


rule sky_power:
    input:
        oscillations=rules.sky_seismology.output.oscillations,
    output:
        power=directory(RAW["power"]),
    log:
        "results/logs/sky_power/{batch}.log",
    benchmark:
        "results/benchmarks/sky_power/{batch}.tsv"
    wildcard_constraints:
        batch=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(60),
        gpu=0,
    params:
        seed=config["seed"],
        batches=len(POWER_BATCHES),
        code=code_of("sky_power"),
    script:
        "../scripts/sky_power.py"


rule sky_types:
    input:
        stars=rules.sky_stars.output.stars,
        photometry=rules.sky_surveys.input.photometry,
    output:
        types="results/raw/simbad/types.csv",
    log:
        "results/logs/sky_types.log",
    benchmark:
        "results/benchmarks/sky_types.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        seed=config["seed"],
        code=code_of("sky_types"),
    script:
        "../scripts/sky_types.py"


rule sky_derivatives:
    output:
        derivatives="results/truth/derivatives.parquet",
    log:
        "results/logs/sky_derivatives.log",
    benchmark:
        "results/benchmarks/sky_derivatives.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        star=CLUMP_STAR,
        steps={"fe_h": 0.5, "c_fe": 0.2, "n_fe": 0.2, "alpha_m": 0.2},
        code=code_of("sky_derivatives"),
    script:
        "../scripts/sky_derivatives.py"


rule sky:
    input:
        expand(RAW["xp"], chunk=CHUNKS),
        [RAW[table] for table in ("twomass", "unwise", "allstar", "astronn")],
        [RAW[table] for table in ("lamost", "lamost_mrs")],
        expand(RAW["labels"], table=[*SEISMIC_TABLES, "yu2018_table2"]),
        expand(RAW["spectra"], kind=["stars", "aspcap"], batch=SPECTRA_BATCHES),
        expand(RAW["light_curves"], batch=LIGHT_CURVE_BATCHES),
        expand(RAW["power"], batch=POWER_BATCHES),
