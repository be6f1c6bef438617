"""
Study: a generative model of XP spectra without stellar labels (Laroche & Speagle 2024).

Coefficients and errors go in as plain arrays, normalised by the G flux and standardised with the
training stars; out come latent positions, spectra, scatters and how unusual each star is.
"""

from starloom.studies.scatter_vae.inputs import prepare, standardise, usable
from starloom.studies.scatter_vae.model import (
    Architecture,
    Model,
    from_model,
    init,
    loss,
    to_model,
    train,
    train_ensemble,
)
from starloom.studies.scatter_vae.scores import (
    evaluate,
    predict,
    recalibrated,
    unusual,
    with_reference,
)
from starloom.training.fit import Settings

__all__ = [
    "Architecture",
    "Model",
    "Settings",
    "evaluate",
    "from_model",
    "init",
    "loss",
    "predict",
    "prepare",
    "recalibrated",
    "standardise",
    "to_model",
    "train",
    "train_ensemble",
    "unusual",
    "usable",
    "with_reference",
]
