"""What stars that no network and no forest has seen say of the ages and of the latent space."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from starloom.columns import AGE_FLAGS
from starloom.models.forest import grow, predict
from starloom.prepare.identifiers import join_ids, rows_of
from starloom.prepare.seismic import CLUMP, RGB
from starloom.prepare.split import TEST, TRAINING
from starloom.separation import excess_dnu
from starloom.studies.ages.forests import AGE_INPUTS, targets
from starloom.training.calibration import bootstrap_error, coverage, pulls, width

Table = Mapping[str, np.ndarray]

MAP_ERROR = 0.5
"""Relative error of the ages in the maps."""

_UNCLEAN = AGE_FLAGS["out_of_range"].mask | AGE_FLAGS["survey_flags"].mask

YOUNG_GYR = 6.0

MIDDLE_GYR = (2.0, 6.0)
"""True ages between which clump and red giant branch both have many stars."""

STATES = {"rgb": ("rgb",), "rc": ("red_clump", "secondary_clump")}
"""States of the simulated sky by the kinds that the ages' scores tell apart."""

FEWEST = 5
"""Stars below which a score is left out."""


def _scored(statistic, *columns, seed):
    """Value, bootstrap error and number of stars, or None for too few."""
    if len(columns[0]) < FEWEST:
        return None
    value = float(statistic(*columns))
    error = bootstrap_error(statistic, *columns, seed=seed)
    usable = np.isfinite(value) and np.isfinite(error)
    return {"value": value, "error": error, "n": len(columns[0])} if usable else None


def test_scores(predicted: Table, seed: int) -> dict[str, dict]:
    """
    Scores of the test pairs.

    Args:
        predicted: columns of the pairs with predictions, all splits.
        seed: of the bootstraps.

    Returns:
        By name: value, its bootstrap error, number of stars. Scores of too few stars are absent.
    """
    stars = {name: values[predicted["split"] == TEST] for name, values in predicted.items()}
    score = partial(_scored, seed=seed)
    return _known(_ages(stars, score) | _seismology(stars, score) | _states(stars, score))


def _known(found):
    return {name: value for name, value in found.items() if value}


def _ages(stars, score):
    found = {}
    truth = 10 ** stars["log_age"]
    for name in AGE_INPUTS:
        if f"age_{name}" not in stars:
            continue
        relative = 100 * (10 ** stars[f"age_{name}"] / truth - 1)
        for kind, state in (("rgb", RGB), ("rc", CLUMP)):
            good = np.isfinite(relative) & (stars["state"] == state)
            found[f"scatter_{kind}_{name}"] = score(np.std, relative[good])
            found[f"robust_{kind}_{name}"] = score(width, relative[good])
    if "age_fiducial" not in stars:
        return found
    for kind, state in (("rgb", RGB), ("rc", CLUMP)):
        errors = np.stack([stars[f"age_{n}"] - stars["log_age"] for n in ("fiducial", "surface")])
        good = np.isfinite(errors).all(axis=0) & (stars["state"] == state)
        found[f"gain_{kind}"] = score(_gain, *errors[:, good])
    value, sigma = stars["age_fiducial"], stars["age_fiducial_err"]
    good = np.isfinite(value) & np.isfinite(stars["log_age"])
    relative = 100 * (10 ** value[good] / truth[good] - 1)
    found["bias"] = score(np.mean, relative)
    pull = pulls(value[good], sigma[good], stars["log_age"][good], stars["log_age_err"][good])
    found["pull_width"] = score(width, pull)
    for index, level in enumerate((50, 68, 95)):
        found[f"coverage_{level}"] = score(lambda p, i=index: 100 * coverage(p)[i], pull)
    other = np.isfinite(value) & np.isfinite(stars["log_age_apokasc2"])
    beside = 100 * (10 ** (value[other] - stars["log_age_apokasc2"][other]) - 1)
    found["vs_apokasc2_scatter"] = score(width, beside)
    return found


