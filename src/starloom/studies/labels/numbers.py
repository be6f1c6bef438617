"""The numbers that the study publishes."""

from collections.abc import Mapping

from starloom.numbers import Number
from starloom.studies.labels.evaluate import TOLERANCE
from starloom.studies.labels.folds import MAIN
from starloom.studies.labels.inputs import LABELS

STUDY = "labels"

NAMES = {name: name for name in LABELS} | {"fe_h": "feh"}
"""Labels as the ids of numbers spell them."""

UNITS = {name: "dex" for name in LABELS} | {"teff": "K"}

TEST = "test stars with APOGEE labels that pass the training cuts"

SURVEYS = {
    "lamost_lrs": "LAMOST's of low resolution",
    "lamost_mrs": "LAMOST's of medium resolution",
    "gspphot": "GSP-Phot's",
}

TABLE_TWO = {name: "lamost_lrs" for name in ("teff", "logg", "fe_h")} | {
    name: "lamost_mrs" for name in ("c_fe", "n_fe", "alpha_m")
}

SCORES = {
    "rmse": ("rmse", f"root mean square of predicted minus APOGEE's, {TEST}"),
    "bias": ("bias", f"median of predicted minus APOGEE's, {TEST}"),
    "scatter": ("scatter", f"1.4826 MAD of predicted minus APOGEE's, {TEST}"),
    "sigma": ("sigma", f"median recalibrated total error, {TEST}"),
}

PULL = "half of the central 68.27 % of (predicted - APOGEE)/sqrt(sigma^2 + sigma_APOGEE^2)"

LEFT_OUT = "training stars, each by a network that left it out"


def numbers(
    evaluation: Mapping[str, Mapping[str, float]],
    counts: list[dict],
    spectra: Mapping[str, float],
) -> list[Number]:
    """
    All numbers of the study.

    Args:
        evaluation: of `evaluate.evaluate` and of `surveys.compared_with_surveys`.
        counts: stars left after every cut of the training sample.
        spectra: rank correlations of `spectra.derivative_spectra`.

    Returns:
        The numbers, without the published values; those of parts that are absent are left out.

    References:
        Fallows & Sanders (2024), Tables 1-3, Sec. 4.4 and Appendix A.
    """
    found = [*_cuts(counts)]
    for label in LABELS:
        found += _table_one(evaluation, label)
        found += _calibration(evaluation, label)
        found += _surveys(evaluation, label)
    found += _methods(evaluation)
    found += _derivatives(spectra)
    if "calibration/verdict" in evaluation:
        meaning = (
            "labels, of six, whose pulls against APOGEE (recalibrated) and whose APOGEE's pulls "
            f"against the truth have widths of 1 within {TOLERANCE} and three sampling errors; "
            f"{LEFT_OUT}"
        )
        entry = evaluation["calibration/verdict"]
        found.append(_number("calibrated", entry, "value", "1", meaning))
    if "gain/logg" in evaluation:
        gain = evaluation["gain/logg"]
        meaning = "drop of the RMSE of log g when the pseudo-absolute magnitude is given"
        found.append(_number("pseudo_mag_gain", gain, "value", "percent", meaning))
    return found


def _number(name, entry, key, unit, definition):
    error = entry.get("error" if key == "value" else f"{key}_error")
    return Number(f"labels.{name}", STUDY, entry[key], unit, definition, error, entry.get("n"))


def _cuts(counts):
    for count in counts:
        meaning = f"stars with an APOGEE row left after the cut {count['name']}"
        meaning += f" ({count['criterion']})" if count["criterion"] else ""
        yield Number(f"labels.sample_{count['name']}", STUDY, count["left"], "stars", meaning)


def _table_one(evaluation, label):
    entry = evaluation.get(f"apogee/{MAIN}/{label}")
    if not entry:
        return
    for name, (key, meaning) in SCORES.items():
        yield _number(f"{name}_{NAMES[label]}", entry, key, UNITS[label], meaning)


