"""Unresolved companions: what they are, how far they pull their star, what light they add."""

from collections.abc import Mapping

import numpy as np

from starloom.sky import evolution
from starloom.sky.draws import Draws

RSUN_PER_AU = 215.03
"""Solar radii in an astronomical unit; orbits narrower than 2.5 stellar radii do not last."""

LIT = 0.003
"""Companions fainter than this part of their star are dark: most XP spectra would not show them."""


def draw(
    draws: Draws,
    binaries: bool,
    tracks: dict,
    cemp_s: np.ndarray,
    cemp_no: np.ndarray,
    age_gyr: np.ndarray,
    m_h: np.ndarray,
) -> dict[str, np.ndarray]:
    """
    Companions: about a third of the stars, nearly all CEMP-s (there a white dwarf), few CEMP-no.

    Args:
        draws: random numbers of the stars.
        binaries: false for a sky of single stars.
        tracks: initial_mass_msun, mass_msun, radius_rsun.
        cemp_s: which stars are CEMP-s.
        cemp_no: which stars are CEMP-no.
        age_gyr: ages.
        m_h: [M/H] [dex].

    Returns:
        binary, companion_mass_msun, companion_teff [K], companion_radius_rsun, period_day,
        rv_amplitude_kms (circular orbit, random inclination); NaN for single stars.

    References:
        Raghavan et al. (2010), Fig. 13: periods; Starkenburg et al. (2014): nearly all CEMP-s are
        binaries with periods below 20,000 days; Hansen et al. (2016): 17 % of CEMP-no are.
    """
    share = np.where(cemp_s, 0.95, np.where(cemp_no, 0.17, 0.35)) * binaries
    binary = draws.uniform("binary") < share
    ratio = draws.uniform("mass ratio", 0.1, 1.0)
    spread = draws.normal("period")
    log_period = np.where(cemp_s, np.clip(2.9 + 0.7 * spread, 1.5, 4.3), 5.03 + 2.28 * spread)
    mass = np.maximum(ratio * tracks["initial_mass_msun"], 0.10)
    lived = np.clip(age_gyr / evolution.lifetime_gyr(mass, m_h), 0.0, 1.0)
    radius, teff = evolution.dwarf_radius_teff(mass, m_h, lived)
    mass, radius, teff = (
        np.where(cemp_s, white_dwarf, values)
        for white_dwarf, values in ((0.6, mass), (0.013, radius), (8000.0, teff))
    )
    total = mass + tracks["mass_msun"]
    touching = 365.25 * np.sqrt((2.5 * tracks["radius_rsun"] / RSUN_PER_AU) ** 3 / total)
    period = np.clip(10**log_period, touching, 1e9)
    pull = 212.9 * mass / total ** (2 / 3) / period ** (1 / 3)
    tilt = np.sqrt(1.0 - draws.uniform("inclination") ** 2)
    columns = {
        "companion_mass_msun": mass,
        "companion_teff": teff,
        "companion_radius_rsun": radius,
        "period_day": period,
        "rv_amplitude_kms": pull * tilt,
    }
    return {"binary": binary} | {
        name: np.where(binary, values, np.nan) for name, values in columns.items()
    }


def shining(
    stars: Mapping[str, np.ndarray], least: float
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """
    Companions that add to the light of their star, as stars of their own.

    Args:
        stars: columns of `population.draw`; without those of companions nobody has one.
        least: their least light in units of their star's, in the infrared (R^2 T) or over all
            wavelengths (R^2 T^4), whichever is more.

    Returns:
        Rows of `stars`, and the columns of `stars` for their companions: place, dust and metals
        are those of their star, carbon and nitrogen those of the Sun's mixture, for dwarfs have
        not dredged up, and the lines of slow rotators.
    """
    if "companion_teff" not in stars:
        return np.zeros(0, int), {name: np.asarray(values)[:0] for name, values in stars.items()}
    hotter = stars["companion_teff"] / stars["teff"]
    light = (stars["companion_radius_rsun"] / stars["radius_rsun"]) ** 2 * hotter
    rows = np.flatnonzero(light * np.maximum(hotter, 1.0) ** 3 > least)
    table = {name: np.asarray(values)[rows] for name, values in stars.items()}
    mass, radius = table["companion_mass_msun"], table["companion_radius_rsun"]
    none = np.zeros(len(rows))
    return rows, table | {
        "teff": table["companion_teff"],
        "radius_rsun": radius,
        "logg": evolution.LOGG_SUN + np.log10(mass) - 2 * np.log10(radius),
        "c_fe": none,
        "n_fe": none,
        "kind": np.full(len(rows), "normal"),
        "vsini_kms": none,
        "microturbulence_kms": none + evolution.microturbulence(4.5),
        "c12_c13": none + 89.0,
    }
