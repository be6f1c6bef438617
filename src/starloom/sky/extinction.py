"""Interstellar extinction with a total-to-selective ratio for each star."""

from functools import cache

import numpy as np
from dust_extinction.parameter_averages import G23
from jax import numpy as jnp
from jaxtyping import Array, Float

R_V_MEAN, R_V_SCATTER = 3.1, 0.12
"""Mean and scatter of R_V over lines of sight of the simulated sky."""


@cache
def _law(wavelength_nm: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Intercept and slope of A(lambda)/A_V in 1/R_V - 1/3.1, exact because the law is linear."""
    import astropy.units as u

    micron = np.frombuffer(wavelength_nm) / 1e3 * u.micron
    low, high = (G23(Rv=r)(micron) for r in (2.5, 5.5))
    slope = (high - low) / (1 / 5.5 - 1 / 2.5)
    return low - slope * (1 / 2.5 - 1 / 3.1), slope


def transmission(
    wavelength_nm: np.ndarray, a_v: Float[Array, " n_star"], r_v: Float[Array, " n_star"]
) -> Float[Array, "n_star n_wave"]:
    """Fraction of light that dust lets through; differentiable in A_V and R_V.

    Args:
        wavelength_nm: [nm], 91-30000.
        a_v: extinction in V [mag].
        r_v: A_V / E(B-V), 2.3-5.6.

    Returns:
        Transmission.

    References:
        Gordon et al. (2023), ApJ 950, 86.
    """
    wave = np.ascontiguousarray(wavelength_nm, np.float64)
    intercept, slope = (jnp.asarray(part, jnp.float32) for part in _law(wave.tobytes()))
    law = intercept + (1 / r_v - 1 / 3.1)[:, None] * slope
    return jnp.exp(-0.4 * np.log(10.0) * a_v[:, None] * law)
