"""The numbers that the study publishes."""

from collections.abc import Mapping

import numpy as np

from starloom.numbers import Number

STUDY = "tagging"

TABLES = {"fader_feh": "fader", "factor_feh": "factor", "contrastive_feh": "contrastive",
          "poly": "poly"}  # fmt: skip
"""Variants whose recast spectra are Tables 3 and 4 of the paper, and their names there."""

OURS, THEIRS = "contrastive_feh", "fader_feh"
"""The variants that are compared with each other."""

SCORES = {
    "": ("found", "share of {n} test stars whose twin lies nearer than any other star{how}"),
    "_few": ("few", "share of {n} test stars with fewer than 10 stars nearer than their twin{how}"),
    "_white": (
        "white_found",
        "share of {n} test stars whose twin lies nearer than any other star, distances whitened by "
        "the covariance within training pairs{how}",
    ),
    "_overlap": (
        "overlap",
        "area under the lower of the densities of distances of twins and of random pairs{how}",
    ),
    "_auc": ("auc", "chance that twins lie nearer to each other than a random pair{how}"),
}
"""Scores for each SNR: suffix, key and definition."""

_RECAST = "mean {} residual of a test spectrum recast to its twin's parameters"
_FAR = f"{_RECAST}, pairs at least 500 K apart"

RECAST = {
    "mse": ("flux^2", _RECAST.format("squared")),
    "residual": ("flux", _RECAST.format("absolute")),
    "mse_500k": ("flux^2", _FAR.format("squared")),
    "residual_500k": ("flux", _FAR.format("absolute")),
}
"""Residuals of recast spectra without noise, against the twin's own spectrum."""


def numbers(
    evaluations: Mapping[str, Mapping],
    variants: Mapping[str, Mapping],
    methods: Mapping[str, Mapping],
    library: Mapping,
    clusters: Mapping[str, Mapping],
) -> list[Number]:
    """
    Numbers of all variants on test pairs, and of the clusters of the sky.

    Args:
        evaluations: of `evaluation.evaluate`, by variant.
        variants: of the configuration.
        methods: of the configuration.
        library: of the configuration.
        clusters: statistics of `clusters.statistics`; empty where there is no truth.

    Returns:
        The numbers.
    """
    found = []
    for name, scores in evaluations.items():
        what = f"{name}: {', '.join(variants[name]['remove'])} removed"
        what += _trained(methods[variants[name]["method"]])
        how = f"; {library['train_pairs']} training pairs, bins of {library['bin']} pixels"
        for level in (key for key in scores if key.startswith("snr")):
            about = f" at SNR {level[3:]}; {what}{how}"
            found += _levels(f"tagging.{name}_{level}", scores[level], about, scores["n"])
        if name in TABLES:
            found += _recast(TABLES[name], scores["recast"], scores["n"], what)
        found += _independence(name, scores, what)
        found += _rmse(name, scores, what)
    if OURS in evaluations and THEIRS in evaluations:
        found += _gain(evaluations[OURS], evaluations[THEIRS])
    return found + [
        Number(f"tagging.cluster_{name}", STUDY, **entry) for name, entry in clusters.items()
    ]


def _trained(choices):
    """How long a method was trained and what it started from, in words."""
    if "training" not in choices:
        return ""
    start = f" from a {choices['start']} start" if "start" in choices else ""
    return f", {choices['training']['epochs']} epochs{start}"


def _spread(values):
    """Mean over the trainings and its spread; no spread of a single one."""
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else None


def _levels(prefix, seeds, about, n):
    for suffix, (key, definition) in SCORES.items():
        value, error = _spread([seed[key] for seed in seeds])
        if error is None and f"{key}_error" in seeds[0]:
            error = seeds[0][f"{key}_error"]
        how = about + (f"; mean and spread of {len(seeds)} seeds" if len(seeds) > 1 else "")
        text = definition.format(n=n, how=how)
        yield Number(prefix + suffix, STUDY, value, "1", text, error, n)


def _recast(short, seeds, n, what):
    for key, (unit, definition) in RECAST.items():
        if key in seeds[0]:
            value, error = _spread([seed[key] for seed in seeds])
            yield Number(
                f"tagging.{short}_{key}", STUDY, value, unit, f"{definition}; {what}", error, n
            )


def _independence(name, scores, what):
    for key, value in scores["independence"].items():
        if key == "distance_correlation":
            text = "squared distance correlation of latent and parameters, without bias"
        else:
            text = f"R^2 of gradient-boosted trees from the latent to {key[3:]}, unseen half"
        n = scores["n"]
        yield Number(f"tagging.{name}_{key}", STUDY, value, "1", f"{text}; {what}", None, n)


def _rmse(name, scores, what):
    for kind, errors in scores["rmse"].items():
        for element, value in errors.items():
            over = "Fe/H" if element == "Fe" else f"{element}/Fe"
            text = f"RMSE of [{over}] of test stars from the latent ({kind}), no noise; {what}"
            number = f"tagging.{name}_rmse_{kind}_{element.lower()}"
            yield Number(number, STUDY, value, "dex", text, None, scores["n"])


def _gain(ours, theirs):
    for level in (key for key in ours if key.startswith("snr")):
        difference = [
            a["found"] - b["found"] for a, b in zip(ours[level], theirs[level], strict=False)
        ]
        value, error = _spread(difference)
        text = (
            f"share of twins found first, {OURS} minus {THEIRS}, at SNR {level[3:]}: mean and "
            f"spread over {len(difference)} seeds; the smallest is {min(difference):.3f}"
        )
        yield Number(f"tagging.contrastive_gain_{level}", STUDY, value, "1", text, error, ours["n"])
