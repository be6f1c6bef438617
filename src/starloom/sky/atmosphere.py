"""
Model atmospheres: temperature law, backwarming by lines, hydrostatic pressure.

`model(teff, logg, abundance)` gives the stack of layers that every synthesis of this package
uses, in the optical as in the H band. Plane-parallel, one temperature law in the mean optical
depth, no convection beyond what that law holds; fitted for 3500-7500 K.
"""

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import chemistry, opacity
from starloom.sky.chemistry import read_rows

LOG_TAU = np.linspace(-5.0, 1.6, 34)
"""Mean optical depth of the layers."""
SYNTHESIS = slice(0, 34, 3)
"""Layers handed to a synthesis: twelve, 0.6 dex apart."""
OPACITY_FLOOR = 1e-5
"""Smallest mean opacity [cm2/g]: stands for what the gas lacks (H2, H2O) below 3500 K."""
MEAN_NM = np.geomspace(230.0, 4200.0, 14)
"""Wavelengths of the Rosseland mean."""
TEFF_K = (3500.0, 7500.0)
"""Range in which the model is meant to be used; outside it extrapolates and stars are flagged."""


class Atmosphere(NamedTuple):
    """Layers from the surface down, (n_star, n_layer)."""

    temperature: Array
    """[K]"""
    pressure: Array
    """Gas pressure [dyn/cm2]."""
    column: Array
    """Column mass [g/cm2]."""


@cache
def _backwarming() -> tuple[tuple[tuple[int, int, int], ...], np.ndarray]:
    rows = read_rows("backwarming.csv")
    powers = tuple((int(r["x_power"]), int(r["g_power"]), int(r["m_power"])) for r in rows)
    return powers, np.array([float(row["coefficient"]) for row in rows], np.float32)


def monomials(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    fe_h: Float[Array, " n_star"],
    powers: tuple[tuple[int, int, int], ...],
) -> Float[Array, "n_star n_term"]:
    """Monomials in 5040/Teff - 1, log g - 2.5 and [Fe/H], for the backwarming.

    Args:
        teff: [K].
        logg: [dex].
        fe_h: [dex]. All three are held inside the fitted range.
        powers: powers of the three.

    Returns:
        One monomial a column.
    """
    x = 5040.0 / jnp.clip(teff, 3400.0, 7800.0) - 1.0
    g = jnp.clip(logg, 0.0, 5.0) - 2.5
    m = jnp.clip(fe_h, -3.0, 0.6)
    return jnp.stack([x**i * g**j * m**k for i, j, k in powers], axis=-1)


def temperature_law(
    teff: Float[Array, " n_star"],
    backwarming: Float[Array, " n_star"],
) -> Float[Array, "n_star n_layer"]:
    """Temperature of the layers.

    Args:
        teff: [K].
        backwarming: rise of ln T below the surface that gives back the flux the lines block.

    Returns:
        [K].

    References:
        Krishna Swamy (1966), ApJ 145, 174, Eq. 33.
    """
    tau = 10.0**LOG_TAU
    hopf = 0.75 * (tau + 1.39 - 0.815 * np.exp(-2.54 * tau) - 0.025 * np.exp(-30.0 * tau))
    deep = tau / (tau + 0.05)
    return (
        teff[:, None]
        * jnp.asarray(hopf**0.25, jnp.float32)
        * jnp.exp(backwarming[:, None] * jnp.asarray(deep, jnp.float32))
    )


def mean_opacity(
    temperature: Float[Array, " n_star"],
    pressure: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
) -> Float[Array, " n_star"]:
    """Rosseland mean of the continuous opacity.

    Args:
        temperature: [K].
        pressure: gas pressure [dyn/cm2].
        abundance: nuclei per hydrogen nucleus.

    Returns:
        [cm2/g]

    References:
        Mihalas (1978), Eq. 3-21.
    """
    pe, p_h, p_nuclei = chemistry.electron_pressure(temperature, pressure, abundance)
    gas = _thin_gas(temperature, pe, p_h, p_nuclei, abundance)
    basis, n_true = opacity.continuum_basis(MEAN_NM)
    weights = opacity.continuum_weights(temperature, gas)
    factor = jnp.exp(-opacity.HC_OVER_K_NM / MEAN_NM / temperature[:, None])
    alpha = (1.0 - factor) * (weights[:, :n_true] @ basis[:n_true]) + (
        weights[:, n_true:] @ basis[n_true:]
    )
    kappa = alpha * 1e-18 / gas.density[:, None] + OPACITY_FLOOR
    slope = factor / (1.0 - factor) ** 2 * jnp.asarray((400.0 / MEAN_NM) ** 5, jnp.float32)
    return jnp.sum(slope, axis=1) / jnp.sum(slope / kappa, axis=1)


