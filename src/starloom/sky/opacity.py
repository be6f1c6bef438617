"""
Opacity as a small matrix product: weights of the gas times fixed vectors of wavelength.

alpha(layer, wavelength) = sum_k w_k(T, P, abundances) K_k(wavelength), so that a spectrum costs
one product and one exponential. Any wavelength grid will do:

1. `continuum_basis(wavelength_nm)` and `continuum_weights(temperature, gas)`;
2. `line_basis(wavelength_nm, lines, ...)` gives two vectors (core, damping) for lines of one
   species that share an energy bin; their weights are `level_weight(ln_n_over_u, energy_ev,
   temperature)` and that times `collisions(temperature, gas)`;
3. `transfer.emergent_flux` (a formal solution) turns layers of alpha into surface flux.

All K are in units of 1e-18 cm2 and the weights in 1e18 cm-3 x ..., so that neither leaves float32.
"""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import dawsn

from starloom.sky.chemistry import Gas
from starloom.sky.reference import AMU_G, K_ERG, K_EV, read_rows

HC_OVER_K_NM = 1.438777e7
"""Second radiation constant [nm K]."""
C_CM = 2.997925e10
LINE_CM2_HZ = 0.02654
"""pi e^2 / (m_e c) [cm2 Hz]."""
T_LINE = 5000.0
"""Temperature of the Doppler width and of the energy spread inside a bin [K]."""
UNIT = 1e-18
N_H_LEVELS = 6
RYDBERG_EV = 13.5984


@cache
def _h_minus() -> dict[str, np.ndarray]:
    rows = read_rows("h_minus.csv")
    kinds = {row["kind"] for row in rows}
    return {
        kind: np.array([[float(row[c]) for c in "abcdef"] for row in rows if row["kind"] == kind])
        for kind in kinds
    }


def _h_minus_bound_free(micron):
    x = np.sqrt(np.maximum(1 / micron - 1 / 1.6419, 0))
    return (micron * x) ** 3 * np.polynomial.polynomial.polyval(x, _h_minus()["bf"][0])


def _h_minus_free_free(micron):
    """(6, n) factors of theta^{(n+1)/2} [1e-29 cm4/dyn], stimulated emission included."""

    def terms(kind, w):
        powers = np.stack([w**2, w**0, 1 / w, w**-2, w**-3, w**-4])
        return _h_minus()[kind] @ powers

    short = terms("ff_short", np.clip(micron, 0.1823, 0.3645))
    return np.where(micron < 0.3645, short, terms("ff_long", np.maximum(micron, 0.3645)))


def _hydrogen_bound_free(nm):
    """(N_H_LEVELS, n) cross-sections of levels 1, 2, ... [1e-18 cm2], Gaunt factor 1."""
    n = np.arange(1, N_H_LEVELS + 1)[:, None]
    edge = 91.175 * n**2
    return np.where(nm < edge, 7.907 * n * (nm / edge) ** 3, 0.0)


def continuum_basis(wavelength_nm: np.ndarray) -> tuple[np.ndarray, int]:
    """Fixed vectors of the continuous opacity.

    Args:
        wavelength_nm: vacuum wavelengths [nm].

    Returns:
        The vectors (n_term, n_wave) [1e-18 cm2], and how many of the first of them still need
        the factor for stimulated emission (the others have it or are scattering).

    References:
        John (1988), A&A 193, 189 (H-); Gray (2005), Ch. 8 (H I); Dalgarno (1962) and Dalgarno &
        Williams (1962), ApJ 136, 690 (Rayleigh).
    """
    nm = np.asarray(wavelength_nm, np.float64)
    angstrom = 10 * nm
    free_free_h = 3.7e8 * 1.1 * (nm * 1e-7 / C_CM) ** 3 / UNIT
    rayleigh_h = 5.799e5 / angstrom**4 + 1.422e12 / angstrom**6 + 2.784e18 / angstrom**8
    rayleigh_h2 = 8.14e5 / angstrom**4 + 1.28e12 / angstrom**6 + 1.61e18 / angstrom**8
    true = [_h_minus_bound_free(nm / 1e3), *_hydrogen_bound_free(nm), free_free_h]
    other = [
        *(_h_minus_free_free(nm / 1e3) * 1e-11),
        rayleigh_h,
        rayleigh_h2,
        np.full_like(nm, 6.6524e-7),
    ]
    return np.stack(true + other).astype(np.float32), len(true)


def continuum_weights(
    temperature: Float[Array, "*shape"], gas: Gas
) -> tuple[Float[Array, "*shape n_true"], Float[Array, "*shape n_other"]]:
    """Weights of `continuum_basis`, in two parts: those that need stimulated emission, the rest.

    Args:
        temperature: [K].
        gas: state of the gas.

    Returns:
        Weights; times the basis they give the opacity [1e-18 cm-1].

    References:
        As `continuum_basis`; Gray (2005), Eq. 8.12 (number of H-).
    """
    theta = 5040.0 / temperature
    pe = gas.electron_pressure
    electrons = pe / (K_ERG * temperature)
    per_pe = gas.hydrogen * pe
    h_minus = 4.158e-10 * per_pe * theta**2.5 * jnp.exp(0.754 * 2.302585 * theta)
    ln_h = gas.atoms[..., 0, 0]
    levels = [
        2.0 * n * n * jnp.exp(ln_h - RYDBERG_EV * (1 - 1 / n**2) / (K_EV * temperature))
        for n in range(1, N_H_LEVELS + 1)
    ]
    protons = jnp.exp(gas.atoms[..., 0, 1])
    free_free = electrons * 1e-18 * protons / jnp.sqrt(temperature) * 1e18
    ff = [per_pe * theta ** ((n + 1) / 2) for n in range(1, 7)]
    true = jnp.stack([h_minus, *levels, free_free], axis=-1)
    return true, jnp.stack([*ff, gas.hydrogen, gas.h2, electrons], axis=-1)


