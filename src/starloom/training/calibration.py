"""Whether predicted errors are honest: pulls, coverage, and one factor that would mend them."""

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

LEVELS = (0.50, 0.68, 0.95)
"""Shares of the stars that central intervals should hold."""


def pulls(
    predicted: Float[np.ndarray, " n_star"],
    sigma: Float[np.ndarray, " n_star"],
    reference: Float[np.ndarray, " n_star"],
    reference_sigma: Float[np.ndarray, " n_star"] | float = 0.0,
) -> Float[np.ndarray, " n_star"]:
    """
    Differences over their total errors; unit Gaussian where the errors are honest.

    Args:
        predicted: predictions, in any unit.
        sigma: their errors, in the same.
        reference: what they are held against; the truth, or other measurements.
        reference_sigma: its error; 0 for the truth.

    Returns:
        (predicted - reference) / sqrt(sigma^2 + reference_sigma^2); NaN where one is NaN.

    References:
        Leung et al. (2023), Sec. 6.3.
    """
    return (predicted - reference) / np.sqrt(np.square(sigma) + np.square(reference_sigma))


def width(values: Float[np.ndarray, " n_star"]) -> float:
    """Half of the central 68.27 percent of the finite values: the sigma of a Gaussian."""
    low, high = np.nanpercentile(values, 100 * norm.cdf([-1, 1]))
    return 0.5 * float(high - low)


def coverage(
    values: Float[np.ndarray, " n_star"], levels: tuple[float, ...] = LEVELS
) -> Float[np.ndarray, " n_level"]:
    """Share of the finite pulls inside the central interval of a unit Gaussian of each level."""
    finite = np.abs(values[np.isfinite(values)])
    return np.array([np.mean(finite <= norm.ppf(0.5 + 0.5 * level)) for level in levels])


def likelihood_scale(
    difference: Float[np.ndarray, " n_star"],
    variance: Float[np.ndarray, " n_star"],
    reference_variance: Float[np.ndarray, " n_star"] | float = 0.0,
) -> float:
    """
    Factor on the predicted errors that makes the differences most likely under a Gaussian.

    Args:
        difference: predicted minus reference; pairs with a NaN are left out.
        variance: of the predictions.
        reference_variance: of the reference, which keeps its size.

    Returns:
        The factor on sigma, between 0.05 and 20.

    Raises:
        ValueError: if fewer than ten differences are finite.
    """
    from scipy.optimize import minimize_scalar

    other = np.broadcast_to(np.asarray(reference_variance, float), np.shape(difference))
    good = np.isfinite(difference) & np.isfinite(variance) & np.isfinite(other)
    if good.sum() < 10:
        raise ValueError(f"{good.sum()} stars with a prediction and a reference: 10 are needed")
    square, own, other = np.square(difference[good]), variance[good], other[good]

    def loss(log_scale):
        total = own * np.exp(2 * log_scale) + other
        return np.mean(square / total + np.log(total))

    return float(np.exp(minimize_scalar(loss, bounds=np.log([0.05, 20.0]), method="bounded").x))


def width_scale(
    difference: Float[np.ndarray, " n_star"],
    variance: Float[np.ndarray, " n_star"],
    reference_variance: Float[np.ndarray, " n_star"] | float = 0.0,
) -> float:
    """
    Factor on the predicted errors that gives the pulls a `width` of 1, whatever their tails.

    Args:
        difference: predicted minus reference; pairs with a NaN are left out.
        variance: of the predictions.
        reference_variance: of the reference, which keeps its size.

    Returns:
        The factor on sigma, between 0.05 and 20.

    Raises:
        ValueError: if fewer than ten differences are finite.
    """
    from scipy.optimize import brentq

    other = np.broadcast_to(np.asarray(reference_variance, float), np.shape(difference))
    good = np.isfinite(difference) & np.isfinite(variance) & np.isfinite(other)
    if good.sum() < 10:
        raise ValueError(f"{good.sum()} stars with a prediction and a reference: 10 are needed")
    difference, own, other = difference[good], variance[good], other[good]

    def excess(log_scale):
        return width(difference / np.sqrt(own * np.exp(2 * log_scale) + other)) - 1.0

    low, high = np.log([0.05, 20.0])
    if excess(low) <= 0 or excess(high) >= 0:
        return float(np.exp(low if excess(low) <= 0 else high))
    return float(np.exp(brentq(excess, low, high, xtol=1e-6)))


def bootstrap_error(statistic, *columns: np.ndarray, seed: int, draws: int = 200) -> float:
    """
    One sigma of a statistic when the stars are drawn again with replacement.

    Args:
        statistic: of the columns; gives a number.
        columns: arrays with the star as their first axis.
        seed: of the draws.
        draws: how many.
    """
    rng, n_star = np.random.default_rng(seed), len(columns[0])
    rows = (rng.integers(0, n_star, n_star) for _ in range(draws))
    return float(np.nanstd([statistic(*(column[i] for column in columns)) for i in rows]))
