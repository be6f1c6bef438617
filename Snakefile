"""
starloom: from raw surveys to catalogues, figures and numbers.

One way down: acquire -> match -> prepare -> study -> publish. The rules stand in that order.
"""

from pathlib import Path


configfile: str(Path(workflow.basedir) / "config" / "config.yaml")


include: "workflow/rules/common.smk"
include: "workflow/rules/acquire.smk"
include: "workflow/rules/match.smk"
include: "workflow/rules/prepare.smk"


# APOGEE spectra and light curves are there, or a user has none.
if SPECTRA_BATCHES:

    include: "workflow/rules/prepare_spectra.smk"


# What is simulated has a truth to be judged by.
if SURVEY == "simulated":

    include: "workflow/rules/sky.smk"


# Ages need spectra and light curves of the same stars.
if SPECTRA_BATCHES and HAS["labels"]:

    include: "workflow/rules/ages.smk"


include: "workflow/rules/scatter_vae.smk"


# Its control needs a sky that can be made again without alpha in the spectra.
if (
    SURVEY == "simulated"
    and config["sky"]["xp_alpha"]
    and not SCATTER_VAE["pretrained"]
):

    include: "workflow/rules/scatter_vae_control.smk"


include: "workflow/rules/cemp.smk"
include: "workflow/rules/labels.smk"


# Chemical tagging is of APOGEE spectra.
if SPECTRA_BATCHES:

    include: "workflow/rules/tagging.smk"


# The whole sky needs the stars' parts of the sky: a user's own files have none.
if SURVEY != "files":

    include: "workflow/rules/allsky.smk"


include: "workflow/rules/publish.smk"


rule all:
    default_target: True
    input:
        *PUBLISHED["catalogs"],
        *PUBLISHED["release"],
        *PUBLISHED["figures"],
        *PUBLISHED["numbers"],
        "results/numbers.tex",
        "results/sources.json",
        "results/index.html",
        "results/ro-crate-metadata.json",
