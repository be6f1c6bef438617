"""Unresolved companions: what they are, how far they pull their star."""

import numpy as np

from starloom.sky import evolution
from starloom.sky.draws import Draws


def draw(
    draws: Draws,
    binaries: bool,
    tracks: dict,
    cemp_s: np.ndarray,
    age_gyr: np.ndarray,
    m_h: np.ndarray,
) -> dict[str, np.ndarray]:
    """
    Companions: about a third of the stars, nearly all CEMP-s (there a white dwarf).

    Args:
        draws: random numbers of the stars.
        binaries: false for a sky of single stars.
        tracks: initial_mass_msun, mass_msun.
        cemp_s: which stars are CEMP-s.
        age_gyr: ages.
        m_h: [M/H] [dex].

    Returns:
        binary, companion_mass_msun, companion_teff [K], companion_radius_rsun, period_day,
        rv_amplitude_kms (circular orbit, random inclination); NaN for single stars.

    References:
        Raghavan et al. (2010), Fig. 13: periods; Hansen et al. (2016): CEMP-s.
    """
    share = np.where(cemp_s, 0.95, 0.35) * binaries
    binary = draws.uniform("binary") < share
    ratio = draws.uniform("mass ratio", 0.1, 1.0)
    period = 10 ** np.clip(draws.normal("period", 5.03, 2.28), 0.5, 9.0)
    mass = np.maximum(ratio * tracks["initial_mass_msun"], 0.10)
    lived = np.clip(age_gyr / evolution.lifetime_gyr(mass, m_h), 0.0, 1.0)
    radius, teff = evolution.dwarf_radius_teff(mass, m_h, lived)
    white = cemp_s
    mass, radius, teff = (
        np.where(white, dwarf, values)
        for dwarf, values in ((0.6, mass), (0.013, radius), (8000.0, teff))
    )
    total = mass + tracks["mass_msun"]
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
