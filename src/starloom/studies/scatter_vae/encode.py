"""Stars' spectra in the latent space, with scores and flags, on one row each."""

from collections.abc import Mapping

import numpy as np

from starloom.columns import XP_FLAGS
from starloom.prepare.spectra import inputs
from starloom.training import scatter_vae as vae

RANKS = ("latent_log_density", "chi2_rank", "density_rank", "outlier_score")
"""Columns that a model without a description of its own stars cannot give."""


def encode(
    model: vae.Model, arrays: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], dict[str, int], int]:
    """
    Latent position and scores of every star; one that the model cannot read has NaN.

    Args:
        model: a trained scatter VAE.
        arrays: of `prepare.spectra.spectra`.

    Returns:
        `source_id`, the columns of `training.scatter_vae.predict` and `xp_flag`, with the bit
        `out_of_range` added; counts of the stars that were not encoded, by the first reason; and
        how many are out of range. `RANKS` are NaN where the model has no reference.

    Raises:
        ValueError: if the stars have another number of coefficients than the model.
    """
    full = model.architecture.likelihood == "full"
    given, correlation = inputs(arrays, full)
    n_star, n_input = given["coefficients"].shape
    if n_input != model.architecture.n_input:
        raise ValueError(
            f"spectra of {n_input} coefficients; the model reads {model.architecture.n_input}: "
            "train one for spectra of this kind"
        )
    good, dropped = vae.usable(**given)
    latent, numbers = model.architecture.latent, ("chi2", "log_likelihood")
    columns = {"source_id": arrays["source_id"], "xp_flag": arrays["xp_flag"].copy()}
    for name in ("latent_mean", "latent_sigma"):
        columns[name] = np.full((n_star, latent), np.nan, np.float32)
    columns |= {name: np.full(n_star, np.nan, np.float32) for name in numbers}
    columns |= {name: np.full(n_star, np.nan) for name in RANKS}
    far = np.zeros(n_star, bool)
    if good.any():
        chosen = {name: values[good] for name, values in given.items()}
        stars = vae.standardise(**chosen, mean=model.mean, std=model.std)
        stars |= {"correlation": correlation[good]} if full else {}
        found = vae.predict(model, stars)
        far[good] = found.pop("out_of_range", False)
        for name, values in found.items():
            columns[name][good] = values
    columns["xp_flag"] |= np.where(far, XP_FLAGS["out_of_range"].mask, 0).astype(np.int32)
    return columns, dropped, int(far.sum())
