"""Broad-band photometry of the spectra: Gaia, 2MASS, WISE, all in Vega magnitudes."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky.optical_basis import wavelength_grid
from starloom.sky.reference import read_rows

BANDS = ("G", "BP", "RP", "J", "H", "Ks", "W1", "W2")
AB_W_M2_NM_AT_1NM = 3.630781e-23 * 2.997925e17
"""AB zero point: f_lambda = this / wavelength [nm]^2 [W m-2 nm-1]."""
R_SUN_OVER_PC = 2.2546101e-8
"""Solar radius in parsec."""


@cache
def band_matrix() -> tuple[np.ndarray, np.ndarray]:
    """Photon-weighted means of f_lambda relative to the AB zero point.

    Returns:
        (n_band, n_wave) matrix: matrix @ f_lambda [W m-2 nm-1] is flux over the AB zero point;
        and AB minus Vega [mag] of each band.

    References:
        Bessell & Murphy (2012), PASP 124, 140, Eq. A13.
    """
    from speclite import filters

    wave, edges = wavelength_grid()
    width = np.diff(edges)
    rows, offsets = [], []
    table = {row["band"]: row for row in read_rows("bands.csv")}
    for band in BANDS:
        curve = filters.load_filter(table[band]["speclite_name"])
        response = _bin_mean(curve.wavelength / 10.0, curve.response, edges)
        weight = response * wave * width
        zero = np.sum(response / wave * width) * AB_W_M2_NM_AT_1NM
        rows.append(weight / zero)
        offsets.append(float(table[band]["ab_minus_vega_mag"]))
    return np.stack(rows).astype(np.float32), np.array(offsets, np.float32)


def _bin_mean(x, y, edges):
    """Mean of a curve, linear between its points and zero outside, in bins."""
    fine = np.union1d(x, np.clip(edges, x[0], x[-1]))
    value = np.interp(fine, x, y, left=0, right=0)
    integral = np.concatenate([[0], np.cumsum(0.5 * (value[1:] + value[:-1]) * np.diff(fine))])
    at = np.interp(np.clip(edges, x[0], x[-1]), fine, integral)
    return np.diff(at) / np.maximum(np.diff(edges), 1e-12)


def dilution(
    radius_rsun: Float[Array, " n_star"], distance_pc: Float[Array, " n_star"]
) -> Float[Array, " n_star"]:
    """Flux at the observer over surface flux.

    Args:
        radius_rsun: [solar radii].
        distance_pc: [pc].

    Returns:
        (R / d)^2.
    """
    return (R_SUN_OVER_PC * radius_rsun / distance_pc) ** 2


def band_flux(flux: Float[Array, "n_star n_wave"]) -> Float[Array, "n_star n_band"]:
    """Fluxes of spectra in the bands; those of the stars of a pair add up.

    Args:
        flux: flux at the observer [W m-2 nm-1] on `optical.wavelength_grid`, times 1e20 so that
            it stays inside float32.

    Returns:
        Columns in the order of BANDS, in 1e-20 of the AB zero point.
    """
    return flux @ jnp.asarray(band_matrix()[0]).T


def vega(flux: Float[Array, "n_star n_band"]) -> Float[Array, "n_star n_band"]:
    """Vega magnitudes of fluxes.

    Args:
        flux: from `band_flux`.

    Returns:
        Columns in the order of BANDS [mag].

    References:
        Riello et al. (2021), A&A 649, A3; Cohen et al. (2003), AJ 126, 1090; Jarrett et al.
        (2011), ApJ 735, 112.
    """
    return -2.5 * jnp.log10(flux) + 50.0 - jnp.asarray(band_matrix()[1])