def _thin_gas(temperature, pe, p_h, p_nuclei, abundance):
    """The parts of `Gas` that the continuous opacity needs."""
    kt = chemistry.K_ERG * temperature
    table = chemistry.elements()
    ln_h = jnp.log(p_h / kt)
    ln_kp = chemistry.ln_equilibrium(temperature)[..., 0]
    ionised = (
        chemistry.LN_SAHA
        + 1.5 * jnp.log(temperature)
        - opacity.RYDBERG_EV / (chemistry.K_EV * temperature)
    )
    atoms = jnp.stack([ln_h - np.log(2.0), ln_h + ionised - jnp.log(pe / kt)], axis=-1)
    nuclei = p_nuclei / kt
    mass = jnp.sum(abundance * jnp.asarray(table["mass_u"]), axis=-1) * chemistry.AMU_G
    return chemistry.Gas(
        electron_pressure=pe,
        hydrogen_nuclei=nuclei,
        hydrogen=p_h / kt,
        h2=p_h * p_h / jnp.exp(ln_kp) / kt,
        density=nuclei * mass,
        atoms=atoms[..., None, :],
        molecules=ln_kp[..., None],
    )


def hydrostatic(
    temperature: Float[Array, "n_star n_layer"],
    gravity: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
) -> Float[Array, "n_star n_layer"]:
    """Gas pressure from dP/dtau = g / kappa, stepped in ln tau (Heun).

    Args:
        temperature: [K].
        gravity: [cm/s2].
        abundance: nuclei per hydrogen nucleus.

    Returns:
        [dyn/cm2]

    References:
        Mihalas (1978), Eq. 7-5.
    """
    ln_tau = LOG_TAU * np.log(10.0)
    step = float(ln_tau[1] - ln_tau[0])

    def slope(ln_p, ln_tau_here, t):
        kappa = mean_opacity(t, jnp.exp(ln_p), abundance)
        return jnp.exp(jnp.log(gravity) + ln_tau_here - jnp.log(kappa) - ln_p)

    def advance(ln_p, layer):
        x, t, t_next = layer
        s_1 = slope(ln_p, x, t)
        s_2 = slope(ln_p + step * jnp.minimum(s_1, 2.0), x + step, t_next)
        ln_next = ln_p + 0.5 * step * jnp.minimum(s_1 + s_2, 4.0)
        return ln_next, ln_next

    first = jnp.log(gravity) * 0.6 + jnp.zeros_like(gravity)
    for _ in range(4):
        first = 0.5 * (first + jnp.log(slope(first, ln_tau[0], temperature[:, 0])) + first)
    rows = (jnp.asarray(ln_tau[:-1], jnp.float32), temperature.T[:-1], temperature.T[1:])
    _, below = jax.lax.scan(advance, first, rows)
    return jnp.exp(jnp.concatenate([first[None], below]).T)


def model(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
    backwarming: Float[Array, " n_star"] | None = None,
) -> Atmosphere:
    """Model atmospheres of a batch of stars, at the layers of a synthesis.

    Args:
        teff: effective temperature [K].
        logg: [dex, cgs].
        abundance: from `chemistry.abundances`.
        backwarming: replaces the stored polynomial (used to refit it).

    Returns:
        Twelve layers.

    References:
        Krishna Swamy (1966), ApJ 145, 174.
    """
    if backwarming is None:
        iron = list(chemistry.elements()["element"]).index("Fe")
        solar = float(chemistry.elements()["solar_abundance_dex"][iron]) - 12.0
        fe_h = jnp.log10(abundance[:, iron]) - solar
        powers, coefficients = _backwarming()
        backwarming = monomials(teff, logg, fe_h, powers) @ coefficients
    temperature = temperature_law(teff, backwarming)
    gravity = jnp.exp(chemistry.LOG10 * logg)
    pressure = hydrostatic(temperature, gravity, abundance)
    return Atmosphere(
        temperature[:, SYNTHESIS],
        pressure[:, SYNTHESIS],
        pressure[:, SYNTHESIS] / gravity[:, None],
    )
