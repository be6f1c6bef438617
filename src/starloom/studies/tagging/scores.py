"""How good a latent is: twins, distances, independence of u, abundances, recast spectra."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import rankdata

from starloom.numbers import share_error
from starloom.studies.tagging import twins
from starloom.studies.tagging.library import ABUNDANCES, label

FEW = 10
"""Nearer stars below which a twin still counts as found again."""

DISTANCE_STARS = 2000
"""Stars of the distance correlation, whose cost grows with their square."""

HOT = 500.0
"""Difference of Teff [K] of the pairs of Table 4."""


def partners(n_star: int) -> Int[np.ndarray, " n_star"]:
    """Row of each star's twin in a library: 0 and 1, 2 and 3, ..."""
    return np.arange(n_star) ^ 1


def whitening(z: Float[np.ndarray, "n_star n_latent"]) -> Float[np.ndarray, "n_latent n_latent"]:
    """
    Map after which differences within pairs have unit covariance.

    Args:
        z: latents of training stars, twin after twin, with the noise that the map is for.

    Returns:
        W, so that Euclidean distances of z W are the Mahalanobis distances.
    """
    difference = np.asarray(z[::2] - z[1::2], np.float64)
    covariance = difference.T @ difference / len(difference)
    covariance += 1e-9 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, vectors = np.linalg.eigh(covariance)
    return vectors / np.sqrt(values)


def recovery(
    z: Float[np.ndarray, "n_star n_latent"], metric: str = "euclidean"
) -> tuple[Int[np.ndarray, " n_star"], dict[str, float]]:
    """
    Doppelgangers of each star: the stars nearer than its twin.

    Args:
        z: latents of test stars, twin after twin.
        metric: of `twins.ranks`.

    Returns:
        Counts, and `found`, the share without a doppelganger, and `few`, with fewer than ten;
        `found_error` is its binomial error, from the pairs.

    References:
        de Mijolla et al. (2021), Sec. 5.2.
    """
    rows = np.arange(len(z))
    counts = twins.ranks(z, rows, partners(len(z)), metric)
    found = float((counts == 0).mean())
    error = share_error(found, len(z) / 2)
    few = float((counts < FEW).mean())
    return counts, {"found": found, "found_error": error, "few": few}


def distances(
    z: Float[np.ndarray, "n_star n_latent"], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """
    Distances of twins and of random pairs in units of the mean distance of twins.

    Args:
        z: latents, twin after twin.
        seed: of the random pairs.

    Returns:
        `twins` and `random` distances; `overlap`, the area under the lower of both densities, and
        `auc`, the chance that twins are nearer than a random pair.

    References:
        de Mijolla et al. (2021), Sec. 5.1 and Fig. 2.
    """
    z = np.asarray(z, np.float64)
    first = np.random.default_rng(seed).permutation(len(z))
    second = np.roll(first, 1)
    apart = second != partners(len(z))[first]
    own = np.sqrt(np.square(z[::2] - z[1::2]).sum(axis=1))
    others = np.sqrt(np.square(z[first] - z[second]).sum(axis=1))[apart]
    unit = own.mean()
    own, others = own / unit, others / unit
    edges = np.linspace(0, max(own.max(), others.max()), 201)
    shares = [np.histogram(values, edges)[0] / len(values) for values in (own, others)]
    order = rankdata(np.concatenate([own, others]))[: len(own)].sum()
    below = order - len(own) * (len(own) + 1) / 2
    scores = {
        "overlap": float(np.minimum(*shares).sum()),
        "auc": float(1 - below / (len(own) * len(others))),
    }
    return {"twins": own, "random": others}, scores


def independence(
    z: Float[np.ndarray, "n_star n_latent"],
    u: Float[np.ndarray, "n_star n_u"],
    names: Sequence[str],
    seed: int,
) -> dict[str, float]:
    """
    What the latent still knows of the parameters that were taken away.

    Args:
        z: latents of test stars.
        u: their parameters.
        names: of the parameters.
        seed: of the regressor.

    Returns:
        `distance_correlation` (squared and unbiased, hence about 0 for none, perhaps below), and
        for each parameter `r2_<name>`: R^2 of a gradient-boosted regressor that has learned from
        half of the pairs, on the other half.

    References:
        Szekely & Rizzo (2013); Chen & Guestrin (2016).
    """
    from xgboost import XGBRegressor

    from starloom.studies.tagging.contrastive import distance_correlation

    few = slice(0, DISTANCE_STARS)
    white = (z - z.mean(axis=0)) / z.std(axis=0)
    found = {"distance_correlation": float(distance_correlation(white[few], u[few]))}
    half = len(z) // 4 * 2
    for name, values in zip(names, u.T, strict=True):
        trees = XGBRegressor(
            n_estimators=120, max_depth=4, learning_rate=0.15, n_jobs=1, random_state=seed
        )
        guess = trees.fit(z[:half], values[:half]).predict(z[half:])
        rest = values[half:]
        found[f"r2_{name}"] = float(1 - np.square(rest - guess).sum() / rest.var() / len(rest))
    return found


def linear_abundances(
    z: Float[np.ndarray, "n_star n_latent"],
    stars: Mapping[str, np.ndarray],
    new: Float[np.ndarray, "n_new n_latent"],
) -> Float[np.ndarray, "n_new n_element"]:
    """
    Abundances as a linear function of the latent, by the pseudo-inverse.

    Args:
        z: latents of training stars.
        stars: their abundances by name.
        new: latents of other stars.

    Returns:
        [Fe/H] and [X/Fe] [dex] in the order of `ABUNDANCES`.

    References:
        de Mijolla et al. (2021), Sec. 5.3, with a constant beside the latent.
    """
    truth = np.stack([stars[label(element)] for element in ABUNDANCES], axis=1)
    middle, mean = truth.mean(axis=0), z.mean(axis=0, dtype=np.float64)
    return middle + (new - mean) @ (np.linalg.pinv(z - mean, rcond=1e-10) @ (truth - middle))


def residuals(
    recast: Float[np.ndarray, "n_star n_bin"],
    twin_flux: Float[np.ndarray, "n_star n_bin"],
    teff: Float[np.ndarray, " n_star"],
) -> dict[str, float]:
    """
    How well spectra recast to their twin's parameters agree with the twin's spectrum.

    Args:
        recast: flux of each star at its twin's parameters.
        twin_flux: the twin's own.
        teff: of each star [K].

    Returns:
        `mse` and the mean absolute residual `residual`, of all pairs (Table 3) and, with the
        suffix `_500k`, of those at least 500 K apart (Table 4); the latter left out where there
        is none.

    References:
        de Mijolla et al. (2021), Sec. 5.4.
    """
    difference = np.asarray(recast - twin_flux, np.float64)
    square, size = np.square(difference).mean(axis=1), np.abs(difference).mean(axis=1)
    found = {"mse": float(square.mean()), "residual": float(size.mean())}
    far = np.abs(teff - teff[partners(len(teff))]) >= HOT
    if far.any():
        found |= {"mse_500k": float(square[far].mean()), "residual_500k": float(size[far].mean())}
    return found
