"""
The scatter VAE from coefficients to latent positions: inputs, training, storage, scores.

Coefficients and errors go in as plain arrays, normalised by the G flux and standardised with the
training stars; out come latent positions, spectra, scatters and how unusual each star is. Studies
of different samples of stars train their own.
"""

from starloom.training.fit import Settings
from starloom.training.scatter_vae.inputs import prepare, standardise, usable
from starloom.training.scatter_vae.model import (
    Architecture,
    Model,
    from_model,
    init,
    loss,
    to_model,
    train,
    train_ensemble,
)
from starloom.training.scatter_vae.released import from_state_dict
from starloom.training.scatter_vae.scores import (
    evaluate,
    predict,
    recalibrated,
    unusual,
    with_reference,
)

__all__ = [
    "Architecture",
    "Model",
    "Settings",
    "evaluate",
    "from_model",
    "from_state_dict",
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
