"""
Study: ages of giants from APOGEE spectra through a latent space of oscillations (Leung+ 2023).

Spectra over their continua and log power spectra go in; out come latent positions, ages,
seismology and evolutionary states with errors.
"""

from starloom.studies.ages.catalog import ages_of_each, by_member, catalog, labels_of
from starloom.studies.ages.check import disagreement, rank, residual
from starloom.studies.ages.forests import (
    Forests,
    grow_all,
    predict_all,
    targets,
)
from starloom.studies.ages.model import (
    Architecture,
    Model,
    decode,
    encode,
    from_model,
    jacobian,
    reconstruct,
    standardised,
    to_model,
    train,
    with_check,
)
from starloom.studies.ages.pairs import pair, require_each_set

__all__ = [
    "Architecture",
    "Forests",
    "Model",
    "ages_of_each",
    "by_member",
    "catalog",
    "decode",
    "disagreement",
    "encode",
    "from_model",
    "grow_all",
    "jacobian",
    "labels_of",
    "pair",
    "predict_all",
    "rank",
    "reconstruct",
    "require_each_set",
    "residual",
    "standardised",
    "targets",
    "to_model",
    "train",
    "with_check",
]
