"""
Where a star of given mass, age and metallicity stands in the Kiel diagram.

Analytic tracks, good to about 100 K and 0.1 dex: they carry the dependences that the studies
look for (mass, metallicity, evolutionary state), not the detail of a stellar model grid.
"""

import numpy as np

T_SUN = 5772.0
LOGG_SUN = 4.438
"""Nominal solar values: Prsa et al. (2016), IAU 2015 Resolution B3."""

STATES = ("dwarf", "subgiant", "rgb", "red_clump", "secondary_clump", "agb")
DWARF, SUBGIANT, RGB, CLUMP, SECONDARY, AGB = range(6)
"""Evolutionary states; codes are places in `STATES`."""

TURNOFF_LOGG = 4.1
BASE_LOGG = 3.6
SECONDARY_MASS = 1.85
"""log g of the turn-off and of the foot of the giant branch; mass [Msun] above which helium
ignites in a core that is not degenerate (Girardi 2016, Sec. 2: 1.7-2.2 by metallicity)."""


def lifetime_gyr(mass: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """
    Time until a star reaches the giant branch.

    Args:
        mass: initial mass [Msun], 0.5 to 6.
        m_h: [M/H] [dex]; taken as -1.5 below and 0.5 above.

    Returns:
        Lifetime [Gyr].

    References:
        Quadratic in log mass, made for this sky; within a third of the hydrogen-burning
        lifetimes of Schaller et al. (1992), Z = 0.02, for 0.8-3 Msun.
    """
    x = np.log10(mass)
    return 10 ** (1.06 - 3.4 * x + x**2 + 0.22 * np.clip(m_h, -1.5, 0.5))


def mass_at_lifetime(age_gyr: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """Initial mass [Msun] of the stars that become giants at `age_gyr`: `lifetime_gyr` inverted."""
    rest = 1.06 + 0.22 * np.clip(m_h, -1.5, 0.5) - np.log10(age_gyr)
    return 10 ** ((3.4 - np.sqrt(np.maximum(3.4**2 - 4 * rest, 0.01))) / 2)


def mass_loss(mass: np.ndarray) -> np.ndarray:
    """
    Mass lost on the giant branch before the clump [Msun], from the initial mass [Msun].

    References:
        Miglio et al. (2021), Sec. 4.3: about 0.1 Msun near 1 Msun, less for heavier stars.
    """
    return np.maximum(0.09 - 0.05 * (mass - 1.0), 0.0)


def giant_teff(logg: np.ndarray, m_h: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """
    Effective temperature of the first giant branch [K].

    Args:
        logg: log10 of the surface gravity [cgs].
        m_h: [M/H] [dex].
        mass: mass [Msun].

    References:
        Fitted by hand to the ridges of APOGEE DR17 giants (Abdurro'uf et al. 2022) within 60 K
        for -1.3 < [M/H] < 0.4; slope on mass from APOKASC-3 (Pinsonneault et al. 2025).
    """
    x = logg - 2.5
    metal = -400.0 * m_h - 60.0 * m_h**2 + 60.0 * x * m_h
    return 4550.0 + 470.0 * x - 55.0 * x**2 + metal + 170.0 * np.log2(mass)


def clump_luminosity(mass: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """
    Luminosity of core-helium burning [Lsun], faintest at the secondary clump near 2.2 Msun.

    References:
        Girardi (2016), Secs. 2 and 3: the red clump and the dip of the secondary clump; level
        and slope below 1.8 Msun from APOKASC-3 (Pinsonneault et al. 2025).
    """
    rise = 0.10 * (np.minimum(mass, 1.9) - 1.1)
    dip = 0.22 * np.exp(-0.5 * ((mass - 2.2) / 0.2) ** 2)
    return 10 ** (1.73 + rise - 0.06 * m_h - dip + 1.5 * np.log10(np.maximum(mass / 2.4, 1.0)))


def clump_teff(mass: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """
    Effective temperature of core-helium burning [K].

    References:
        Linear fit to the clump stars of APOKASC-3 (Pinsonneault et al. 2025), scatter 39 K.
    """
    return 4704.0 - 566.0 * m_h - 113.0 * m_h**2 + 187.0 * (np.minimum(mass, 2.5) - 1.1)


def dwarf_radius_teff(
    mass: np.ndarray, m_h: np.ndarray, lived: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """
    Radius [Rsun] and effective temperature [K] on the main sequence.

    Args:
        mass: mass [Msun].
        m_h: [M/H] [dex].
        lived: age over lifetime, 0 to 1.

    References:
        Power laws through the zero-age and the present Sun (Gough 1981; Bahcall et al. 2001);
        below 0.5 Msun the temperatures of M dwarfs, about 3400 K at 0.3 Msun and 2900 K at 0.1
        (Pecaut & Mamajek 2013).
    """
    metal = np.clip(m_h, -2.5, 0.5)
    zero_age = 0.89 * mass ** np.where(mass < 1.0, 0.85, 1.05)
    radius = zero_age * (1.0 + 0.26 * lived + 0.34 * lived**3)
    teff = 5620.0 * np.maximum(mass, 0.5) ** 0.66 * np.minimum(mass / 0.5, 1.0) ** 0.15
    teff = teff * (1.0 - 0.10 * metal) * (1.0 + 0.11 * lived * (1.0 - lived))
    return radius, teff


def gravity(mass: np.ndarray, luminosity: np.ndarray, teff: np.ndarray) -> np.ndarray:
    """log g [cgs] from mass [Msun], luminosity [Lsun] and effective temperature [K]."""
    return LOGG_SUN + np.log10(mass / luminosity) + 4 * np.log10(teff / T_SUN)


def radius_from_gravity(mass: np.ndarray, logg: np.ndarray) -> np.ndarray:
    """Radius [Rsun] from mass [Msun] and log g [cgs]."""
    return np.sqrt(mass * 10 ** (LOGG_SUN - logg))


def microturbulence(logg: np.ndarray) -> np.ndarray:
    """
    Microturbulent velocity [km/s].

    References:
        Holtzman et al. (2018), Eq. 1, for giants; held at its value of log g 3.8 in dwarfs.
    """
    x = np.clip(logg, 0.0, 3.8)
    return 10 ** (0.226 - 0.0228 * x + 0.0297 * x**2 - 0.0113 * x**3)


def state_codes(names: np.ndarray) -> np.ndarray:
    """
    Codes of evolutionary states given by name.

    Raises:
        ValueError: if a name is not in `STATES`; the message gives it.
    """
    names = np.asarray(names).astype(str)
    unknown = sorted(set(np.unique(names)) - set(STATES))
    if unknown:
        raise ValueError(f"unknown evolutionary state {unknown[0]!r}; known: {', '.join(STATES)}")
    order = np.argsort(STATES)
    return order[np.searchsorted(np.array(STATES)[order], names)]


def place(
    state: np.ndarray,
    age_gyr: np.ndarray,
    m_h: np.ndarray,
    gain: np.ndarray,
    noise: dict[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """
    Put every star of a population on its track.

    Args:
        state: code of the evolutionary state, shape (n_star,).
        age_gyr: age [Gyr].
        m_h: [M/H] [dex].
        gain: factor by which mass transfer raised the mass; 1 for nearly all.
        noise: random numbers by name: `logg_unit` and `mass_unit` uniform in (0, 1); `bump`,
            `teff`, `luminosity` standard normal; `at_bump` true for stars held at the bump.

    Returns:
        state (clump stars split by mass), initial_mass_msun, mass_msun, teff [K], logg [cgs],
        luminosity_lsun, radius_rsun.
    """
    turnoff = mass_at_lifetime(age_gyr, m_h)
    initial = np.where(state == DWARF, _dwarf_mass(turnoff, noise["mass_unit"]), turnoff) * gain
    burning = (state == CLUMP) | (state == SECONDARY)
    state = np.where(burning, np.where(initial > SECONDARY_MASS, SECONDARY, CLUMP), state)
    mass = initial - np.where(burning | (state == AGB), mass_loss(initial), 0.0)

    logg = _branch_logg(state, m_h, mass, noise)
    teff = giant_teff(logg, m_h, mass) + 40.0 * noise["teff"] + np.where(state == AGB, 70.0, 0.0)

    clump_t = clump_teff(mass, m_h) + 30.0 * noise["teff"]
    clump_l = clump_luminosity(mass, m_h) * 10 ** (0.05 * noise["luminosity"])
    teff = np.where(burning, clump_t, teff)
    logg = np.where(burning, gravity(mass, clump_l, clump_t), logg)

    lived = np.clip(age_gyr / lifetime_gyr(initial, m_h), 0.0, 1.0)
    dwarf_r, dwarf_t = dwarf_radius_teff(mass, m_h, lived)
    on_main = state == DWARF
    logg = np.where(on_main, LOGG_SUN + np.log10(mass) - 2 * np.log10(dwarf_r), logg)
    foot = giant_teff(BASE_LOGG, m_h, mass)
    along = np.clip((TURNOFF_LOGG - logg) / (TURNOFF_LOGG - BASE_LOGG), 0.0, 1.0)
    teff = np.where(state == SUBGIANT, dwarf_t + (foot - dwarf_t) * along, teff)
    teff = np.where(on_main, dwarf_t, teff)
    teff = teff + np.where(on_main | (state == SUBGIANT), 30.0 * noise["teff"], 0.0)

    radius = radius_from_gravity(mass, logg)
    return {
        "state": state,
        "initial_mass_msun": initial,
        "mass_msun": mass,
        "teff": teff,
        "logg": logg,
        "luminosity_lsun": radius**2 * (teff / T_SUN) ** 4,
        "radius_rsun": radius,
    }


def _dwarf_mass(turnoff: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Masses on the main sequence [Msun]: the brighter, heavier half is seen more often."""
    return 0.52 + (np.minimum(0.97 * turnoff, 1.7) - 0.52) * unit**0.7


def _branch_logg(state, m_h, mass, noise):
    """log g along the subgiant, first giant and asymptotic branches from uniform numbers."""
    unit = noise["logg_unit"]
    low, high, slope = 0.4, BASE_LOGG, 0.62
    on_rgb = np.log10(10 ** (slope * low) + unit * (10 ** (slope * high) - 10 ** (slope * low)))
    bump = 2.52 + 0.30 * np.clip(m_h, -1.5, 0.5) + 0.5 * np.log10(mass) + 0.05 * noise["bump"]
    on_rgb = np.where(noise["at_bump"], bump, on_rgb / slope)
    on_agb = 0.3 + 1.7 * np.sqrt(unit)
    on_subgiant = BASE_LOGG + (TURNOFF_LOGG - BASE_LOGG) * unit
    return np.select([state == SUBGIANT, state == AGB], [on_subgiant, on_agb], on_rgb)
