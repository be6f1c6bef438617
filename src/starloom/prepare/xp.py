"""XP coefficients as models read them: one vector a star, over its G flux, with its covariance."""

import functools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from starloom import gaiaxpy_quiet
from starloom.columns import XP_FLAGS

G_ZERO_POINT = 25.6873668671
"""Vega magnitude of a G flux of 1 e-/s in DR3 (Riello et al. 2021; ESA's (E)DR3 passbands page)."""


def coefficient_vector(
    bp: Float[np.ndarray, "n_star n_bp"], rp: Float[np.ndarray, "n_star n_rp"]
) -> Float[np.ndarray, "n_star n_bp+n_rp"]:
    """One row a star: its BP and then its RP values, however many each band has."""
    return np.concatenate([bp, rp], axis=1)


def normalise(
    coefficients: Float[np.ndarray, "n_star n_coefficient"],
    errors: Float[np.ndarray, "n_star n_coefficient"],
    g_flux: Float[np.ndarray, " n_star"],
) -> tuple[
    Float[np.ndarray, "n_star n_coefficient"],
    Float[np.ndarray, "n_star n_coefficient"],
    Int[np.ndarray, " n_star"],
]:
    """
    Divide coefficients and their errors by the flux in the G band.

    Args:
        coefficients: XP coefficients [e-/s].
        errors: their standard errors [e-/s].
        g_flux: phot_g_mean_flux [e-/s].

    Returns:
        Both without unit, NaN where the flux is zero, negative, NaN or infinite, and the bit
        `no_g_flux` of `columns.XP_FLAGS` for those stars.

    References:
        Laroche & Speagle (2024), Sec. 2.3.
    """
    usable = np.isfinite(g_flux) & (np.asarray(g_flux) > 0)
    flux = np.where(usable, g_flux, np.nan)[:, None]
    flag = np.where(usable, 0, XP_FLAGS["no_g_flux"].mask).astype(np.int32)
    return coefficients / flux, errors / flux, flag


def truncate(
    values: Float[np.ndarray, "n_star n_coefficient"], n_relevant: Int[np.ndarray, " n_star"]
) -> Float[np.ndarray, "n_star n_coefficient"]:
    """
    Set one band's values beyond the relevant bases to zero: coefficients, or their errors.

    Args:
        values: of one band.
        n_relevant: {band}_n_relevant_bases; a star with zero or less keeps all.

    Returns:
        The values; a missing star's NaN stay NaN.
    """
    n_relevant = np.asarray(n_relevant)[:, None]
    beyond = (np.arange(values.shape[1]) >= n_relevant) & (n_relevant > 0)
    return np.where(beyond & ~np.isnan(values).all(axis=1, keepdims=True), 0.0, values)


def covariance(
    errors: Float[Array, "n_star n_coefficient"], correlations: Float[Array, "n_star n_pair"]
) -> Float[Array, "n_star n_coefficient n_coefficient"]:
    """
    Covariance matrices of one band's coefficients.

    The archive's errors hold the band's standard deviation already: nothing is rescaled.

    Args:
        errors: standard errors, in any unit, normalised for example.
        correlations: strict lower triangle of the correlation matrix, row by row.

    Returns:
        D C D with D the errors on the diagonal, in the square of their unit.

    Raises:
        ValueError: if the triangle has not n (n - 1) / 2 numbers.
    """
    n_coefficient, n_pair = errors.shape[-1], correlations.shape[-1]
    if n_pair != n_coefficient * (n_coefficient - 1) // 2:
        raise ValueError(f"{n_pair} correlations do not belong to {n_coefficient} coefficients")
    diagonal = jnp.ones_like(errors[:, :1])
    entries = jnp.concatenate([correlations, diagonal], axis=1)
    matrices = entries[:, _unpacking(n_coefficient)]
    return matrices * errors[:, :, None] * errors[:, None, :]


def g_flux_from_mag(g_mag: Float[np.ndarray, " n_star"]) -> Float[np.ndarray, " n_star"]:
    """phot_g_mean_flux [e-/s] of phot_g_mean_mag [mag]; see `G_ZERO_POINT`."""
    return 10 ** (0.4 * (G_ZERO_POINT - np.asarray(g_mag, float)))


def synthetic_g_flux(
    bp: Float[np.ndarray, "n_star n_bp"], rp: Float[np.ndarray, "n_star n_rp"]
) -> Float[np.ndarray, " n_star"]:
    """
    Flux in the G band from the XP spectrum, for stars without a row of gaia_source.

    It is linear in the coefficients. The weights are those of GaiaXPy's synthetic photometry in
    `Gaia_DR3_Vega`, put on the scale of phot_g_mean_flux.

    Args:
        bp: BP coefficients [e-/s].
        rp: RP coefficients [e-/s].

    Returns:
        phot_g_mean_flux [e-/s]; NaN where a band is missing.

    Raises:
        ValueError: if a band has not the 55 coefficients of DR3.

    References:
        Gaia Collaboration, Montegriffo et al. (2023), Sec. 2.
    """
    gaiaxpy_quiet.require_dr3(bp, rp, "give gaia_source with phot_g_mean_flux")
    return bp @ _g_flux_weights("bp") + rp @ _g_flux_weights("rp")


@functools.cache
def _g_flux_weights(band):
    gaiaxpy = gaiaxpy_quiet.load()
    system = gaiaxpy.PhotometricSystem.Gaia_DR3_Vega
    with gaiaxpy_quiet.silence():
        unit = gaiaxpy_quiet.unit_sources(band)
        photometry = gaiaxpy.generate(unit, photometric_system=system, save_file=False)
    zero_point = dict(zip(system.get_bands(), system.get_zero_points(), strict=True))["G"]
    return photometry["GaiaDr3Vega_flux_G"].to_numpy() * 10 ** (0.4 * (G_ZERO_POINT - zero_point))


@functools.cache
def _unpacking(size):
    """Where each entry of a symmetric matrix lies in its packed triangle; the diagonal last."""
    index = np.full((size, size), size * (size - 1) // 2)
    index[np.tril_indices(size, -1)] = np.arange(size * (size - 1) // 2)
    return np.minimum(index, index.T)