def _gain(ours, other):
    return 100 * (1 - width(ours) / width(other))


def _seismology(stars, score):
    known = targets(stars)
    found = {}
    for name, key, back in (
        ("numax", "log_numax", np.exp),
        ("dnu", "log_dnu", np.exp),
        ("excess_dnu", "excess_dnu", None),
        ("teff", "teff", None),
        ("feh", "fe_h", None),
        ("alpha", "alpha_m", None),
        ("nh", "n_h", None),
        ("cn", "c_n", None),
    ):
        if f"predicted_{key}" not in stars:
            continue
        truth, value = known[key], stars[f"predicted_{key}"]
        good = np.isfinite(truth) & np.isfinite(value)
        if back is not None:
            share = 100 * (value - truth)[good]
            found[f"{name}_scatter_percent"] = score(width, share)
            truth, value = back(truth), back(value)
        difference = (value - truth)[good]
        found[f"{name}_scatter"] = score(width, difference)
    return found


def _states(stars, score):
    if "predicted_clump" not in stars:
        return {}
    called = stars["predicted_clump"] > 0.5
    return {
        name: score(np.mean, 100.0 * wrong[stars["state"] == state])
        for name, wrong, state in (("rc_missed", ~called, CLUMP), ("rgb_missed", called, RGB))
    }


def pair_scores(predicted: Table, disagreement: Float[np.ndarray, " n_test"]) -> dict[str, dict]:
    """How many pairs there are, and how well the power spectra of test stars are predicted."""
    found = {"pairs": {"value": len(predicted["kic"]), "error": None, "n": None}}
    if len(disagreement):
        middle = float(np.median(disagreement))
        found["disagreement"] = {"value": middle, "error": None, "n": len(disagreement)}
    return found


def catalog_scores(
    catalog: Table, alpha_m: np.ndarray, logg: np.ndarray, seed: int
) -> dict[str, dict]:
    """Counts and shares of the catalogue; `alpha_m` and `logg` [dex] of its rows."""
    known, clean = np.isfinite(catalog["LogAge"]), map_sample(catalog)
    score = partial(_scored, seed=seed)
    counts = {
        "catalog_rows": len(known),
        "catalog_latent": int(np.isfinite(catalog["z0"]).sum()),
        "catalog_age": int(known.sum()),
        "map_sample": int(clean.sum()),
    }
    found = {
        name: {"value": float(value), "error": None, "n": None} for name, value in counts.items()
    }
    for name, cut in (
        ("young_alpha_rich", alpha_m > 0.15),
        ("young_alpha_rich_logg", (alpha_m > 0.15) & (logg > 2.55)),
        ("young_alpha_rich_018", alpha_m > 0.18),
    ):
        rich = clean & cut
        found[name] = score(np.mean, 100.0 * (catalog["Age"][rich] < YOUNG_GYR))
    return _known(found)


def map_sample(catalog: Table) -> np.ndarray:
    """Rows with an age good to 50 percent, no survey flag and a usual latent position."""
    with np.errstate(invalid="ignore"):
        precise = catalog["Age_Error"] < MAP_ERROR * catalog["Age"]
    return precise & ((catalog["age_flag"] & _UNCLEAN) == 0)


def beside_astronn(catalog: Table, astronn: Table, seed: int) -> dict[str, dict]:
    """
    Ages of the map sample beside those of another catalogue of the same rows.

    Args:
        catalog: columns of the age catalogue.
        astronn: age and age_corrected [Gyr], of `archives.astronn.read_astronn`.
        seed: of the bootstraps.
    """
    clean, found = map_sample(catalog), {}
    score = partial(_scored, seed=seed)
    for name, other in (("", "age"), ("_corrected", "age_corrected")):
        good = clean & np.isfinite(astronn[other])
        relative = 100 * (catalog["Age"][good] / astronn[other][good] - 1)
        found[f"vs_astronn{name}_scatter"] = score(width, relative)
    return _known(found)


