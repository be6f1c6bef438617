"""
Do XP spectra know [alpha/M]? Four classifiers of the two alpha sequences, and what they share.

Laroche & Speagle (2024), Sec. 5, with the baselines done right: every classifier learns from the
same stars, is asked of the same stars, and stands beside the answer of always the larger class.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.stats import rankdata

from starloom.prepare.cuts import alpha_sequence
from starloom.prepare.split import TEST

CLASSIFIERS = {
    "feh": "[M/H]",
    "labels": "Teff, log g, [M/H]",
    "labels_ext": "Teff, log g, [M/H], J - H, J - Ks",
    "latent": "latent means",
    "all": "latent means, Teff, log g, [M/H], J - H, J - Ks",
}
"""What each classifier reads, by its name in the numbers."""

LEAST = 10
"""Fewest stars of each sequence that the classifiers learn from."""


def features(
    stars: Mapping[str, np.ndarray], latent: Float[np.ndarray, "n_star n_latent"]
) -> dict[str, Float[np.ndarray, "n_star n_feature"]]:
    """
    What each of `CLASSIFIERS` reads of the stars: labels [K, dex], colours [mag], latent means.

    Those that read colours are left out where there is no 2MASS.
    """
    labels = [stars["teff"], stars["logg"], stars["m_h"]]
    columns = {"feh": labels[2:], "labels": labels, "latent": list(latent.T)}
    if "j_m" in stars:
        colours = [stars["j_m"] - stars["h_m"], stars["j_m"] - stars["ks_m"]]
        columns |= {"labels_ext": labels + colours, "all": [*latent.T, *labels, *colours]}
    return {name: np.stack(values, axis=1).astype(np.float32) for name, values in columns.items()}


def classify(
    stars: Mapping[str, np.ndarray],
    latent: Float[np.ndarray, "n_star n_latent"],
    *,
    seed: int,
    trees: int,
    leaf: int,
) -> dict[str, np.ndarray]:
    """
    Probability of the high-alpha sequence for the test stars of the pristine catalogue.

    Args:
        stars: columns of `results/data/stars.parquet`.
        latent: latent means of the same stars; NaN where a star has none.
        seed: of the forests.
        trees: of a forest.
        leaf: fewest stars in a leaf.

    Returns:
        Of the test stars `source_id`, `teff`, `high` (1 high-alpha by APOGEE's abundances, 0
        low-alpha) and `p_{name}` of each classifier. Forests learn from the other stars of the
        catalogue, those that chose the scatter VAE's epoch included. No row where fewer than
        `LEAST` stars of a sequence could be learnt from.

    References:
        Laroche & Speagle (2024), Sec. 5; Breiman (2001), Machine Learning 45, 5.
    """
    from sklearn.ensemble import RandomForestClassifier

    high = alpha_sequence(stars["fe_h"], stars["mg_fe"])
    read = features(stars, latent)
    known = stars["in_pristine"] & (high >= 0)
    known &= np.logical_and.reduce([np.isfinite(values).all(axis=1) for values in read.values()])
    learn, test = known & (stars["split"] != TEST), known & (stars["split"] == TEST)
    if min(np.bincount(high[learn], minlength=2)) < LEAST:
        test = np.zeros_like(test)
    found = {"source_id": stars["source_id"][test], "teff": stars["teff"][test]}
    found["high"] = high[test]
    for name, values in read.items():
        found[f"p_{name}"] = np.zeros(0)
        if test.any():
            forest = RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=seed)
            forest.fit(values[learn], high[learn])
            found[f"p_{name}"] = forest.predict_proba(values[test])[:, 1]
    return found


def high_alpha(
    stars: Mapping[str, np.ndarray],
    latent: Float[np.ndarray, "n_star n_latent"],
    *,
    seed: int,
    trees: int,
    leaf: int,
) -> Float[np.ndarray, " n_star"]:
    """
    Probability of the high-alpha sequence for all stars, by their latent means alone.

    Args:
        stars: fe_h, mg_fe [dex], split, in_pristine.
        latent: of the same stars; NaN where a star has none.
        seed: of the forest.
        trees: of the forest.
        leaf: fewest stars in a leaf.

    Returns:
        NaN where there is no latent, and everywhere if fewer than `LEAST` stars of a sequence are
        among those to learn from: the pristine catalogue's that are not test stars.

    References:
        Laroche & Speagle (2024), Sec. 5.
    """
    from sklearn.ensemble import RandomForestClassifier

    high, known = alpha_sequence(stars["fe_h"], stars["mg_fe"]), np.isfinite(latent).all(axis=1)
    learn = known & stars["in_pristine"] & (high >= 0) & (stars["split"] != TEST)
    found = np.full(len(latent), np.nan)
    if min(np.bincount(high[learn], minlength=2)) >= LEAST:
        forest = RandomForestClassifier(trees, min_samples_leaf=leaf, random_state=seed)
        forest.fit(latent[learn].astype(np.float32), high[learn])
        found[known] = forest.predict_proba(latent[known].astype(np.float32))[:, 1]
    return found


def confusion(
    high: Int[np.ndarray, " n_star"], probability: Float[np.ndarray, " n_star"]
) -> Int[np.ndarray, "2 2"]:
    """Counts of stars by true sequence (row; low, high) and answer (column; low, high)."""
    answer = (probability > 0.5).astype(int)
    return np.bincount(2 * high.astype(int) + answer, minlength=4).reshape(2, 2)


def scores(
    high: Int[np.ndarray, " n_star"], probability: Float[np.ndarray, " n_star"]
) -> dict[str, float]:
    """
    How well probabilities of the high-alpha sequence tell it from the other.

    Args:
        high: 1 high-alpha, 0 low-alpha.
        probability: of high-alpha.

    Returns:
        `accuracy`, `balanced` (mean of the recalls), `high_recall`, `low_recall`,
        `high_precision`, `low_precision`, `auc`; NaN where a class, or an answer, has no star.
    """
    (low_low, low_high), (high_low, high_high) = confusion(high, probability)
    recalls = _share(high_high, high_low), _share(low_low, low_high)
    return {
        "accuracy": _share(low_low + high_high, low_high + high_low),
        "balanced": 0.5 * sum(recalls),
        "high_recall": recalls[0],
        "low_recall": recalls[1],
        "high_precision": _share(high_high, low_high),
        "low_precision": _share(low_low, high_low),
        "auc": area(high, probability),
    }


def area(high: Int[np.ndarray, " n_star"], probability: Float[np.ndarray, " n_star"]) -> float:
    """
    Area under the ROC curve; NaN without stars of both sequences.

    References:
        Hanley & McNeil (1982), Radiology 143, 29: it is the rank sum statistic.
    """
    n_high, n_low = int(np.sum(high == 1)), int(np.sum(high == 0))
    if not n_high or not n_low:
        return np.nan
    ranks = rankdata(probability)[high == 1].sum()
    return float((ranks - n_high * (n_high + 1) / 2) / (n_high * n_low))


def advantage(high: Int[np.ndarray, " n_star"], first: np.ndarray, second: np.ndarray) -> float:
    """Area under the ROC curve of `first` minus that of `second`, for the same stars."""
    return area(high, first) - area(high, second)


def permutation_test(
    high: Int[np.ndarray, " n_star"],
    probability: Float[np.ndarray, " n_star"],
    given: Float[np.ndarray, " n_star"] | None = None,
    *,
    seed: int,
    draws: int,
    stratum: int = 20,
) -> tuple[float, float]:
    """
    Would the probabilities tell the sequences as well if the sequences were shuffled?

    Args:
        high: 1 high-alpha, 0 low-alpha.
        probability: of a classifier.
        given: another classifier's probability: sequences are then shuffled among stars that are
            alike to it, so that all it knows stays, and only what is beyond it is tested.
        seed: of the shuffles.
        draws: how many.
        stratum: stars that are alike, neighbours in `given`.

    Returns:
        The mean difference of the probability between high and low within the strata, and the
        share of shuffles with one at least as large (one-sided, this one counted among them).

    References:
        Rosenbaum & Rubin (1983), Biometrika 70, 41 (strata of a propensity); Phipson & Smyth
        (2010), Stat. Appl. Genet. Mol. Biol. 9, 39 (p is never zero).
    """
    rng = np.random.default_rng(seed)
    order = np.arange(len(high)) if given is None else np.argsort(given, kind="stable")
    n_strata = 1 if given is None else max(1, len(high) // stratum)
    strata = np.array_split(order, n_strata)
    place = np.empty(len(high), int)
    for number, rows in enumerate(strata):
        place[rows] = number
    mean = np.array([probability[rows].mean() for rows in strata])
    above = probability - mean[place]

    def difference(which: Bool[np.ndarray, " n_star"]) -> float:
        expected = np.array([which[rows].mean() for rows in strata])[place]
        spread = np.square(which - expected).sum()
        return float((above * (which - expected)).sum() / spread) if spread else 0.0

    seen, count = difference(high == 1), 1
    for _ in range(draws):
        shuffled = high.copy()
        for rows in strata:
            shuffled[rows] = high[rng.permutation(rows)]
        count += difference(shuffled == 1) >= seen
    return seen, count / (draws + 1)


def _share(right, wrong):
    return right / (right + wrong) if right + wrong else np.nan
