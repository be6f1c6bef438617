"""
Stage prepare: APOGEE spectra and Kepler power spectra as arrays.

in    raw lists of apStar files and of light curves; power spectra of the simulated sky; allStar,
      matches
out   results/data/continuum.json        pixels that the continua go through
      results/data/apogee/{batch}.zarr   spectra over their continua, errors, masks, flags
      results/data/power/{batch}.zarr    log power over its background on the grid of `psd`
"""


rule prepare_continuum:
    input:
        lists=expand(RAW["spectra"], kind="stars", batch=SPECTRA_BATCHES[:4]),
        allstar=RAW["allstar"],
    output:
        continuum="results/data/continuum.json",
    log:
        "results/logs/prepare_continuum.log",
    benchmark:
        "results/benchmarks/prepare_continuum.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        continuum=config["continuum"],
        code=code_of("prepare_continuum"),
    script:
        "../scripts/prepare_continuum.py"


rule prepare_apogee:
    input:
        list=expand(RAW["spectra"], kind="stars", allow_missing=True)[0],
        allstar=RAW["allstar"],
        matches=rules.crossmatch.output.matches,
        continuum=rules.prepare_continuum.output.continuum,
    output:
        apogee=directory("results/data/apogee/{batch}.zarr"),
    log:
        "results/logs/prepare_apogee/{batch}.log",
    benchmark:
        "results/benchmarks/prepare_apogee/{batch}.tsv"
    wildcard_constraints:
        batch=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
        gpu=0,
    params:
        code=code_of("prepare_apogee"),
    script:
        "../scripts/prepare_apogee.py"


rule prepare_light_curves:
    input:
        list=RAW["light_curves"],
    output:
        power=directory("results/data/power/light-curves-{batch}.zarr"),
    log:
        "results/logs/prepare_light_curves/{batch}.log",
    benchmark:
        "results/benchmarks/prepare_light_curves/{batch}.tsv"
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
        psd=config["psd"],
        code=code_of("prepare_light_curves"),
    script:
        "../scripts/prepare_light_curves.py"


rule prepare_power:
    input:
        power=RAW["power"],
    output:
        power=directory("results/data/power/spectra-{batch}.zarr"),
    log:
        "results/logs/prepare_power/{batch}.log",
    benchmark:
        "results/benchmarks/prepare_power/{batch}.tsv"
    wildcard_constraints:
        batch=r"\d+",
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        psd=config["psd"],
        code=code_of("prepare_power"),
    script:
        "../scripts/prepare_power.py"


rule spectra:
    input:
        expand(rules.prepare_apogee.output.apogee, batch=SPECTRA_BATCHES),
        expand(rules.prepare_light_curves.output.power, batch=LIGHT_CURVE_BATCHES),
        expand(rules.prepare_power.output.power, batch=POWER_BATCHES),
