"""
Every column and flag of the products: name, type, unit, meaning, criterion.

Tables take their units and descriptions from here, the data-model page is generated from here,
and a test fails when a product has a column that is not here. A study has a module of its own.
"""

from starloom.columns.ages import AGE_FLAGS, LATENT_AGES, POWER_FLAGS, SPECTRUM_FLAGS
from starloom.columns.cemp import CEMP_POPULATIONS
from starloom.columns.entries import Column, Flag
from starloom.columns.labels import LABEL_FLAGS, STELLAR_LABELS, whole_sky
from starloom.columns.scatter_vae import SCATTER_VAE, scatter_vae
from starloom.columns.stars import MATCH_FLAGS, STAR, XP_FLAGS
from starloom.columns.tagging import TAGGING, TAGGING_FLAGS, tagging

__all__ = [
    "AGE_FLAGS",
    "CEMP_POPULATIONS",
    "LABEL_FLAGS",
    "LATENT_AGES",
    "MATCH_FLAGS",
    "POWER_FLAGS",
    "SCATTER_VAE",
    "SPECTRUM_FLAGS",
    "STAR",
    "STELLAR_LABELS",
    "TAGGING",
    "TAGGING_FLAGS",
    "XP_FLAGS",
    "Column",
    "Flag",
    "scatter_vae",
    "tagging",
    "whole_sky",
]
