"""What of the stars' labels the latent space holds, though the model has never seen one."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from starloom.prepare.split import TEST
from starloom.studies.scatter_vae.tracks import boundary

LABELS = ("teff", "logg", "m_h")

LEAST = 10
"""Fewest stars that the regression learns from."""


def read_off(
    stars: Mapping[str, np.ndarray], latent: Float[np.ndarray, "n_star n_latent"]
) -> dict[str, np.ndarray]:
    """
    Labels of the test stars as a quadratic form of their latent means would have them.

    Args:
        stars: split, in_good, teff [K], logg, m_h [dex].
        latent: latent means of the same stars; NaN where a star has none.

    Returns:
        Of the test stars of the good catalogue `source_id`, `teff`, `logg`, `m_h` as APOGEE has
        them, `latent_teff`, ... as read off the latent by a regression on the catalogue's other
        stars, and `dwarf_axis`: the one latent dimension that tells main sequence and giants
        apart best among those others, larger for dwarfs. No row where too few could be learnt from.
    """
    known = stars["in_good"] & np.isfinite(latent).all(axis=1)
    known &= np.logical_and.reduce([np.isfinite(stars[name]) for name in LABELS])
    learn, test = known & (stars["split"] != TEST), known & (stars["split"] == TEST)
    dwarf = stars["logg"] > boundary(stars["teff"])
    if learn.sum() < LEAST or dwarf[learn].all() or not dwarf[learn].any():
        test = np.zeros_like(test)
    found = {name: stars[name][test] for name in ("source_id", *LABELS)}
    if not test.any():
        return (
            found | {f"latent_{name}": np.zeros(0) for name in LABELS} | {"dwarf_axis": np.zeros(0)}
        )
    for name in LABELS:
        model = make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(1.0))
        model.fit(latent[learn].astype(float), stars[name][learn])
        found[f"latent_{name}"] = model.predict(latent[test].astype(float))
    each = np.array([roc_auc_score(dwarf[learn], z) for z in latent[learn].T])
    best = int(np.argmax(np.abs(each - 0.5)))
    found["dwarf_axis"] = np.sign(each[best] - 0.5) * latent[test, best].astype(float)
    return found


def explained(
    truth: Float[np.ndarray, " n_star"], predicted: Float[np.ndarray, " n_star"]
) -> float:
    """Share of the variance of a label that a prediction explains, R^2; NaN without a variance."""
    variance = np.square(truth - truth.mean()).sum() if len(truth) else 0.0
    return float(1 - np.square(truth - predicted).sum() / variance) if variance > 0 else np.nan


def dwarf_auc(
    teff: Float[np.ndarray, " n_star"],
    logg: Float[np.ndarray, " n_star"],
    axis: Float[np.ndarray, " n_star"],
) -> float:
    """Area under the ROC curve with which `axis` tells dwarfs from giants; NaN without both."""
    dwarf = logg > boundary(teff)
    return float(roc_auc_score(dwarf, axis)) if 0 < dwarf.sum() < len(dwarf) else np.nan