def columns_of(source_id: np.ndarray, *tables: Table) -> dict[str, np.ndarray]:
    """Columns of tables for some stars, which all of them have."""
    found = {}
    for table in tables:
        rows = rows_of(source_id, table["source_id"])
        found |= {name: values[rows] for name, values in table.items()}
    return found


def truth_scores(predicted: Table, truth: Table, seed: int) -> dict[str, dict]:
    """
    What only the simulated sky can say, of the test pairs.

    Args:
        predicted: columns of the pairs with predictions.
        truth: age_of_mass_gyr, numax_uhz and dnu_uhz of the same stars.
        seed: of the bootstraps.

    Returns:
        Scores as `test_scores`.
    """
    test = predicted["split"] == TEST
    stars = {name: values[test] for name, values in predicted.items()}
    truth = {name: values[test] for name, values in truth.items()}
    score, found = partial(_scored, seed=seed), {}
    if "age_fiducial" in stars:
        good = np.isfinite(stars["age_fiducial"])
        difference = (stars["age_fiducial"] - np.log10(truth["age_of_mass_gyr"]))[good]
        pull = difference / stars["age_fiducial_err"][good]
        found["true_pull_width"] = score(width, pull)
        found["true_scatter"] = score(width, difference)
    if "predicted_excess_dnu" in stars:
        true = excess_dnu(truth["numax_uhz"], truth["dnu_uhz"])
        good = np.isfinite(true) & (stars["state"] == RGB)
        both = (stars["predicted_excess_dnu"][good], true[good])
        found["excess_correlation"] = score(_correlation, *both)
    return _known(found)


def alpha_scores(
    predicted: Table, truth: Table, *, seed: int, **forest: int | bool
) -> dict[str, dict]:
    """
    Whether the latent knows more of [alpha/M] than the star's seismology does.

    The latent stands beside two forests: one on the star's true seismology, and one on the
    seismology that other forests tell from temperature, gravity and the abundances but
    [alpha/M]. At fixed true seismology the second shows what the pull of any estimate towards
    the usual star of such a spectrum brings in.

    Args:
        predicted: columns of the pairs with predictions.
        truth: alpha_m, fe_h, numax_uhz, dnu_uhz and state (names) of the same stars.
        seed: of the forests and the bootstraps.
        forest: trees, leaf and lead of the forests, see `forests.grow_all`.

    Returns:
        Scores as `test_scores`.
    """
    if "predicted_alpha_m" not in predicted:
        return {}
    clump = np.isin(truth["state"].astype(str), STATES["rc"])
    seismology = np.stack([np.log(truth["numax_uhz"]), np.log(truth["dnu_uhz"]), clump], axis=1)
    surface = np.stack([predicted[name] for name in ("teff", "logg", "fe_h", "c_fe", "n_fe")], 1)
    alpha_m = predicted["alpha_m"]
    known = np.isfinite(np.column_stack([seismology, surface, alpha_m])).all(axis=1)
    training = known & (predicted["split"] == TRAINING)
    if training.sum() < FEWEST:
        return {}

    def ask(x, target):
        grown = grow(x[training], target[training], seed=seed, **forest)
        return predict(grown, np.where(np.isfinite(x), x, 0.0))[0]

    estimated = np.stack([ask(surface, column) for column in seismology.T], axis=1)
    test = known & (predicted["split"] == TEST) & np.isfinite(predicted["predicted_alpha_m"])
    controls = np.column_stack([seismology, truth["fe_h"]])[test]
    from_seismology = ask(seismology, alpha_m)[test]
    score = partial(_scored, seed=seed)
    found = {"alpha_scatter_seismology": score(width, from_seismology - alpha_m[test])}
    for name, value in (
        ("alpha_partial", predicted["predicted_alpha_m"]),
        ("alpha_partial_estimated", ask(estimated, alpha_m)),
    ):
        found[name] = score(_partial, value[test], truth["alpha_m"][test], controls)
    return _known(found)


