"""Derivative spectra of red-clump stars: the network's, the observed and the true ones."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.colours import EXTINCTION
from starloom.prepare.wavelength import Calibrator
from starloom.studies.labels.attention import (
    ABUNDANCES,
    as_spectra,
    derivatives,
    rank_correlations,
    red_clump,
)
from starloom.studies.labels.inputs import LABELS, standardise
from starloom.studies.labels.model import Model
from starloom.studies.labels.predict import predict
from starloom.studies.labels.sample import Sample

FEWEST = 20
"""Red-clump stars below which there are no derivative spectra."""


def derivative_spectra(
    model: Model, sample: Sample, calibrator: Calibrator, truth: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """
    Changes of the spectrum with each abundance, in three ways and as the simulated sky has them.

    Args:
        model: a single network.
        sample: stars with APOGEE's labels.
        calibrator: from coefficients to spectra.
        truth: true changes of the ratios by label, or None.

    Returns:
        `wavelength` [nm] and `{label}_{network,pattern,observed,true}`: change of the flux over
        the first RP coefficient per dex [W m-2 nm-1 / (e-/s)]; and the rank correlations with the
        true ones, with `n` stars. With fewer than twenty red-clump stars only the true ones.

    References:
        Fallows & Sanders (2024), Sec. 5 and Figs. 11-14.
    """
    labels = {name: sample.labels["value"][:, i] for i, name in enumerate(LABELS)}
    with np.errstate(invalid="ignore"):
        chosen = red_clump(labels, EXTINCTION["g"] * sample.raw["a_v"])
    chosen &= np.isfinite(sample.labels["value"]).all(axis=1)
    changes = {f"{name}_true": np.asarray(truth[name]) for name in ABUNDANCES} if truth else {}
    n_star = int(chosen.sum())
    if n_star >= FEWEST:
        clump = sample.chosen(chosen)
        stars = standardise(clump.raw, model.scaling)
        value = predict(model, stars)["value"]
        changes |= derivatives(model, clump.raw["ratio"], stars, value, clump.labels["value"])
    n_bp = len(calibrator.matrix) // 2
    spectra = as_spectra(changes, np.nan_to_num(calibrator.matrix), n_bp)
    wavelength = {"wavelength": np.asarray(calibrator.wavelength_nm)}
    return wavelength | spectra, {**rank_correlations(spectra), "n": n_star}
