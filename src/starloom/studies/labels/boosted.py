"""The baseline: gradient-boosted trees on the same inputs, with quantiles for errors."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

QUANTILES = (0.15865, 0.5, 0.84135)
"""Lower side, median and upper side of each label."""

SETTINGS = {"objective": "reg:quantileerror", "tree_method": "hist", "max_bin": 64, "nthread": 1}


def matrix(raw: Mapping[str, np.ndarray]) -> Float[np.ndarray, "n_star n_input"]:
    """Ratios and colours as the trees read them: not standardised, NaN where missing."""
    return np.concatenate([raw["ratio"], raw["colour"]], axis=1).astype(np.float32)


def quantiles(
    x: Float[np.ndarray, "n_star n_input"],
    labels: Float[np.ndarray, "n_star n_label"],
    new: Float[np.ndarray, "n_new n_input"],
    *,
    rounds: int,
    depth: int = 6,
    learning_rate: float = 0.1,
    seed: int,
) -> Float[np.ndarray, "n_new n_label 3"]:
    """
    Train trees for each label and predict new stars.

    Args:
        x: of `matrix`, training stars.
        labels: theirs [K, dex]; a star counts for the labels that it has.
        new: of `matrix`, stars to predict.
        rounds: trees for each quantile.
        depth: of a tree.
        learning_rate: of the boosting.
        seed: of the sampling of stars and inputs.

    Returns:
        `QUANTILES` of each label, sorted.

    References:
        Chen & Guestrin (2016); Andrae, Rix & Chandra (2023), Sec. 3.
    """
    import xgboost

    settings = {
        **SETTINGS,
        "quantile_alpha": np.array(QUANTILES),
        "max_depth": depth,
        "learning_rate": learning_rate,
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "seed": seed,
    }
    unseen = xgboost.DMatrix(new)
    found = []
    for values in labels.T:
        known = np.isfinite(values)
        middle, scale = np.mean(values[known]), np.std(values[known])
        training = xgboost.DMatrix(x[known], (values[known] - middle) / scale)
        trees = xgboost.train(settings, training, num_boost_round=rounds)
        found.append(np.sort(trees.predict(unseen), axis=1) * scale + middle)
    return np.stack(found, axis=1)