def unseen_scores(
    catalog: Table, ages: Table, predicted: Table, stars: Table, seed: int
) -> dict[str, dict]:
    """
    Ages of the catalogue's stars that nothing learned from, beside the simulated sky's truth.

    They are thousands where the test pairs are a hundred. Stars that took mass from a companion
    are to come out young, as their mass does.

    Args:
        catalog: source_id, LogAge with LogAge_Error and Age [Gyr] of the catalogue.
        ages: log ages of the same rows by each forest, of `catalog.ages_of_each`.
        predicted: source_id and split of the pairs; those not of the test set are left out.
        stars: source_id, state (names), mass_gain and age_of_mass_gyr of the simulated stars.
        seed: of the bootstraps.

    Returns:
        Scores as `test_scores`; the forests' on the same stars.
    """
    rows = join_ids(catalog["source_id"], stars["source_id"])
    seen = np.isin(catalog["source_id"], predicted["source_id"][predicted["split"] != TEST])
    unseen = (rows >= 0) & ~seen & np.isfinite(catalog["LogAge"])
    true = np.log10(stars["age_of_mass_gyr"][rows])
    difference = (catalog["LogAge"] - true)[unseen]
    young = catalog["Age"][unseen & (stars["mass_gain"][rows] > 1.0)] < YOUNG_GYR
    score = partial(_scored, seed=seed)
    found = {
        "unseen_pull_width": score(width, difference / catalog["LogAge_Error"][unseen]),
        "unseen_scatter": score(width, difference),
        "gained_mass_young": score(np.mean, 100.0 * young),
    }
    errors = {name: value - true for name, value in ages.items()}
    asked = unseen & np.isfinite(np.stack(list(errors.values()))).all(axis=0)
    middle = (true > np.log10(MIDDLE_GYR[0])) & (true < np.log10(MIDDLE_GYR[1]))
    for kind, states in STATES.items():
        good = asked & np.isin(stars["state"][rows].astype(str), states)
        for name, error in errors.items():
            found[f"unseen_{kind}_{name}"] = score(_percent, error[good])
        found[f"unseen_{kind}_middle"] = score(_percent, errors["fiducial"][good & middle])
        pair = (errors[name][good] for name in ("fiducial", "surface"))
        found[f"unseen_gain_{kind}"] = score(_gain, *pair)
    return _known(found)


def _percent(log_error):
    return width(100 * (10**log_error - 1))


def _correlation(first, second):
    with np.errstate(invalid="ignore"):
        return np.corrcoef(first, second)[0, 1]


def _partial(first, second, controls):
    """Correlation of what a quadratic form of the controls leaves of two quantities."""
    scaled = (controls - controls.mean(axis=0)) / np.maximum(controls.std(axis=0), 1e-9)
    i, j = np.triu_indices(scaled.shape[1])
    terms = np.concatenate([np.ones((len(scaled), 1)), scaled, scaled[:, i] * scaled[:, j]], axis=1)
    left = [y - terms @ np.linalg.lstsq(terms, y, rcond=None)[0] for y in (first, second)]
    return np.corrcoef(*left)[0, 1]


def history_scores(histories: Mapping[str, Table]) -> dict[str, dict]:
    """Best validation loss of the last step of each training, and the latent's divergence there."""
    found = {}
    for path, history in histories.items():
        variant = Path(path).stem
        last = history["step"] == history["step"].max()
        best = np.nanargmin(np.where(last, history["validation_loss"], np.nan))
        for name, column in (("loss", "validation_loss"), ("kl", "validation_kl")):
            value = float(history[column][best])
            found[f"{name}_{variant}"] = {"value": value, "error": None, "n": None}
    return found
