"""The age catalogue: one row for each row of allStar, with what each star lacks in its flag."""

from collections.abc import Mapping, Sequence

import numpy as np

from starloom.columns import AGE_FLAGS, SPECTRUM_FLAGS
from starloom.prepare.stars import NO_VALUE
from starloom.studies.ages.forests import AGE_INPUTS, Forests, from_model, predict_all
from starloom.tables import stack

Table = Mapping[str, np.ndarray]

LATENT_LOGG, AGE_LOGG, LOWEST_SNREV = (1.5, 3.6), (2.5, 3.6), 30.0
LARGEST_ERROR = 0.4
"""Relative error of an age above which the authors do not recommend it."""

SURVEY = ("SNREV", "STARFLAG", "ASPCAPFLAG")
"""Columns of allStar, besides the labels, that the flags need."""

NAMES = {
    "TEFF": "teff", "LOGG": "logg", "FE_H": "fe_h", "ALPHA_M": "alpha_m", "C_FE": "c_fe",
    "N_FE": "n_fe",
}  # fmt: skip


_FOUND = (
    *("LogAge", "LogAge_Error", "Age", "Age_Error", "clump_probability"),
    *("numax", "e_numax", "dnu", "e_dnu"),
)


def labels_of(allstar: Table, rows: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Labels of APOGEE and their errors on some rows of allStar, under our names, NaN for none."""
    found = {}
    for theirs, ours in NAMES.items():
        for column, name in ((theirs, ours), (f"{theirs}_ERR", f"{ours}_err")):
            values = np.asarray(allstar[column], float)
            values = values if rows is None else values[rows]
            found[name] = np.where(values > NO_VALUE, values, np.nan)
    return found


def by_member(tables: Sequence[Table], members: int) -> dict[str, np.ndarray]:
    """Encoded batches, one below the other, with members and dimensions on axes of their own."""
    latents = stack(tables)
    for name in ("latent_mean", "latent_sigma"):
        latents[name] = latents[name].reshape(len(latents[name]), members, -1)
    return latents


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
    found = estimates(*_placed(allstar, latents), forests, reach)
    text = {n.lower(): np.char.strip(allstar[n].astype(str)) for n in ("APOGEE_ID", "TELESCOPE")}
    ids = allstar.get("GAIAEDR3_SOURCE_ID", np.zeros(n_row, np.int64))
    return {
        **text,
        "field": np.char.strip(allstar["FIELD"].astype(str)),
        "source_id": np.asarray(ids, np.int64),
        "STARFLAG": np.asarray(allstar["STARFLAG"], np.int64),
        "ASPCAPFLAG": np.asarray(allstar["ASPCAPFLAG"], np.int64),
        **found,
    }


def ages_of_each(allstar: Table, batches: Sequence[Table], trained: Table) -> dict[str, np.ndarray]:
    """
    Log ages [log10 of Gyr] of every row of allStar by every forest that reads no spectrum itself.

    Args:
        allstar: labels and `SURVEY`.
        batches: latents as encoded, of `by_member`.
        trained: arrays of the forests, `reach` among them.

    Returns:
        By name of `forests.AGE_INPUTS`; NaN where a catalogue of that forest's ages has none.
    """
    reach, forests = trained["reach"], from_model(trained)
    placed = _placed(allstar, by_member(batches, reach.shape[1]))
    return {
        name: estimates(*placed, forests, reach, inputs=name)["LogAge"]
        for name, inputs in AGE_INPUTS.items()
        if "components" not in inputs
    }


def _placed(allstar, latents):
    """Labels of all rows with what the flags need, the latents, and where each row has its own."""
    stars = labels_of(allstar) | {name: allstar[name] for name in SURVEY}
    known = latents["allstar_row"] >= 0
    place = np.full(len(stars["teff"]), -1)
    place[latents["allstar_row"][known]] = np.flatnonzero(known)
    return stars, latents, place


def estimates(
    stars: Table,
    latents: Table,
    place: np.ndarray,
    forests: Forests,
    reach: np.ndarray,
    listed: np.ndarray | None = None,
    inputs: str = "fiducial",
) -> dict[str, np.ndarray]:
    """
    Latent positions, ages and seismology of stars, each kept or left out by the same criteria.

    Args:
        stars: labels of `labels_of` and the columns `SURVEY`; what has no column of logg or of
            `SURVEY` is not judged by it.
        latents: as for `catalog`.
        place: row of `latents` of each star, -1 for none.
        forests: of `forests.grow_all`.
        reach: as for `catalog`.
        listed: which stars the table of labels has at all; all by default.
        inputs: which forest gives the age, a name of `forests.AGE_INPUTS`; one without labels
            gives it to stars without labels too.

    Returns:
        z0, e_z0, ..., what `predictions` gives, and `age_flag`.
    """
    listed = np.ones(len(place), bool) if listed is None else listed
    flag = _flags(stars, latents["spectrum_flag"], place, listed)
    rows = np.flatnonzero((flag & _masks("no_spectrum", "bad_spectrum", "outside_latent")) == 0)
    latent = {n: latents[n][place[rows]] for n in ("latent_mean", "latent_sigma")}
    given = latent | {name: values[rows] for name, values in stars.items()}
    mean = latent["latent_mean"]
    far = ((mean < reach[0]) | (mean > reach[1])).any(axis=(1, 2))
    flag[rows] |= np.where(far, AGE_FLAGS["out_of_range"].mask, 0).astype(np.int32)

    values = {name: np.full(len(place), np.nan) for name in _FOUND}
    n_latent = mean.shape[2]
    values |= {f"{p}z{i}": np.full(len(place), np.nan) for i in range(n_latent) for p in ("", "e_")}
    if len(rows):
        for index in range(n_latent):
            values[f"z{index}"][rows] = mean[:, 0, index]
            values[f"e_z{index}"][rows] = latent["latent_sigma"][:, 0, index]
        for name, found in predictions(forests, given, inputs).items():
            values[name][rows] = found
    lacking = ("no_labels",) if {"teff", "fe_h"} & set(AGE_INPUTS[inputs]) else ()
    no_age = (flag & _masks("outside_age", *lacking)) != 0
    for name in ("LogAge", "LogAge_Error", "Age", "Age_Error"):
        values[name][no_age] = np.nan
    with np.errstate(invalid="ignore"):
        large = values["Age_Error"] > LARGEST_ERROR * values["Age"]
    flag |= np.where(large, AGE_FLAGS["large_error"].mask, 0).astype(np.int32)
    return values | {"age_flag": flag}


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


def _flags(stars, spectrum_flag, place, listed):
    missing = SPECTRUM_FLAGS["missing"].mask
    spectrum = np.full(len(place), missing, np.int32)
    spectrum[place >= 0] = spectrum_flag[place[place >= 0]]
    # A file that the archive lacks is no spectrum, whether or not it was asked for.
    absent = (spectrum & missing) > 0
    latent, age = listed.copy(), listed.copy()
    with np.errstate(invalid="ignore"):
        if "logg" in stars:
            logg = stars["logg"]
            latent &= (logg > LATENT_LOGG[0]) & (logg < LATENT_LOGG[1])
            age &= (logg > AGE_LOGG[0]) & (logg < AGE_LOGG[1])
        if "SNREV" in stars:
            latent &= np.asarray(stars["SNREV"], float) > LOWEST_SNREV
    survey = np.zeros(len(place), bool)
    for name in ("STARFLAG", "ASPCAPFLAG"):
        survey |= np.asarray(stars.get(name, 0)) != 0
    flag = np.zeros(len(place), np.int32)
    for name, where in (
        ("no_spectrum", absent),
        ("bad_spectrum", ~absent & (spectrum != 0)),
        ("outside_latent", listed & ~latent),
        ("outside_age", listed & ~age),
        ("no_labels", ~(np.isfinite(stars["teff"]) & np.isfinite(stars["fe_h"]))),
        ("survey_flags", listed & survey),
    ):
        flag |= np.where(where, AGE_FLAGS[name].mask, 0).astype(np.int32)
    return flag


def _masks(*names):
    return sum(AGE_FLAGS[name].mask for name in names)
