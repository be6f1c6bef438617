"""Which stars may be carbon-enhanced and metal-poor: trees on XP coefficients, or a given list."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.metrics import average_precision_score, roc_auc_score

from starloom.prepare.identifiers import join_ids
from starloom.prepare.spectra import inputs
from starloom.training.scatter_vae import usable

LEAST_C_FE, MOST_FE_H = 0.7, -1.0
"""A confirmed star has more carbon and less iron than this [dex]; Lucey et al. (2023), Sec. 2."""

BAD = 1 << 23
"""STAR_BAD in ASPCAPFLAG: the abundances are not to be trusted (Holtzman et al. 2015, Table 9)."""

Rows = Mapping[str, np.ndarray]


def confirmed(stars: Rows) -> tuple[Bool[np.ndarray, " n_star"], Bool[np.ndarray, " n_star"]]:
    """
    Which stars APOGEE confirms as carbon-enhanced and metal-poor, and which it can judge.

    Args:
        stars: `c_fe`, `fe_h` [dex], `aspcapflag`, a row a star; NaN where there is no label.

    Returns:
        The confirmed stars; the stars with both abundances and without STAR_BAD. Only the latter
        teach or test: a star that cannot be judged is not an example against.

    References:
        Lucey et al. (2023), MNRAS 523, 4049, Sec. 2.
    """
    flag = np.nan_to_num(np.asarray(stars["aspcapflag"], float)).astype(np.int64)
    judged = np.isfinite(stars["c_fe"]) & np.isfinite(stars["fe_h"]) & ((flag & BAD) == 0)
    with np.errstate(invalid="ignore"):
        rich = (stars["c_fe"] > LEAST_C_FE) & (stars["fe_h"] < MOST_FE_H)
    return judged & rich, judged


def train(
    x: Float[np.ndarray, "n_star n_input"],
    positive: Bool[np.ndarray, " n_star"],
    settings: Mapping[str, float],
    seed: int,
):
    """
    Boosted trees that tell confirmed stars from the others.

    Args:
        x: coefficients over the G flux of the training stars.
        positive: which of them are confirmed.
        settings: `trees`, `depth`, `learning_rate`; the rare class weighs as much as the other.
        seed: of the rows and columns that each tree sees.

    Returns:
        A trained `xgboost.XGBClassifier`.

    Raises:
        ValueError: if a class has no star.
    """
    from xgboost import XGBClassifier

    n_positive = int(positive.sum())
    if n_positive in (0, len(positive)):
        raise ValueError(
            f"{n_positive} of {len(positive)} labelled training stars are confirmed: both kinds "
            "are needed; give more stars, or name a list in cemp/candidates"
        )
    classifier = XGBClassifier(
        n_estimators=int(settings["trees"]),
        max_depth=int(settings["depth"]),
        learning_rate=settings["learning_rate"],
        subsample=0.8,
        colsample_bytree=0.5,
        scale_pos_weight=(len(positive) - n_positive) / n_positive,
        tree_method="hist",
        n_jobs=1,
        random_state=seed % 2**31,
    )
    return classifier.fit(x, positive)


def threshold(
    probability: Float[np.ndarray, " n_star"],
    known: Bool[np.ndarray, " n_star"],
    rule: str,
    value: float,
) -> float:
    """
    The lowest probability of a candidate.

    Args:
        probability: of all stars; NaN where a star has no readable spectrum.
        known: confirmed stars that the trees have not learnt from, for `completeness`.
        rule: `probability`, the value itself; `completeness`, the highest that keeps this share
            of the `known`; `share`, the one that this share of all stars reaches.
        value: of the rule, 0 to 1.

    Raises:
        ValueError: if no star has a probability, the rule is unknown, or `completeness` is asked
            for without confirmed stars.
    """
    there = probability[np.isfinite(probability)]
    if not len(there):
        raise ValueError("no star has a readable XP spectrum: there is nothing to classify")
    if rule == "probability":
        return float(value)
    if rule == "share":
        return float(np.sort(there)[-max(1, round(value * len(there)))])
    if rule != "completeness":
        raise ValueError(f"rule {rule!r} is none of probability, completeness, share")
    seen = np.sort(probability[known & np.isfinite(probability)])[::-1]
    if not len(seen):
        raise ValueError("completeness needs confirmed validation stars: choose another rule")
    return float(seen[max(1, int(np.ceil(value * len(seen)))) - 1])


def scores(
    probability: Float[np.ndarray, " n_star"],
    positive: Bool[np.ndarray, " n_star"],
    lowest: float,
) -> dict[str, float | int | None]:
    """
    How well the trees do on stars that they have not learnt from.

    Args:
        probability: of labelled test stars.
        positive: which are confirmed.
        lowest: probability of a candidate.

    Returns:
        `n`, `confirmed`, `chosen`, `hits`; `roc_auc` and `average_precision`, None where a class
        has no star.
    """
    both = 0 < positive.sum() < len(positive)
    return {
        "n": len(positive),
        "confirmed": int(positive.sum()),
        "chosen": int((probability >= lowest).sum()),
        "hits": int((positive & (probability >= lowest)).sum()),
        "roc_auc": float(roc_auc_score(positive, probability)) if both else None,
        "average_precision": float(average_precision_score(positive, probability))
        if both
        else None,
    }


def listed(
    ids: Int[np.ndarray, " n_listed"], source_id: Int[np.ndarray, " n_star"]
) -> tuple[Bool[np.ndarray, " n_star"], dict[str, int]]:
    """
    The stars of a given list.

    Args:
        ids: source ids of the list.
        source_id: of the stars at hand.

    Returns:
        Which stars are listed; counts `listed`, `repeated`, `unknown` (not at hand).

    Raises:
        ValueError: if none of the list is at hand.
    """
    unique = np.unique(ids)
    rows = join_ids(unique, source_id)
    counts = {
        "listed": len(ids),
        "repeated": len(ids) - len(unique),
        "unknown": int((rows < 0).sum()),
    }
    chosen = np.zeros(len(source_id), bool)
    chosen[rows[rows >= 0]] = True
    if not chosen.any():
        raise ValueError(f"no candidate: none of the {len(unique)} listed sources is at hand")
    return chosen, counts


def ratios(arrays: Rows) -> tuple[Float[np.ndarray, "n_star n_input"], Bool[np.ndarray, " n_star"]]:
    """
    Coefficients over the G flux.

    Args:
        arrays: `coefficients`, `errors` [e-/s], `phot_g_mean_flux` [e-/s] of each star.

    Returns:
        The ratios, NaN for a star that a model cannot read; which stars it can.
    """
    given, _ = inputs(arrays, False)
    good, _ = usable(**given)
    x = np.full(given["coefficients"].shape, np.nan)
    x[good] = given["coefficients"][good] / given["g_flux"][good, None]
    return x, good
