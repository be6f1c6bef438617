"""
The simulated sky, judged: against published relations, and the surveys' files against its truth.

in    results/truth, prepared stars and spectra
out   results/sky/stars.parquet      truth beside measured values, for the figures
      results/sky/examples.zarr      spectra of chosen stars
      results/figures/sky/*          figures
      results/numbers/sky.json       numbers
"""

SKY_FIGURES = [
    "population",
    "evolution",
    "hband",
    "xp",
    "seismology",
    "colours",
    "errors",
]


rule evaluate_sky:
    input:
        truth="results/truth/stars.parquet",
        photometry=expand("results/truth/photometry/{chunk}.parquet", chunk=CHUNKS),
        seismology="results/truth/seismology.parquet",
        oscillations="results/truth/oscillations.parquet",
        stars=rules.prepare_stars.output.stars,
        xp=rules.prepare_stars.input.xp,
        apogee=expand(rules.prepare_apogee.output.apogee, batch=SPECTRA_BATCHES[0])[0],
        power=expand(RAW["power"], batch=POWER_BATCHES)[:1],
        light_curves=expand(RAW["light_curves"], batch=LIGHT_CURVE_BATCHES)[:1],
    output:
        numbers="results/numbers/sky.json",
        stars="results/sky/stars.parquet",
        examples=directory("results/sky/examples.zarr"),
    log:
        "results/logs/evaluate_sky.log",
    benchmark:
        "results/benchmarks/evaluate_sky.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
        gpu=0,
    params:
        data=SURVEY,
        published=content_of("config/published_numbers.csv"),
        lock=LOCK,
        code=code_of("evaluate_sky"),
    script:
        "../scripts/evaluate_sky.py"


rule plot_sky:
    input:
        stars=rules.evaluate_sky.output.stars,
        examples=rules.evaluate_sky.output.examples,
    output:
        expand(
            "results/figures/sky/{figure}.{suffix}",
            figure=SKY_FIGURES,
            suffix=["pdf", "png", "json"],
        ),
    log:
        "results/logs/plot_sky.log",
    benchmark:
        "results/benchmarks/plot_sky.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
        gpu=0,
    params:
        data=SURVEY,
        figures=SKY_FIGURES,
        code=code_of("plot_sky"),
    script:
        "../scripts/plot_sky.py"


PUBLISHED["figures"] += rules.plot_sky.output
PUBLISHED["numbers"] += [rules.evaluate_sky.output.numbers]
