"""The test stars: every method's labels beside APOGEE's, and what they say of the methods."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.identifiers import join_ids, rows_of
from starloom.studies.labels.folds import MAIN, scale_error, sigma_scales
from starloom.studies.labels.inputs import LABELS, standardise
from starloom.studies.labels.model import Model
from starloom.studies.labels.predict import PARTS, predict
from starloom.studies.labels.sample import Sample
from starloom.studies.labels.scores import gain, score, trend
from starloom.training.calibration import width_scale

TOLERANCE = 0.05
"""How far from 1 the width of honest pulls may be, beside three sampling errors."""

Table = dict[str, np.ndarray]


def test_table(
    test: Sample, models: Mapping[str, Model], others: Mapping[str, Table], validation: Sample
) -> Table:
    """
    All methods' labels of the test stars, on one row a star.

    Args:
        test: stars that no training saw.
        models: by method.
        others: source_id, `value`, `sigma` (n_star, n_label) of the methods that are compared.
        validation: stars from which their errors get their scale, as the models' did.

    Returns:
        source_id, phot_g_mean_mag, label_flag; `apogee_{label}`, `apogee_{label}_error`; for each
        method `{method}_{label}`, its total error `_sigma` recalibrated and `_raw` before, and
        for `dropout` the parts.
    """
    table = {name: test.stars[name] for name in ("source_id", "phot_g_mean_mag")}
    table["label_flag"] = test.flag
    table |= test.columns()
    for method, model in models.items():
        found = predict(model, standardise(test.raw, model.scaling))
        for index, label in enumerate(LABELS):
            name = f"{method}_{label}"
            table[name] = found["value"][:, index]
            table[f"{name}_sigma"] = found["sigma"][:, index]
            table[f"{name}_raw"] = found["sigma"][:, index] / model.sigma_scale[index]
            if method == MAIN:
                table |= {f"{name}_{part}": found[part][:, index] for part in PARTS}
    for method, given in others.items():
        table |= _compared_columns(method, test, given, validation)
    return table


def _compared_columns(method, test, given, validation):
    columns = {}
    rows, other = (
        rows_of(part.stars["source_id"], given["source_id"]) for part in (test, validation)
    )
    for index, label in enumerate(LABELS):
        value, raw = given["value"][:, index], given["sigma"][:, index]
        difference = value[other] - validation.labels["value"][:, index]
        scale = 1.0
        if np.isfinite(difference).sum() >= 20:
            errors = raw[other] ** 2, validation.labels["error"][:, index] ** 2
            scale = width_scale(difference, *errors)
        columns[f"{method}_{label}"] = value[rows]
        columns[f"{method}_{label}_sigma"] = raw[rows] * scale
        columns[f"{method}_{label}_raw"] = raw[rows]
    return columns


def with_truth(table: Table, truth: Mapping[str, np.ndarray]) -> Table:
    """The table with `true_{label}` of the simulated stars; NaN where there is no such star."""
    rows = join_ids(table["source_id"], truth["source_id"])
    true = {n: np.where(rows >= 0, np.asarray(truth[n], float)[rows], np.nan) for n in LABELS}
    return table | {f"true_{name}": values for name, values in true.items()}


def methods_of(table: Mapping[str, np.ndarray]) -> list[str]:
    """Methods that a table has labels of."""
    return [name.removesuffix("_teff_raw") for name in table if name.endswith("_teff_raw")]


def judged(folds: Table, seed: int) -> dict[str, dict]:
    """
    Whether the errors are honest, by the many stars that networks have left out.

    Args:
        folds: of `folds.cross_fit`, perhaps with truth.
        seed: of the bootstraps.

    Returns:
        `folds/dropout/{label}`: of `scores.score`; `scale/{label}`: the factor of the
        recalibration; with truth `reference/{label}`: the score of APOGEE's labels, and
        `calibration/verdict`: the number of labels whose pulls against APOGEE and whose APOGEE
        labels' pulls against the truth both have a width of 1 within `TOLERANCE` and three
        sampling errors. Our errors are what APOGEE's leave: who trusts APOGEE's must test them.
    """
    found, honest = {}, 0
    for label, scale in zip(LABELS, sigma_scales(folds), strict=True):
        value, sigma = (folds[f"{MAIN}_{label}{part}"] for part in ("", "_sigma"))
        reference = folds[f"apogee_{label}"], folds[f"apogee_{label}_error"]
        own = found[f"folds/{MAIN}/{label}"] = score(value, sigma, *reference, seed=seed)
        error = scale_error(folds, label, seed)
        found[f"scale/{label}"] = {"value": float(scale), "error": error, "n": own.get("n", 0)}
        if f"true_{label}" in folds:
            theirs = score(*reference, folds[f"true_{label}"], 0.0, seed=seed)
            found[f"reference/{label}"] = theirs
            honest += all(map(_is_one, (own, theirs)))
    if "true_teff" in folds:
        found["calibration/verdict"] = {"value": honest, "n": len(folds["source_id"])}
    return {name: entry for name, entry in found.items() if entry}


def _is_one(entry):
    allowed = TOLERANCE + 3 * entry.get("pull_width_error", 0.0)
    return abs(entry.get("pull_width", np.nan) - 1) <= allowed


def evaluate(table: Table, seed: int) -> dict[str, dict]:
    """
    What the test stars say.

    Args:
        table: of `test_table`, perhaps with truth.
        seed: of the bootstraps.

    Returns:
        `apogee/{method}/{label}`: of `scores.score`; `raw/...`: with the errors before
        recalibration; `truth/...`: against the truth; `trend/...`: of `scores.trend`;
        `gain/logg`: of the pseudo-absolute magnitude.
    """
    found = {}
    for method in methods_of(table):
        for label in LABELS:
            name = f"{method}_{label}"
            value, sigma, raw = (table[name + part] for part in ("", "_sigma", "_raw"))
            reference = table[f"apogee_{label}"], table[f"apogee_{label}_error"]
            found[f"apogee/{method}/{label}"] = score(value, sigma, *reference, seed=seed)
            found[f"raw/{method}/{label}"] = score(value, raw, *reference, seed=seed)
            found[f"trend/{method}/{label}"] = trend(value, reference[0])
            if f"true_{label}" in table:
                true = table[f"true_{label}"], 0.0
                found[f"truth/{method}/{label}"] = score(value, sigma, *true, seed=seed)
    if {f"{MAIN}_logg", "no_pseudo_mag_logg"} <= set(table):
        differences = [table[f"{m}_logg"] - table["apogee_logg"] for m in (MAIN, "no_pseudo_mag")]
        percent, error = gain(*differences, seed=seed)
        found["gain/logg"] = {"value": percent, "error": error, "n": len(differences[0])}
    return {name: entry for name, entry in found.items() if entry}
