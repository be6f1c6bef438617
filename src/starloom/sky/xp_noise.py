"""
Errors of XP coefficients: covariance from photon, sky, readout and calibration noise.

The weight of a pseudo-wavelength follows from the flux there; the normal matrix of the basis
functions with these weights gives the covariance; a factor for each order, measured on published
sources, corrects for what the mean instrument leaves out.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky.reference import read_rows

EXPOSURE_S = 4.42
"""Time of one CCD crossing [s]."""
SKY_E_S = 3.0
"""Background in a sample [e-/s]."""
READ_VARIANCE = 65.0
"""Variance of the readout and of the window's other noise [e-2]."""
CALIBRATION = {"bp": (0.005, 0.030), "rp": (0.004, 0.016)}
"""Calibration errors from one observation to the next in units of the flux: faint, bright."""
BRIGHT_E_S = 4e5
"""Light of a spectrum at which calibration errors are half way, G about 11.5 [e-/s]."""
BRIGHT_ORDERS = 0.7
"""How far the factors of the orders have gone to one for the brightest stars."""
SAMPLES = 58.0
"""Samples of one transit that enter the solution."""
JITTER = 1e-10
"""Added to the scaled normal matrix: keeps the brightest stars positive definite."""


@cache
def order_factors(band: str) -> np.ndarray:
    """Published error over that of the model, for each order.

    Args:
        band: bp or rp.

    Returns:
        (55,) factors, interpolated in the logarithm between the orders tabulated.
    """
    rows = read_rows("xp_error_factors.csv")
    order = [float(row["order"]) for row in rows]
    value = np.interp(np.arange(55), order, np.log([float(row[band]) for row in rows]))
    return np.exp(value).astype(np.float32)


def _brightness(flux, step):
    """From 0 for faint spectra to 1 for bright ones."""
    total = jnp.sum(jnp.maximum(flux, 0.0), axis=1) * step
    return total / (total + BRIGHT_E_S)


def error_factors(
    flux: Float[Array, "n_star n_u"], step: float, band: str
) -> Float[Array, "n_star n_base"]:
    """Factors of the errors of each order, for spectra of any brightness.

    Args:
        flux: internal spectra [e-/s in a sample].
        step: step of the pseudo-wavelengths [samples].
        band: bp or rp.

    Returns:
        `order_factors` for faint stars, nearer to one for bright ones, whose calibration errors
        do not depend on the order.
    """
    power = 1.0 - BRIGHT_ORDERS * _brightness(flux, step)
    return jnp.asarray(order_factors(band)) ** power[:, None]


def weights(
    flux: Float[Array, "n_star n_u"],
    step: float,
    n_measurements: Float[Array, " n_star"],
    band: str,
) -> Float[Array, "n_star n_u"]:
    """Weight of each pseudo-wavelength in the solution for the coefficients.

    Args:
        flux: internal spectra [e-/s in a sample].
        step: step of the pseudo-wavelengths [samples].
        n_measurements: samples that entered the solution.
        band: bp or rp.

    Returns:
        W = N step / (60 sigma^2) [(e-/s)^-2].

    References:
        Carrasco et al. (2021), A&A 652, A86; De Angeli et al. (2023), A&A 674, A2.
    """
    light = jnp.maximum(flux, 0.0)
    variance = (light * EXPOSURE_S + SKY_E_S * EXPOSURE_S + READ_VARIANCE) / EXPOSURE_S**2
    low, high = CALIBRATION[band]
    calibration = low + (high - low) * _brightness(light, step)[:, None]
    variance = variance + (calibration * light) ** 2
    return n_measurements[:, None] / 60.0 * step / variance


def draw(
    weight: np.ndarray, bases: np.ndarray, factors: np.ndarray, normal_deviates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise, errors and correlations of coefficients; C = (B W B^T)^-1, float64 on the host.

    Args:
        weight: (n_star, n_u) from `weights`.
        bases: (n_base, n_u) basis functions.
        factors: (n_star, n_base) or (n_base,) factors of the errors.
        normal_deviates: (n_star, n_base) standard normal numbers.

    Returns:
        Noise with the covariance, its standard errors (both (n_star, n_base)), and the strict
        lower triangles of the correlation matrices row by row (n_star, n_pair); float32.

    References:
        Golub & Van Loan (2013), Sec. 4.2 (Cholesky).
    """
    normal = (weight[:, None, :].astype(np.float64) * bases) @ bases.T
    n_base = len(bases)
    scale = 1.0 / np.sqrt(np.diagonal(normal, axis1=1, axis2=2))
    unit = normal * scale[:, :, None] * scale[:, None, :] + JITTER * np.eye(n_base)
    root = np.linalg.inv(np.linalg.cholesky(unit))
    noise = np.einsum("nk,nkj->nj", normal_deviates, root) * scale * factors
    spread = np.sqrt(np.einsum("nkj,nkj->nj", root, root))
    unit_root = (root / spread[:, None, :]).astype(np.float32)
    correlation = np.matmul(unit_root.transpose(0, 2, 1), unit_root)
    row, column = np.tril_indices(n_base, -1)
    return (
        noise.astype(np.float32),
        (spread * scale * factors).astype(np.float32),
        correlation.reshape(len(normal), -1)[:, row * n_base + column],
    )
