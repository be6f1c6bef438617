"""
Refit of the backwarming coefficients: `python -m starloom.sky.refit` prints backwarming.csv.

To be run whenever the opacities change. For a grid of stars the rise of temperature below the
surface is solved so that the flux integral is sigma Teff^4; a polynomial is fitted to it.
"""

import itertools
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import atmosphere, chemistry, optical

SIGMA_SB = 5.670374e-8
"""Stefan-Boltzmann constant [W m-2 K-4]."""
POWERS = (
    (0, 0, 0),
    (1, 0, 0),
    (2, 0, 0),
    (3, 0, 0),
    (0, 1, 0),
    (1, 1, 0),
    (0, 0, 1),
    (1, 0, 1),
    (2, 0, 1),
    (0, 1, 1),
    (0, 0, 2),
    (1, 0, 2),
    (2, 1, 0),
    (0, 0, 3),
    (1, 1, 1),
    (1, 0, 3),
)
"""Powers of 5040/Teff - 1, log g - 2.5, [Fe/H]."""
GRID = (
    (3500.0, 3800.0, 4200.0, 4700.0, 5300.0, 6000.0, 6700.0, 7500.0),
    (-2.5, -1.7, -1.0, -0.5, 0.0, 0.4),
)
GRAVITIES = {
    3500.0: (0.4, 4.8),
    3800.0: (0.8, 2.0, 4.7),
    4200.0: (1.0, 2.0, 4.6),
    4700.0: (1.8, 3.0, 4.6),
    5300.0: (2.6, 3.6, 4.5),
    6000.0: (3.4, 4.5),
    6700.0: (3.6, 4.4),
    7500.0: (3.6, 4.3),
}
N_STEPS = 8


def integral(flux: Float[Array, "n_star n_wave"]) -> Float[Array, " n_star"]:
    """Flux over all wavelengths, with a Rayleigh-Jeans tail beyond the grid.

    Args:
        flux: on `optical.wavelength_grid` [W m-2 nm-1].

    Returns:
        [W m-2]
    """
    wave, edges = optical.wavelength_grid()
    width = jnp.asarray(np.diff(edges), jnp.float32)
    return flux @ width + flux[:, -1] * float(wave[-1]) / 3.0


def solve(
    teff: Float[Array, " n_star"], logg: Float[Array, " n_star"], m_h: Float[Array, " n_star"]
) -> tuple[np.ndarray, np.ndarray]:
    """Backwarming that conserves flux.

    Args:
        teff: [K].
        logg: [dex].
        m_h: [M/H] [dex].

    Returns:
        Backwarming and the flux integral over sigma Teff^4 reached with it.

    References:
        Mihalas (1978), Sec. 7-4.
    """
    abundance = chemistry.abundances(m_h, jnp.zeros_like(m_h))
    ratio = jax.jit(
        lambda b: integral(optical.surface_flux(teff, logg, abundance, b)) / SIGMA_SB / teff**4
    )
    backwarming = jnp.full_like(teff, 0.05)
    for _ in range(N_STEPS):
        backwarming = backwarming - 0.22 * jnp.log(ratio(backwarming))
    return np.asarray(backwarming), np.asarray(ratio(backwarming))


def fit() -> tuple[list[tuple[int, int, int]], np.ndarray, np.ndarray]:
    """Polynomial through the grid.

    Returns:
        Powers, coefficients, and residuals of the backwarming.

    References:
        See the module.
    """
    points = [(t, g, m) for t, m in itertools.product(*GRID) for g in GRAVITIES[t]]
    teff, logg, m_h = (jnp.asarray(column, jnp.float32) for column in zip(*points, strict=True))
    backwarming, _ = solve(teff, logg, m_h)
    terms = np.asarray(atmosphere.monomials(teff, logg, m_h, POWERS), np.float64)
    coefficients = np.linalg.lstsq(terms, backwarming, rcond=None)[0]
    return list(POWERS), coefficients, backwarming - terms @ coefficients


def main() -> None:
    """Print the table; the largest and typical residual go to the error stream."""
    powers, coefficients, residual = fit()
    print("x_power,g_power,m_power,coefficient,source")
    for (i, j, k), value in zip(powers, coefficients, strict=True):
        print(f"{i},{j},{k},{value:.6f},python -m starloom.sky.refit")
    print(
        f"residual: sd {residual.std():.4f}, largest {np.abs(residual).max():.4f}", file=sys.stderr
    )


if __name__ == "__main__":
    main()
