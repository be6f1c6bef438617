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

from starloom.sky import chemistry, opacity, reference
from starloom.sky.reference import read_rows

LOG_TAU = np.linspace(-5.0, 1.6, 34)
"""Mean optical depth of the layers."""
SYNTHESIS = np.array([0, 6, 11, 15, 18, 21, 23, 25, 27, 29, 31, 33])
"""Layers handed to a synthesis: twelve, closest where the continuum forms."""
OPACITY_FLOOR = 1e-5
"""Smallest mean opacity [cm2/g]: stands for what the gas lacks (H2, H2O) below 3500 K."""
N_SETTLE = 6
SETTLE, PREDICT, CORRECT = range(3)
MOST_BACKWARMING = 0.5
"""Carbon stars would need more; beyond it the temperature law loses its meaning."""
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
def _backwarming() -> tuple[tuple[tuple[int, ...], ...], np.ndarray]:
    rows = read_rows("backwarming.csv")
    powers = tuple(tuple(int(row[f"{name}_power"]) for name in "xgmac") for row in rows)
    return powers, np.array([float(row["coefficient"]) for row in rows], np.float32)


def backwarming_terms(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
    powers: tuple[tuple[int, ...], ...],
) -> Float[Array, "n_star n_term"]:
    """Monomials of the backwarming polynomial, its variables held inside the fitted range.

    Args:
        teff: [K].
        logg: [dex].
        abundance: from `chemistry.abundances`.
        powers: powers of x = 5040/Teff - 1, g = log g - 2.5, m = [Fe/H], a = [Mg, Si, Ti/Fe], and
            of c, the excess of [C/Fe] over 0.3, smooth at its beginning.

    Returns:
        One monomial a column.
    """
    table = reference.elements()
    name, solar = list(table["element"]), table["solar_abundance_dex"]
    excess = jnp.log10(abundance) - (solar - 12.0)
    iron, carbon = excess[:, name.index("Fe")], excess[:, name.index("C")]
    alpha = sum(excess[:, name.index(s)] for s in ("Mg", "Si", "Ti")) / 3.0 - iron
    rich = jnp.logaddexp(0.0, 6.0 * (jnp.clip(carbon - iron, -1.0, 2.5) - 0.3)) / 6.0
    variables = (
        5040.0 / jnp.clip(teff, 2900.0, 7800.0) - 1.0,
        jnp.clip(logg, -0.5, 5.0) - 2.5,
        jnp.clip(iron, -3.0, 0.6),
        jnp.clip(alpha, -0.3, 0.6),
        rich,
    )

    power = np.array(powers)
    terms = 1.0
    for index, variable in enumerate(variables):
        ladder = jnp.cumprod(jnp.stack([jnp.ones_like(teff), *[variable] * 4], axis=-1), axis=-1)
        terms = terms * ladder[:, power[:, index]]
    return terms


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
    true, other = opacity.continuum_weights(temperature, gas)
    factor = jnp.exp(-opacity.HC_OVER_K_NM / MEAN_NM / temperature[:, None])
    alpha = (1.0 - factor) * (true @ basis[:n_true]) + other @ basis[n_true:]
    kappa = alpha * 1e-18 / gas.density[:, None] + OPACITY_FLOOR
    slope = factor / (1.0 - factor) ** 2 * jnp.asarray((400.0 / MEAN_NM) ** 5, jnp.float32)
    return jnp.sum(slope, axis=1) / jnp.sum(slope / kappa, axis=1)


def _thin_gas(temperature, pe, p_h, p_nuclei, abundance):
    """The parts of `Gas` that the continuous opacity needs."""
    kt = reference.K_ERG * temperature
    table = reference.elements()
    ln_h = jnp.log(p_h / kt)
    ln_kp = chemistry.ln_equilibrium(temperature)[..., 0]
    ionised = (
        chemistry.LN_SAHA
        + 1.5 * jnp.log(temperature)
        - opacity.RYDBERG_EV / (reference.K_EV * temperature)
    )
    atoms = jnp.stack([ln_h - np.log(2.0), ln_h + ionised - jnp.log(pe / kt)], axis=-1)
    nuclei = p_nuclei / kt
    mass = jnp.sum(abundance * jnp.asarray(table["mass_u"]), axis=-1) * reference.AMU_G
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
    ln_tau = (LOG_TAU * np.log(10.0)).astype(np.float32)
    step = float(ln_tau[1] - ln_tau[0])

    def advance(state, stage):
        """One look at the opacity: settle the surface, or predict, or correct a step."""
        ln_p, guess, before = state
        kind, x, t = stage
        kappa = mean_opacity(t, jnp.exp(guess), abundance)
        slope = jnp.exp(jnp.log(gravity) + x - jnp.log(kappa) - guess)
        settled = guess + 0.5 * jnp.log(slope)
        slope = jnp.minimum(slope, 2.0)
        corrected = ln_p + 0.5 * step * (before + slope)
        ln_p = jnp.select([kind == SETTLE, kind == CORRECT], [settled, corrected], ln_p)
        guess = jnp.where(kind == PREDICT, ln_p + step * slope, ln_p)
        return (ln_p, guess, slope), ln_p

    depth = np.repeat(np.arange(len(ln_tau)), 2)[1:-1]
    layers = np.concatenate([np.zeros(N_SETTLE, int), depth])
    kinds = np.array([SETTLE] * N_SETTLE + [PREDICT, CORRECT] * (len(ln_tau) - 1))
    surface = jnp.log(gravity) * 0.6
    state = (surface, surface, jnp.zeros_like(surface))
    _, history = jax.lax.scan(advance, state, (kinds, ln_tau[layers], temperature.T[layers]))
    return jnp.exp(history[N_SETTLE - 1 :: 2]).T


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
        powers, coefficients = _backwarming()
        terms = backwarming_terms(teff, logg, abundance, powers)
        backwarming = jnp.minimum(terms @ coefficients, MOST_BACKWARMING)
    temperature = temperature_law(teff, backwarming)
    gravity = jnp.exp(chemistry.LOG10 * logg)
    pressure = hydrostatic(temperature, gravity, abundance)
    return Atmosphere(
        temperature[:, SYNTHESIS],
        pressure[:, SYNTHESIS],
        pressure[:, SYNTHESIS] / gravity[:, None],
    )
