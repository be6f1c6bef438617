"""A quadratic form of the inputs, fitted by weighted least squares: what is smooth in a target."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

STARS_A_TERM = 10
"""Fewest stars for each term; with fewer the form is linear, or without terms at all."""

_RIDGE = 1e-4


@dataclass(frozen=True)
class Quadratic:
    """
    A form of standardised inputs.

    Args:
        centre: of the inputs (n_input,).
        scale: of the inputs.
        terms: coefficients of 1, the inputs, and their products; those that are not fitted are
            absent.
    """

    centre: np.ndarray
    scale: np.ndarray
    terms: np.ndarray


def fit_quadratic(
    inputs: Float[np.ndarray, "n_star n_input"],
    target: Float[np.ndarray, " n_star"],
    weight: Float[np.ndarray, " n_star"],
) -> Quadratic:
    """
    Fit the form with so many terms as the stars allow.

    Args:
        inputs: of the stars.
        target: to follow.
        weight: of the stars, inverse variances.
    """
    n_star, n_input = inputs.shape
    centre = np.average(inputs, axis=0, weights=weight)
    spread = np.sqrt(np.average(np.square(inputs - centre), axis=0, weights=weight))
    scale = np.where(spread > 0, spread, 1.0)
    counts = (1 + n_input + n_input * (n_input + 1) // 2, 1 + n_input, 1)
    count = next(n for n in counts if n == 1 or n * STARS_A_TERM <= n_star)
    design = _terms((inputs - centre) / scale, count)
    share = weight / weight.mean()
    ridge = np.diag([0.0, *np.full(count - 1, _RIDGE * n_star)])
    normal = design.T @ (share[:, None] * design) + ridge
    return Quadratic(centre, scale, np.linalg.solve(normal, design.T @ (share * target)))


def value(form: Quadratic, inputs: Float[np.ndarray, "n_star n_input"]) -> np.ndarray:
    """The form at the inputs of stars."""
    return _terms((inputs - form.centre) / form.scale, len(form.terms)) @ form.terms


def _terms(x, count):
    one = np.ones((len(x), 1))
    if count <= 1 + x.shape[1]:
        return np.concatenate([one, x], axis=1)[:, :count]
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([one, x, x[:, i] * x[:, j]], axis=1)
