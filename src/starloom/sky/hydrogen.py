"""Lines of neutral hydrogen: Balmer, Paschen, Brackett, with Stark and self broadening."""

from functools import cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import opacity
from starloom.sky.chemistry import Gas
from starloom.sky.reference import K_ERG

SERIES = {2: 25, 3: 20, 4: 20}
"""Lower level of each series and its highest upper level."""
SELF_BROADENING = {(2, 3): 1.0e-7, (2, 4): 1.5e-7, (2, 5): 2.0e-7}
"""Full angular width for one H atom per cm3 at 5000 K [rad/s cm3]."""
REACH_NM = {2: 40.0, 3: 60.0, 4: 150.0}


def centre_nm(lower: int, upper: int) -> float:
    """Vacuum wavelength of a line of hydrogen [nm].

    Args:
        lower, upper: principal quantum numbers.
    """
    return 91.1763 / (1 / lower**2 - 1 / upper**2)


def oscillator_strength(lower: int, upper: int) -> float:
    """Absorption oscillator strength, Kramers' formula with a Gaunt factor near one.

    Args:
        lower, upper: principal quantum numbers.

    References:
        Menzel & Pekeris (1935), MNRAS 96, 77; Johnson (1972), ApJ 174, 227.
    """
    g = {1: (1.133, -0.4059, 0.07014), 2: (1.0785, -0.2319, 0.02947)}.get(
        lower,
        (
            0.9935 + 0.2328 / lower - 0.1296 / lower**2,
            -(0.6282 - 0.5598 / lower + 0.5299 / lower**2) / lower,
            (0.3887 - 1.181 / lower + 1.470 / lower**2) / lower**2,
        ),
    )
    x = 1 - (lower / upper) ** 2
    gaunt = g[0] + g[1] / x + g[2] / x**2
    return 32 / (3 * np.sqrt(3) * np.pi) * lower / (upper**3 * x**3) * gaunt


@cache
def line_centres_nm() -> np.ndarray:
    """Vacuum wavelengths of the lines that deserve a fine grid [nm]."""
    return np.array(
        [centre_nm(2, k) for k in range(3, 9)] + [centre_nm(3, k) for k in range(6, 12)]
    )


def stark_constant(lower: int, upper: int) -> float:
    """Offset in Angstrom for unit field of the Holtsmark scale.

    Args:
        lower, upper: principal quantum numbers.

    References:
        Griem (1960), ApJ 132, 883; Kurucz (1970), SAO Special Report 309.
    """
    table = {(2, 3): 0.00902, (2, 4): 0.01772, (2, 5): 0.02507, (2, 6): 0.0311}
    general = 5.5e-5 * (lower * upper) ** 4 / (upper**2 - lower**2) / (1 + 0.13 / (upper - lower))
    return table.get((lower, upper), general)


def _stark_wing(offset_angstrom, constant):
    """Profile per Angstrom for n_e = 1 cm-3 of the wing, flattened inside; times n_e later."""
    scale = constant * 1.25e-9
    # 1.5 (F0 k)^{3/2} / offset^{5/2}, F0 = 1.25e-9 n_e^{2/3}: linear in n_e; electrons double it
    inner = 0.5
    return 3.0 * scale**1.5 / (offset_angstrom**2 + inner**2) ** 1.25


def line_vectors(wavelength_nm: np.ndarray) -> list[np.ndarray]:
    """Three vectors for each series: thermal core, Stark wings, self-broadened wings.

    Args:
        wavelength_nm: vacuum grid [nm].

    Returns:
        Vectors in the order of `line_weights` [1e-18 cm2 times the unit of the weight].

    References:
        Griem (1960), ApJ 132, 883; Barklem, Piskunov & O'Mara (2000), A&A 355, L5.
    """
    wave = np.asarray(wavelength_nm, np.float64)
    vectors = []
    for lower, highest in SERIES.items():
        core, stark, self_broad = (np.zeros(len(wave)) for _ in range(3))
        for upper in range(lower + 1, highest + 1):
            line = centre_nm(lower, upper)
            gf = 2 * lower**2 * oscillator_strength(lower, upper)
            near = np.abs(wave - line) < REACH_NM[lower]
            width = opacity.doppler_width_hz(line, 1.008, 2.0)
            offset_hz = opacity.C_CM * 1e7 * (1 / wave[near] - 1 / line)
            h0, h1 = opacity.hjerting(offset_hz / width)
            area = opacity.LINE_CM2_HZ * gf / opacity.UNIT
            core[near] += area / (np.sqrt(np.pi) * width) * h0
            gamma = SELF_BROADENING.get((lower, upper), 2.0e-7)
            self_broad[near] += (
                area
                / (np.sqrt(np.pi) * width)
                * np.maximum(h1, 0)
                * (gamma * 1e16 / (4 * np.pi * width))
            )
            angstrom = np.abs(wave[near] - line) * 10
            per_hz = (line * 10) ** 2 / (opacity.C_CM * 1e8)
            stark[near] += (
                area * per_hz * _stark_wing(angstrom, stark_constant(lower, upper)) * 1e14
            )
        vectors += [core, stark, self_broad]
    return vectors


def line_weights(temperature: Float[Array, "*shape"], gas: Gas) -> Float[Array, "*shape n_term"]:
    """Weights of `line_vectors`.

    Args:
        temperature: [K].
        gas: state of the gas.

    Returns:
        Level population, that times electrons [1e14 cm-3], that times collisions, for each series.
    """
    electrons = gas.electron_pressure / (K_ERG * temperature) * 1e-14
    hits = opacity.collisions(temperature, gas)
    parts = []
    for lower in SERIES:
        energy = opacity.RYDBERG_EV * (1 - 1 / lower**2)
        level = opacity.level_weight(gas.atoms[..., 0, 0], energy, temperature)
        parts += [level, level * electrons, level * hits]
    return jnp.stack(parts, axis=-1)
