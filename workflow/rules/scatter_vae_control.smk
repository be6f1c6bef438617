"""
Study scatter_vae, the control: the same stars in a world without [alpha/M] in their XP spectra.

in    results/truth/stars.parquet, results/data/stars.parquet, results/scatter_vae/alpha.parquet
out   results/control/                             spectra, model and latent of that world
      results/numbers/scatter_vae_control.json     what the latent knows of alpha there, and what
                                                   of its advantage is lost

`snakemake xp_alpha_control` makes it; it is no part of `all`. Everything but the spectra is as in
the other world: the labels, the colours, the split, the settings, the seeds.
"""


use rule sky_spectra as sky_spectra_control with:
    output:
        xp="results/control/raw/XpContinuousMeanSpectrum_{chunk}.csv.gz",
        gaia_source="results/control/raw/GaiaSource_{chunk}.csv.gz",
        photometry="results/control/photometry/{chunk}.parquet",
    log:
        "results/logs/sky_spectra_control/{chunk}.log",
    benchmark:
        "results/benchmarks/sky_spectra_control/{chunk}.tsv"
    params:
        seed=config["seed"],
        sky=rules.sky_spectra.params.sky | {"xp_alpha": False},
        code=code_of("sky_spectra"),


use rule prepare_xp as prepare_xp_control with:
    input:
        xp=rules.sky_spectra_control.output.xp,
        gaia_source=[rules.sky_spectra_control.output.gaia_source],
    output:
        xp=directory("results/control/xp/{chunk}.zarr"),
    log:
        "results/logs/prepare_xp_control/{chunk}.log",
    benchmark:
        "results/benchmarks/prepare_xp_control/{chunk}.tsv"


use rule train_scatter_vae as train_scatter_vae_control with:
    input:
        xp=expand(rules.prepare_xp_control.output.xp, chunk=CHUNKS),
        stars=rules.prepare_stars.output.stars,
    output:
        model=directory("results/control/model"),
        history="results/control/history.parquet",
    log:
        "results/logs/train_scatter_vae_control.log",
    benchmark:
        "results/benchmarks/train_scatter_vae_control.tsv"
    params:
        seed=config["seed"],
        model=pick(
            "scatter_vae", "latent", "widths", "scatter", "likelihood", "recalibrate"
        ),
        training=SCATTER_VAE["training"],
        made={"data": SURVEY, "split": config["split"]},
        checkpoint="results/checkpoints/scatter_vae_control",
        code=code_of("train_scatter_vae"),


use rule encode_scatter_vae as encode_scatter_vae_control with:
    input:
        model=rules.train_scatter_vae_control.output.model,
        xp=rules.prepare_xp_control.output.xp,
    output:
        latent="results/control/latent/{chunk}.parquet",
    log:
        "results/logs/encode_scatter_vae_control/{chunk}.log",
    benchmark:
        "results/benchmarks/encode_scatter_vae_control/{chunk}.tsv"


use rule interpret_scatter_vae as interpret_scatter_vae_control with:
    input:
        model=rules.train_scatter_vae_control.output.model,
        xp=rules.train_scatter_vae_control.input.xp,
        latents=expand(rules.encode_scatter_vae_control.output.latent, chunk=CHUNKS),
        stars=rules.prepare_stars.output.stars,
    output:
        **{name: f"results/control/{name}.parquet" for name in SCATTER_VAE_LABELS},
    log:
        "results/logs/interpret_scatter_vae_control.log",
    benchmark:
        "results/benchmarks/interpret_scatter_vae_control.tsv"


rule number_scatter_vae_control:
    input:
        control=rules.interpret_scatter_vae_control.output.alpha,
        alpha=rules.interpret_scatter_vae.output.alpha,
    output:
        numbers="results/numbers/scatter_vae_control.json",
    log:
        "results/logs/number_scatter_vae_control.log",
    benchmark:
        "results/benchmarks/number_scatter_vae_control.tsv"
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
        code=code_of("number_scatter_vae_control"),
    script:
        "../scripts/number_scatter_vae_control.py"


rule xp_alpha_control:
    input:
        rules.number_scatter_vae_control.output.numbers,
