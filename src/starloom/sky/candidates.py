"""
Kinds of star that are not ordinary: what a search for carbon-enhanced stars also finds.
"""

import numpy as np

from starloom.sky import evolution
from starloom.sky.draws import Draws

KINDS = (
    "normal",
    "young_alpha_rich",
    "cemp_s",
    "cemp_no",
    "carbon_star",
    "m_giant",
    "long_period_variable",
    "hot",
    "be_star",
    "cool_dwarf",
)
NORMAL, YOUNG, CEMP_S, CEMP_NO, CARBON, M_GIANT, LPV, HOT, BE, COOL = range(10)
"""Kinds; codes are places in `KINDS`."""

CANDIDATE_SHARES = {
    NORMAL: 0.20,
    CEMP_S: 0.22,
    CEMP_NO: 0.08,
    CARBON: 0.14,
    M_GIANT: 0.12,
    LPV: 0.06,
    HOT: 0.07,
    BE: 0.04,
    COOL: 0.07,
}
"""Make-up of the candidate sample: chosen so that each kind can be found, not a measurement."""


def candidate_kind(draws: Draws, fraction: float, cemp: bool) -> tuple[np.ndarray, np.ndarray]:
    """
    Which stars belong to the candidate sample, and their kind.

    Args:
        draws: random numbers of the stars.
        fraction: share of candidates.
        cemp: false turns carbon-enhanced candidates into normal metal-poor stars.

    Returns:
        Boolean membership and kind code, each (n_star,); the kind is NORMAL outside.
    """
    member = draws.uniform("candidate") < fraction
    codes = np.array(list(CANDIDATE_SHARES))
    kind = codes[draws.choice("candidate kind", list(CANDIDATE_SHARES.values()))]
    if not cemp:
        kind = np.where((kind == CEMP_S) | (kind == CEMP_NO), NORMAL, kind)
    return member, np.where(member, kind, NORMAL)


def candidate_origin(draws: Draws, member: np.ndarray, kind: np.ndarray, component: np.ndarray):
    """
    Population of the candidates: metal-poor stars from the halo, the others from the discs.

    Returns:
        The component codes (0 thin, 1 thick, 2 halo, 3 metal_weak) with candidates put in place.
    """
    unit = draws.uniform("candidate component")
    poor = member & np.isin(kind, (NORMAL, CEMP_S, CEMP_NO))
    young = np.isin(kind, (CARBON, HOT, BE))
    mixed = np.isin(kind, (M_GIANT, LPV, COOL))
    component = np.where(poor, np.where(unit < 0.6, 3, 2), component)
    component = np.where(young, 0, component)
    return np.where(mixed, np.where(unit < 0.65, 0, 1), component)


def candidate_age(draws: Draws, kind: np.ndarray, age_gyr: np.ndarray) -> np.ndarray:
    """
    Ages [Gyr], with those of carbon, hot and Be stars set by their masses.

    References:
        Carbon stars come from 1.5-4 Msun (Marigo et al. 2017); Be stars are earlier than A0.
    """
    unit = draws.uniform("candidate age")
    age_gyr = np.where(kind == CARBON, 0.5 + 2.0 * unit, age_gyr)
    age_gyr = np.where(kind == HOT, 0.05 + 0.35 * unit, age_gyr)
    return np.where(kind == BE, 0.01 + 0.09 * unit, age_gyr)


def candidate_state(kind: np.ndarray, state: np.ndarray) -> np.ndarray:
    """Evolutionary state code with those that a kind implies."""
    state = np.where(np.isin(kind, (CARBON, M_GIANT, LPV)), evolution.AGB, state)
    return np.where(np.isin(kind, (HOT, BE, COOL)), evolution.DWARF, state)


def candidate_structure(draws: Draws, kind: np.ndarray, stars: dict) -> dict:
    """
    Mass, temperature and gravity of the kinds that the tracks do not reach.

    Args:
        draws: random numbers of the stars.
        kind: kind codes.
        stars: columns of `evolution.place`; not changed.

    Returns:
        The columns with carbon stars, cool giants, hot stars and cool dwarfs replaced.

    References:
        Ranges of temperature: Gray & Corbally (2009), Tables B; carbon stars: Bergeat, Knapik
        & Rutily (2001).
    """
    unit = draws.uniform("candidate temperature")
    spread = draws.uniform("candidate gravity")
    low = np.choose(kind, [0.0, 0, 0, 0, 2900, 3450, 2900, 8000, 12000, 3500])
    high = np.choose(kind, [0.0, 0, 0, 0, 3900, 3850, 3400, 12000, 22000, 4300])
    base = np.choose(kind, [0.0, 0, 0, 0, 0.0, 0.4, -0.4, 3.8, 3.6, 4.6])
    changed = low > 0
    teff = np.where(changed, low + (high - low) * unit, stars["teff"])
    hot = (kind == HOT) | (kind == BE)
    mass = np.where(hot, (teff / evolution.T_SUN) ** 1.6, stars["mass_msun"])
    mass = np.where(kind == COOL, 0.80 * (teff / 4700.0) ** 1.4, mass)
    width = np.where(kind == COOL, 0.15, np.where(hot, 0.45, 0.6))
    warmer = np.where(np.isin(kind, (CARBON, M_GIANT, LPV)), 0.5 * unit, 0.0)
    logg = np.where(changed, base + width * spread + warmer, stars["logg"])
    radius = np.where(changed, evolution.radius_from_gravity(mass, logg), stars["radius_rsun"])
    return stars | {
        "mass_msun": mass,
        "initial_mass_msun": np.where(hot | (kind == COOL), mass, stars["initial_mass_msun"]),
        "teff": teff,
        "logg": logg,
        "radius_rsun": radius,
        "luminosity_lsun": radius**2 * (teff / evolution.T_SUN) ** 4,
    }


def carbon_star_abundances(draws: Draws, kind: np.ndarray, abundances: dict) -> dict:
    """
    Carbon stars have more carbon than oxygen nuclei, and slow-capture elements.

    References:
        Lambert et al. (1986): C/O from 1.01 to 1.8.
    """
    ratio = draws.uniform("carbon over oxygen", 1.05, 1.8)
    carbon = abundances["o_fe"] + 8.69 - 8.43 + np.log10(ratio)
    rich = dict(abundances)
    rich["c_fe"] = np.where(kind == CARBON, carbon, rich["c_fe"])
    for element in ("ba", "ce", "sr"):
        rich[f"{element}_fe"] = rich[f"{element}_fe"] + np.where(kind == CARBON, 0.8, 0.0)
    return rich
