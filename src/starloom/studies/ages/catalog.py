"""The age catalogue: one row for each row of allStar, with what each star lacks in its flag."""

from collections.abc import Mapping

import numpy as np

from starloom.columns import AGE_FLAGS, SPECTRUM_FLAGS
from starloom.prepare.stars import NO_VALUE
from starloom.studies.ages.forests import Forests, predict_all

Table = Mapping[str, np.ndarray]

LATENT_LOGG, AGE_LOGG, LOWEST_SNREV = (1.5, 3.6), (2.5, 3.6), 30.0
LARGEST_ERROR = 0.4
"""Relative error of an age above which the authors do not recommend it."""

NAMES = {
    "TEFF": "teff", "LOGG": "logg", "FE_H": "fe_h", "ALPHA_M": "alpha_m", "C_FE": "c_fe",
    "N_FE": "n_fe",
}  # fmt: skip


def labels_of(allstar: Table, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Labels of APOGEE and their errors on some rows of allStar, under our names, NaN for none."""
    found = {}
    for theirs, ours in NAMES.items():
        for column, name in ((theirs, ours), (f"{theirs}_ERR", f"{ours}_err")):
            values = np.asarray(allstar[column], float)
            values = values if rows is None else values[rows]
            found[name] = np.where(values > NO_VALUE, values, np.nan)
    return found


def catalog(
    allstar: Table, latents: Table, forests: Forests, reach: np.ndarray
) -> dict[str, np.ndarray]:
    """
    Ages and what goes with them, row by row of allStar.

    Args:
        allstar: APOGEE_ID, TELESCOPE, FIELD, STARFLAG, ASPCAPFLAG, SNREV, GAIAEDR3_SOURCE_ID and
            the labels.
        latents: allstar_row, spectrum_flag, latent_mean and latent_sigma
            (n_star, n_member, n_latent) of the spectra.
        forests: of `forests.grow_all`.
        reach: lowest and highest latent mean of the training pairs by member and dimension,
            (2, n_member, n_latent).

    Returns:
        Columns of the catalogue; NaN where there is none and the flag `age_flag` says why.

    References:
        Leung et al. (2023), Sec. 7.1 and Table 1.
    """
    n_row = len(allstar["APOGEE_ID"])
    labels = labels_of(allstar)
    snr = np.asarray(allstar["SNREV"], float)
    flag = _flags(n_row, labels, snr, allstar, latents)
    usable = (flag & _masks("no_spectrum", "bad_spectrum", "outside_latent")) == 0
    known = latents["allstar_row"] >= 0
    place = np.full(n_row, -1)
    place[latents["allstar_row"][known]] = np.flatnonzero(known)
    rows = np.flatnonzero(usable)
    latent = {n: latents[n][place[rows]] for n in ("latent_mean", "latent_sigma")}
    given = latent | {name: values[rows] for name, values in labels.items()}
    mean = latent["latent_mean"]
    far = ((mean < reach[0]) | (mean > reach[1])).any(axis=(1, 2))
    flag[rows] |= np.where(far, AGE_FLAGS["out_of_range"].mask, 0).astype(np.int32)

    values = {name: np.full(n_row, np.nan) for name in _FOUND}
    n_latent = mean.shape[2]
    values |= {f"{p}z{i}": np.full(n_row, np.nan) for p in ("", "e_") for i in range(n_latent)}
    if len(rows):
        for index in range(n_latent):
            values[f"z{index}"][rows] = mean[:, 0, index]
            values[f"e_z{index}"][rows] = latent["latent_sigma"][:, 0, index]
        for name, found in predictions(forests, given).items():
            values[name][rows] = found
    no_age = (flag & _masks("outside_age", "no_labels")) != 0
    for name in ("LogAge", "LogAge_Error", "Age", "Age_Error"):
        values[name][no_age] = np.nan
    with np.errstate(invalid="ignore"):
        large = values["Age_Error"] > LARGEST_ERROR * values["Age"]
    flag |= np.where(large, AGE_FLAGS["large_error"].mask, 0).astype(np.int32)
    text = {n.lower(): np.char.strip(allstar[n].astype(str)) for n in ("APOGEE_ID", "TELESCOPE")}
    ids = allstar.get("GAIAEDR3_SOURCE_ID", np.zeros(n_row, np.int64))
    return {
        **text,
        "field": np.char.strip(allstar["FIELD"].astype(str)),
        "source_id": np.asarray(ids, np.int64),
        "STARFLAG": np.asarray(allstar["STARFLAG"], np.int64),
        "ASPCAPFLAG": np.asarray(allstar["ASPCAPFLAG"], np.int64),
        **values,
        "age_flag": flag,
    }


_FOUND = (
    *("LogAge", "LogAge_Error", "Age", "Age_Error", "clump_probability"),
    *("numax", "e_numax", "dnu", "e_dnu"),
)


def predictions(forests: Forests, stars: Table, inputs: str = "fiducial") -> dict[str, np.ndarray]:
    """
    What the forests say of stars, under the catalogue's names.

    Args:
        forests: of `forests.grow_all`.
        stars: latents and labels, see `forests.inputs_of`.
        inputs: which forest gives the age, a name of `forests.AGE_INPUTS`.

    Returns:
        LogAge [log10 of Gyr], Age [Gyr], numax, dnu [uHz] with errors, clump_probability.
    """
    found = predict_all(forests, stars, (f"age/{inputs}", "log_numax", "log_dnu", "clump"))
    result = {}
    if f"age_{inputs}" in found:
        log_age, error = found[f"age_{inputs}"], found[f"age_{inputs}_err"]
        age = 10**log_age
        result |= {"LogAge": log_age, "LogAge_Error": error, "Age": age}
        result["Age_Error"] = age * np.log(10) * error
    for name in ("numax", "dnu"):
        if f"predicted_log_{name}" in found:
            result[name] = np.exp(found[f"predicted_log_{name}"])
            result[f"e_{name}"] = result[name] * found[f"predicted_log_{name}_err"]
    if "predicted_clump" in found:
        result["clump_probability"] = np.clip(found["predicted_clump"], 0, 1)
    return result


def _flags(n_row, labels, snr, allstar, latents):
    flag = np.full(n_row, AGE_FLAGS["no_spectrum"].mask, np.int32)
    # A file that the archive lacks is no spectrum, whether or not it was asked for.
    there = (latents["spectrum_flag"] & SPECTRUM_FLAGS["missing"].mask) == 0
    known = (latents["allstar_row"] >= 0) & there
    rows, bad = latents["allstar_row"][known], latents["spectrum_flag"][known] != 0
    flag[rows] = np.where(bad, AGE_FLAGS["bad_spectrum"].mask, 0)
    logg = labels["logg"]
    with np.errstate(invalid="ignore"):
        latent = (logg > LATENT_LOGG[0]) & (logg < LATENT_LOGG[1]) & (snr > LOWEST_SNREV)
        age = (logg > AGE_LOGG[0]) & (logg < AGE_LOGG[1])
    survey = (np.asarray(allstar["STARFLAG"]) != 0) | (np.asarray(allstar["ASPCAPFLAG"]) != 0)
    lacking = ~(np.isfinite(labels["teff"]) & np.isfinite(labels["fe_h"]))
    for name, where in (
        ("outside_latent", ~latent),
        ("outside_age", ~age),
        ("no_labels", lacking),
        ("survey_flags", survey),
    ):
        flag |= np.where(where, AGE_FLAGS[name].mask, 0).astype(np.int32)
    return flag


def _masks(*names):
    return sum(AGE_FLAGS[name].mask for name in names)