def level_weight(
    ln_n_over_u: Float[Array, "*shape"], energy_ev: float, temperature: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """Atoms or molecules in a state of weight 1 at an energy.

    Args:
        ln_n_over_u: from `Gas.atoms` or `Gas.molecules`.
        energy_ev: energy of the bin [eV].
        temperature: [K].

    Returns:
        Number density [cm-3].
    """
    return jnp.exp(ln_n_over_u - energy_ev / (K_EV * temperature))


def collisions(temperature: Float[Array, "*shape"], gas: Gas) -> Float[Array, "*shape"]:
    """Strength of van der Waals broadening by H (with He and H2) against that at T_LINE.

    Args:
        temperature: [K].
        gas: state of the gas.

    Returns:
        Perturbers [1e16 cm-3], times (T / T_LINE)^0.38.

    References:
        Barklem, Piskunov & O'Mara (2000), A&AS 142, 467.
    """
    perturbers = (gas.hydrogen + 0.041 * gas.hydrogen_nuclei + 0.8 * gas.h2) * 1e-16
    return perturbers * (temperature / T_LINE) ** 0.38


def hjerting(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """H(a, v) = H0 + a H1 for small a.

    Args:
        v: offset in Doppler widths.

    Returns:
        H0 and H1. H1 is negative in the core: clip the opacity at zero where a is large.

    References:
        Gray (2005), Eq. 11.47; Harris (1948), ApJ 108, 112.
    """
    v = np.abs(v)
    h1 = np.where(
        v < 12,
        -2 / np.sqrt(np.pi) * (1 - 2 * v * dawsn(v)),
        (1 + 1.5 / np.maximum(v, 1) ** 2) / (np.sqrt(np.pi) * np.maximum(v, 1) ** 2),
    )
    return np.exp(-np.minimum(v * v, 700)), h1


def doppler_width_hz(wavelength_nm, mass_u: float, microturbulence_km_s: float):
    """Doppler width at T_LINE.

    Args:
        wavelength_nm: [nm].
        mass_u: mass of the absorber [u].
        microturbulence_km_s: [km/s].

    Returns:
        Width [Hz].
    """
    speed = np.sqrt(2 * K_ERG * T_LINE / (mass_u * AMU_G) + (1e5 * microturbulence_km_s) ** 2)
    return speed / (np.asarray(wavelength_nm) * 1e-7)


def line_basis(
    wavelength_nm: np.ndarray,
    centre_nm: np.ndarray,
    gf: np.ndarray,
    energy_offset_ev: np.ndarray,
    gamma_h: np.ndarray,
    gamma_rad: np.ndarray,
    mass_u: float,
    microturbulence_km_s: float = 1.5,
    reach_nm: float = 60.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Core and damping vectors of lines that share a species and an energy bin.

    Args:
        wavelength_nm: grid, vacuum [nm], rising.
        centre_nm: line centres, vacuum [nm].
        gf: oscillator strengths times weights of the lower levels.
        energy_offset_ev: energy of each lower level above that of the bin [eV].
        gamma_h: full angular van der Waals width for one perturber per cm3 at T_LINE
            [rad/s cm3].
        gamma_rad: radiative width [rad/s].
        mass_u: mass of the absorber [u].
        microturbulence_km_s: [km/s].
        reach_nm: farthest wing [nm].

    Returns:
        Two vectors [1e-18 cm2]: for weights `level_weight` and `level_weight * collisions`.
        Stimulated emission is not included.

    References:
        Gray (2005), Ch. 11.
    """
    wave = np.asarray(wavelength_nm, np.float64)
    core, wing = np.zeros(len(wave)), np.zeros(len(wave))
    strength = (
        LINE_CM2_HZ / np.sqrt(np.pi) / UNIT * gf * np.exp(-energy_offset_ev / (K_EV * T_LINE))
    )
    width = doppler_width_hz(centre_nm, mass_u, microturbulence_km_s)
    first = np.searchsorted(wave, centre_nm - reach_nm)
    last = np.searchsorted(wave, centre_nm + reach_nm)
    for k in range(len(centre_nm)):
        part = slice(first[k], last[k])
        offset = C_CM * 1e7 * (1 / wave[part] - 1 / centre_nm[k]) / width[k]
        h0, h1 = hjerting(offset)
        scale = strength[k] / width[k]
        core[part] += scale * (h0 + gamma_rad[k] / (4 * np.pi * width[k]) * h1)
        wing[part] += scale * gamma_h[k] * 1e16 / (4 * np.pi * width[k]) * h1
    return core, wing
