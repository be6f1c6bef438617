"""Other surveys beside the labels: LAMOST, GSP-Phot, and APOGEE as it is."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.positions import match_one_to_one
from starloom.studies.labels.inputs import LABELS
from starloom.studies.labels.scores import score, well_known

LAMOST = {"teff": "teff", "logg": "logg", "fe_h": "feh", "c_fe": "c_fe", "n_fe": "n_fe"} | {
    "alpha_m": "alpha_m"
}
"""Our labels and LAMOST's names; the low-resolution table has the first three and [alpha/M]."""

GSPPHOT = {"teff": "teff_gspphot", "logg": "logg_gspphot", "fe_h": "mh_gspphot"}
"""Our labels and GSP-Phot's columns; its [M/H] stands for [Fe/H]."""

RADIUS_ARCSEC = 3.0
"""Farther than this a LAMOST fibre saw another star."""

Table = dict[str, np.ndarray]


def beside_surveys(
    found: Mapping[str, np.ndarray],
    stars: Mapping[str, np.ndarray],
    lamost: Mapping[str, np.ndarray] | None,
) -> Table:
    """
    Labels of the stars that no training saw, and what other surveys say of the same stars.

    Args:
        found: columns of the catalogue.
        stars: columns of `prepare.stars` on the same rows.
        lamost: LAMOST's table (ra, dec [deg], labels, errors `_err`, `snrg`), or None.

    Returns:
        source_id, phot_g_mean_mag, a_v_rjce; `{label}_xp`, `e_{label}_xp`; `{survey}_{label}` and
        `{survey}_{label}_error` of `lamost`, `gspphot` and `apogee`, NaN where a survey has no
        value. Stars with any flag are left out.
    """
    new = (stars["split"] > 0) & well_known(found)
    table = {name: found[name][new] for name in ("source_id", "a_v_rjce")}
    table["phot_g_mean_mag"] = stars["phot_g_mean_mag"][new]
    for label in LABELS:
        table |= {name: found[name][new] for name in (f"{label}_xp", f"e_{label}_xp")}
        if label in stars:
            table[f"apogee_{label}"] = stars[label][new]
            table[f"apogee_{label}_error"] = stars[f"{label}_err"][new]
        if label in GSPPHOT and GSPPHOT[label] in stars:
            table[f"gspphot_{label}"] = stars[GSPPHOT[label]][new]
            table[f"gspphot_{label}_error"] = np.zeros(new.sum())
    if lamost is None:
        return table
    return table | _lamost_columns(lamost, stars["ra"][new], stars["dec"][new])


def _lamost_columns(lamost, ra, dec):
    """The nearest row of each star; of a star's several rows the one of highest S/N."""
    best = np.argsort(-np.nan_to_num(np.asarray(lamost.get("snrg", lamost["ra"]), float)))
    lamost = {name: values[best] for name, values in lamost.items()}
    place = np.round(np.stack([lamost["ra"], lamost["dec"]]) * 3600).astype(np.int64)
    first = np.sort(np.unique(place, axis=1, return_index=True)[1])
    lamost = {name: values[first] for name, values in lamost.items()}
    row = match_one_to_one(ra, dec, lamost["ra"], lamost["dec"], RADIUS_ARCSEC).row
    columns = {}
    for label, theirs in LAMOST.items():
        if theirs in lamost:
            for ours, column in ((label, theirs), (f"{label}_error", f"{theirs}_err")):
                values = np.asarray(lamost[column], float)[row]
                known = (row >= 0) & (values > -999)
                columns[f"lamost_{ours}"] = np.where(known, values, np.nan)
    return columns


def compared_with_surveys(table: Mapping[str, np.ndarray], seed: int) -> dict[str, dict]:
    """
    Bias, scatter and pulls against each survey, and of LAMOST against APOGEE.

    Args:
        table: of `beside_surveys`.
        seed: of the bootstrap.

    Returns:
        `{survey}/dropout/{label}` and `lamost_apogee/dropout/{label}`, as `scores.score` says.
    """
    found = {}
    for survey in ("lamost", "gspphot"):
        for label in LABELS:
            if f"{survey}_{label}" in table:
                own = table[f"{label}_xp"], table[f"e_{label}_xp"]
                other = table[f"{survey}_{label}"], table[f"{survey}_{label}_error"]
                found[f"{survey}/dropout/{label}"] = score(*own, *other, seed=seed)
                if survey == "lamost" and f"apogee_{label}" in table:
                    apogee = table[f"apogee_{label}"], table[f"apogee_{label}_error"]
                    found[f"lamost_apogee/dropout/{label}"] = score(*apogee, *other, seed=seed)
    return {name: entry for name, entry in found.items() if entry}
