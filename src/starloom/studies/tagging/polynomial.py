"""
PolyDis: a polynomial of the stellar parameters for each pixel; what it leaves is chemistry.

Price-Jones & Bovy (2019) as de Mijolla et al. (2021) use it, in Legendre polynomials of the scaled
parameters, which keep the normal equations well conditioned.
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.polynomial import legendre

from starloom.studies.tagging.spectra import Spectra

ROUNDS = 3
"""Rounds in which missing pixels are filled and the fit repeated."""

CHUNK = 64
"""Stars whose missing pixels are filled together."""

RANDOM_VECTORS = 16
"""Vectors beyond those wanted in the random search for principal components."""


class Basis(NamedTuple):
    """
    A polynomial for each pixel, and principal components of what it leaves.

    Args:
        coefficients: of the polynomial (n_term, n_pixel).
        vectors: components (n_component, n_pixel), orthonormal.
        variance: of the training stars along each, noise taken away.
    """

    coefficients: np.ndarray
    vectors: np.ndarray
    variance: np.ndarray


def fit_basis(
    spectra: Spectra, u: Float[np.ndarray, "n_star n_u"], degree: int, number: int, seed: int
) -> Basis:
    """
    Fit the polynomial and the components, missing pixels filled by what the fit says of them.

    Args:
        spectra: of the training stars.
        u: their scaled parameters.
        degree: of the polynomial.
        number: of components.
        seed: of the random search for components.

    Returns:
        The basis.

    Raises:
        ValueError: if there are too few stars for the polynomial's terms.
    """
    noise = float(np.median(spectra.sigma()) ** 2)
    missing = spectra.weight <= 0
    flux = spectra.flux
    if missing.any():
        mean = (flux * ~missing).sum(axis=0) / np.maximum((~missing).sum(axis=0), 1)
        flux = np.where(missing, mean, flux)
    for _ in range(ROUNDS if missing.any() else 1):
        coefficients = fit(flux, u, degree)
        smooth = curve(coefficients, u, degree)
        vectors, variance = components(flux - smooth, number, seed)
        basis = Basis(coefficients, vectors, np.maximum(variance - noise, 0.01 * noise))
        if missing.any():
            model = smooth + project(basis, spectra, u, degree) @ vectors
            flux = np.where(missing, model, spectra.flux)
    return basis


def project(
    basis: Basis, spectra: Spectra, u: Float[np.ndarray, "n_star n_u"], degree: int
) -> Float[np.ndarray, "n_star n_component"]:
    """
    Components of the spectra's residuals.

    Where all pixels weigh the same this is a product; else it is the weighted least-squares
    solution with the training stars' variances as its prior, so that missing pixels do no harm.

    Args:
        basis: of `fit_basis`.
        spectra: of the stars.
        u: their scaled parameters.
        degree: of the polynomial.

    Returns:
        Components [flux], float32; 0 for a star without any pixel.
    """
    residual = spectra.flux - curve(basis.coefficients, u, degree)
    weight = spectra.weight
    if (weight == weight[:, :1]).all() and (weight > 0).all():
        return residual @ basis.vectors.T
    found = np.empty((len(residual), len(basis.vectors)), np.float32)
    prior = np.diag(1 / basis.variance)
    for start in range(0, len(residual), CHUNK):
        w, r = weight[start : start + CHUNK], residual[start : start + CHUNK]
        matrix = (basis.vectors * w[:, None, :]) @ basis.vectors.T + prior
        vector = (w * r) @ basis.vectors.T
        found[start : start + CHUNK] = np.linalg.solve(matrix, vector[..., None])[..., 0]
    return found


def recast(
    basis: Basis,
    spectra: Spectra,
    u: Float[np.ndarray, "n_star n_u"],
    other: Float[np.ndarray, "n_star n_u"],
    degree: int,
) -> Float[np.ndarray, "n_star n_pixel"]:
    """
    Spectra at other parameters: the polynomial there plus each star's own residual.

    Args:
        basis: of `fit_basis`.
        spectra: of the stars; missing pixels are filled from their components.
        u: their scaled parameters.
        other: the parameters to go to.
        degree: of the polynomial.

    References:
        de Mijolla et al. (2021), Sec. 5.4.
    """
    residual = spectra.flux - curve(basis.coefficients, u, degree)
    missing = spectra.weight <= 0
    if missing.any():
        residual = np.where(missing, project(basis, spectra, u, degree) @ basis.vectors, residual)
    return curve(basis.coefficients, other, degree) + residual


def terms(u: Float[np.ndarray, "n_star n_u"], degree: int) -> Float[np.ndarray, "n_star n_term"]:
    """
    Products of Legendre polynomials of total degree up to `degree`.

    Args:
        u: parameters scaled to [-1, 1]; values beyond are held at its ends.
        degree: of the polynomial.
    """
    u = np.clip(np.asarray(u, np.float64), -1, 1)
    single = legendre.legvander(u, degree)
    grid = itertools.product(range(degree + 1), repeat=u.shape[1])
    powers = (power for power in grid if sum(power) <= degree)
    products = (np.prod([single[:, k, p] for k, p in enumerate(power)], axis=0) for power in powers)
    return np.stack(list(products), axis=1)


def fit(
    flux: Float[np.ndarray, "n_star n_pixel"],
    u: Float[np.ndarray, "n_star n_u"],
    degree: int,
) -> Float[np.ndarray, "n_term n_pixel"]:
    """Least-squares coefficients of the polynomial of each pixel, float32."""
    design = terms(u, degree)
    if len(design) < 2 * design.shape[1]:
        raise ValueError(
            f"{len(design)} stars for the {design.shape[1]} terms of a polynomial of degree "
            f"{degree} in {u.shape[1]} parameters: give more stars or lower the degree"
        )
    return np.linalg.lstsq(design, flux, rcond=None)[0].astype(np.float32)


def curve(
    coefficients: Float[np.ndarray, "n_term n_pixel"],
    u: Float[np.ndarray, "n_star n_u"],
    degree: int,
) -> Float[np.ndarray, "n_star n_pixel"]:
    """The polynomial at `u`."""
    return terms(u, degree).astype(np.float32) @ coefficients


def components(
    residual: Float[np.ndarray, "n_star n_pixel"], number: int, seed: int
) -> tuple[Float[np.ndarray, "number n_pixel"], Float[np.ndarray, " number"]]:
    """
    Principal components of residuals (about zero) and their variances, largest first.

    Args:
        residual: flux minus polynomial.
        number: components; fewer where there are fewer stars.
        seed: of the random search.

    Returns:
        Orthonormal vectors, float32, and the variances along them.

    References:
        Halko, Martinsson & Tropp (2011), Alg. 4.4 with two power iterations.
    """
    number = min(number, *residual.shape)
    width = min(number + RANDOM_VECTORS, *residual.shape)
    start = np.random.default_rng(seed).standard_normal((residual.shape[1], width), np.float32)
    basis = np.linalg.qr(residual @ start)[0]
    for _ in range(2):
        basis = np.linalg.qr(residual @ np.linalg.qr(residual.T @ basis)[0])[0]
    _, size, vectors = np.linalg.svd(basis.T @ residual, full_matrices=False)
    variance = np.square(size[:number], dtype=np.float64) / len(residual)
    return vectors[:number].astype(np.float32), variance