def _calibration(evaluation, label):
    name = NAMES[label]
    for kind, told, prefix in (
        ("apogee", "recalibrated errors", "pull_width"),
        ("raw", "errors as the network gives them", "pull_width_raw"),
        ("folds", "errors recalibrated on the other stars left out", "pull_width_unseen"),
    ):
        entry = evaluation.get(f"{kind}/{MAIN}/{label}")
        if entry:
            stars = LEFT_OUT if kind == "folds" else "test stars"
            yield _number(f"{prefix}_{name}", entry, "pull_width", "1", f"{PULL}, {stars}; {told}")
    for kind, stars, prefix in (
        ("apogee", "the test stars", "coverage"),
        ("folds", LEFT_OUT, "coverage_unseen"),
    ):
        entry = evaluation.get(f"{kind}/{MAIN}/{label}")
        for level in (50, 68, 95) if entry else ():
            meaning = f"share of {stars} whose pull lies in the central {level} % of a Gaussian"
            share, n = entry[f"coverage_{level}"], entry["n"]
            error = 100 * (max(share * (1 - share), 0.0) / n) ** 0.5
            number = f"labels.{prefix}_{level}_{name}"
            yield Number(number, STUDY, 100 * share, "percent", meaning, error, n)
    entry = evaluation.get(f"reference/{label}")
    if entry:
        meaning = f"half of the central 68.27 % of (APOGEE's - true)/sigma_APOGEE, {LEFT_OUT}"
        yield _number(f"apogee_pull_width_{name}", entry, "pull_width", "1", meaning)
    entry = evaluation.get(f"scale/{label}")
    if entry:
        meaning = f"factor on the error that gives the pulls of {LEFT_OUT} a width of 1"
        yield _number(f"sigma_scale_{name}", entry, "value", "1", meaning)


def _surveys(evaluation, label):
    told = "unseen stars without flags"
    for survey, words in SURVEYS.items():
        # The paper's Table 2 has each label from one of LAMOST's surveys alone.
        prefix = "lamost" if survey == TABLE_TWO[label] else survey
        entry = evaluation.get(f"{survey}/{MAIN}/{label}")
        for name in ("rmse", "bias", "scatter") if entry else ():
            meaning = f"{name} of predicted minus {words}, as against APOGEE, {told}"
            yield _number(f"{prefix}_{name}_{NAMES[label]}", entry, name, UNITS[label], meaning)
        entry = evaluation.get(f"{survey}_apogee/{MAIN}/{label}")
        if entry:
            meaning = f"rmse of APOGEE's minus {words}, {told}"
            name = f"{prefix}_apogee_rmse_{NAMES[label]}"
            yield _number(name, entry, "rmse", UNITS[label], meaning)


def _derivatives(spectra):
    words = {
        "network": "the network's derivative spectrum (Eq. 14)",
        "pattern": "the network's derivative spectrum with the full covariance of the inputs",
        "observed": "the observed high minus low spectrum",
    }
    for name, value in spectra.items():
        label, _, kind = name.rpartition("_")
        if kind in words:
            meaning = (
                f"rank correlation over 336-1020 nm of {words[kind]} of red-clump stars with the "
                f"simulated sky's, {label}"
            )
            name = f"spectrum_{kind}_{NAMES[label]}"
            yield Number(f"labels.{name}", STUDY, value, "1", meaning, n=int(spectra["n"]))


def _methods(evaluation):
    for key, entry in evaluation.items():
        kind, _, rest = key.partition("/")
        method, _, label = rest.partition("/")
        if kind == "apogee":
            meaning = (
                f"mean log density of APOGEE's {label} of the test stars, method {method}, "
                "recalibrated Gaussian errors"
            )
            name = f"likelihood_{method}_{NAMES[label]}"
            value, n = entry["likelihood"], entry["n"]
            yield Number(f"labels.{name}", STUDY, value, "nat", meaning, n=n)
            for name in ("rmse", "sigma") if method != MAIN else ():
                meaning = f"{SCORES[name][1]}, method {method}"
                yield _number(f"{name}_{method}_{NAMES[label]}", entry, name, UNITS[label], meaning)
        elif kind == "truth" and method == MAIN:
            meaning = "root mean square of predicted minus true label, test stars"
            yield _number(f"true_rmse_{NAMES[label]}", entry, "rmse", UNITS[label], meaning)
            meaning = "half of the central 68.27 % of (predicted - true)/sigma, test stars"
            yield _number(f"true_pull_width_{NAMES[label]}", entry, "pull_width", "1", meaning)
        elif kind == "trend" and method in (MAIN, "balanced"):
            told = "label-balanced weights" if method == "balanced" else "equal weights"
            for end in ("low", "high"):
                meaning = (
                    f"share of the difference between the {end}est tenth and the middle of {label} "
                    f"that predictions keep, test stars; trained with {told}"
                )
                name = f"trend_{end}_{method}_{NAMES[label]}"
                yield Number(f"labels.{name}", STUDY, entry[end], "1", meaning, n=entry["n"])
