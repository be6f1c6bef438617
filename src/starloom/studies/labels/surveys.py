"""Other surveys beside the labels: LAMOST, GSP-Phot, and APOGEE as it is."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.positions import match_one_to_one
from starloom.prepare.split import TRAINING
from starloom.studies.labels.inputs import LABELS, trainable
from starloom.studies.labels.scores import score, well_known

SURVEYS = ("lamost_lrs", "lamost_mrs", "gspphot")
"""The surveys; LAMOST in low and in medium resolution."""

GSPPHOT = {"teff": "teff_gspphot", "logg": "logg_gspphot", "fe_h": "mh_gspphot"}
"""Our labels and GSP-Phot's columns; its [M/H] stands for [Fe/H]."""

RADIUS_ARCSEC = 3.0
"""Farther than this a LAMOST fibre saw another star."""

Table = dict[str, np.ndarray]


def beside_surveys(
    found: Mapping[str, np.ndarray],
    stars: Mapping[str, np.ndarray],
    lamost: Mapping[str, Mapping[str, np.ndarray]],
) -> Table:
    """
    Labels of the stars that no training saw, and what other surveys say of the same stars.

    Args:
        found: columns of the catalogue.
        stars: columns of `prepare.stars` on the same rows.
        lamost: tables of `archives.lamost.read_labels` by their kind; those there are.

    Returns:
        source_id, phot_g_mean_mag, a_v_rjce; `{label}_xp`, `e_{label}_xp`; `{survey}_{label}` and
        `{survey}_{label}_error` of `SURVEYS` and of `apogee`, NaN where a survey has no value.
        Stars with any flag are left out, and APOGEE's values that the training would not take.
    """
    new = (stars["split"] != TRAINING) & well_known(found)
    table = {name: found[name][new] for name in ("source_id", "a_v_rjce")}
    table["phot_g_mean_mag"] = stars["phot_g_mean_mag"][new]
    good = trainable(stars)[0][new]
    for label in LABELS:
        table |= {name: found[name][new] for name in (f"{label}_xp", f"e_{label}_xp")}
        if label in stars:
            table[f"apogee_{label}"] = np.where(good, stars[label][new], np.nan)
            table[f"apogee_{label}_error"] = stars[f"{label}_err"][new]
        if label in GSPPHOT and GSPPHOT[label] in stars:
            table[f"gspphot_{label}"] = stars[GSPPHOT[label]][new]
            table[f"gspphot_{label}_error"] = np.zeros(new.sum())
    for kind, other in lamost.items():
        row = match_one_to_one(
            stars["ra"][new], stars["dec"][new], other["ra"], other["dec"], RADIUS_ARCSEC
        ).row
        for name in other.keys() - {"ra", "dec"}:
            table[f"{kind}_{name}"] = np.where(row >= 0, other[name][row], np.nan)
    return table


def compared_with_surveys(table: Mapping[str, np.ndarray], seed: int) -> dict[str, dict]:
    """
    Bias, scatter and pulls against each survey, and of LAMOST against APOGEE.

    Args:
        table: of `beside_surveys`.
        seed: of the bootstrap.

    Returns:
        `{survey}/dropout/{label}` and `{survey}_apogee/dropout/{label}` for LAMOST, as
        `scores.score` says; without those of fewer than ten stars.
    """
    found = {}
    for survey in SURVEYS:
        for label in (label for label in LABELS if f"{survey}_{label}" in table):
            own = table[f"{label}_xp"], table[f"e_{label}_xp"]
            other = table[f"{survey}_{label}"], table[f"{survey}_{label}_error"]
            found[f"{survey}/dropout/{label}"] = score(*own, *other, seed=seed)
            if survey != "gspphot" and f"apogee_{label}" in table:
                apogee = table[f"apogee_{label}"], table[f"apogee_{label}_error"]
                found[f"{survey}_apogee/dropout/{label}"] = score(*apogee, *other, seed=seed)
    return {name: entry for name, entry in found.items() if entry}
