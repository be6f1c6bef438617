"""
What a star is made of: birth abundances of its population, then what its own life changed.
"""

import csv
from functools import lru_cache
from importlib import resources

import numpy as np

from starloom.sky.draws import Draws

CARBON_OVER_NITROGEN = 10 ** (8.43 - 7.83)
"""Solar ratio by number: Asplund et al. (2009), Table 1."""

DREDGE_LOGG = 3.6
BUMP_LOGG = 2.5


@lru_cache(maxsize=1)
def trends() -> dict[str, tuple[float, float, float, float]]:
    """By element: slope on [alpha/M], slope on [Fe/H], offset and scatter [dex] of [X/Fe]."""
    path = resources.files("starloom.sky") / "data" / "abundance_trends.csv"
    columns = ("per_alpha", "per_fe_h", "offset_dex", "scatter_dex")
    with path.open() as handle:
        return {
            row["element"]: tuple(float(row[name]) for name in columns)
            for row in csv.DictReader(handle)
        }


def thin_fe_h(birth_radius_kpc: np.ndarray, age_gyr: np.ndarray) -> np.ndarray:
    """
    [Fe/H] of the gas that a thin-disc star formed from [dex].

    Args:
        birth_radius_kpc: birth radius.
        age_gyr: age, below 12.

    References:
        Form of Frankel et al. (2018), Sec. 3: a gradient of -0.075 dex/kpc at all times,
        enrichment as (1 - age/12)^0.32, solar at 8.74 kpc today.
    """
    grown = (1.0 - np.minimum(age_gyr, 11.9) / 12.0) ** 0.32
    return -1.0 - 0.075 * birth_radius_kpc + grown * (1.0 + 0.075 * 8.74)


def thin_alpha(fe_h: np.ndarray, age_gyr: np.ndarray) -> np.ndarray:
    """
    Mean [alpha/M] of the thin disc [dex].

    References:
        Form after Hayden et al. (2015), Fig. 4 and Haywood et al. (2013), Sec. 3: a low sequence
        that rises with age and towards low [Fe/H].
    """
    below, above = np.minimum(fe_h, 0.0), np.maximum(fe_h, 0.0)
    return 0.015 + 0.012 * (age_gyr - 4.0) - 0.10 * below - 0.04 * above


def thick_alpha(fe_h: np.ndarray) -> np.ndarray:
    """Mean [alpha/M] of the thick disc [dex], knee at [Fe/H] = -0.25 (Hayden et al. 2015)."""
    return 0.27 - 0.14 * (fe_h + 0.6) - 0.25 * np.maximum(fe_h + 0.25, 0.0)


def halo_alpha(fe_h: np.ndarray, accreted: np.ndarray) -> np.ndarray:
    """
    Mean [alpha/M] of the halo [dex]: high where formed in place, falling where accreted.

    References:
        Nissen & Schuster (2010), Fig. 1; Hayes et al. (2018), Sec. 4.
    """
    fallen = 0.30 - 0.18 * np.clip(fe_h + 1.8, 0.0, 1.6)
    return np.where(accreted, fallen, 0.30)


def birth_abundances(draws: Draws, fe_h: np.ndarray, alpha_m: np.ndarray) -> dict:
    """
    [X/Fe] of every element at birth, as columns `c_fe` ... `ce_fe` [dex].

    Args:
        draws: random numbers of the stars.
        fe_h: [Fe/H], shape (n_star,).
        alpha_m: [alpha/M].
    """
    metal = np.clip(fe_h, -1.5, 0.5)
    return {
        f"{element.lower()}_fe": offset
        + per_alpha * alpha_m
        + per_fe_h * metal
        + scatter * draws.normal(f"abundance {element}")
        for element, (per_alpha, per_fe_h, offset, scatter) in trends().items()
    }


def dredge_up_dex(mass_msun: np.ndarray, logg: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """
    Change of [C/N] by the first dredge-up and by extra mixing above the bump [dex].

    Args:
        mass_msun: mass at birth.
        logg: log g [cgs]; the first dredge-up is complete at 3.6, begins at 3.8.
        m_h: [M/H]; extra mixing acts below -0.3 and above the bump (log g < 2.5).

    Returns:
        Zero or negative numbers.

    References:
        Mass dependence through the alpha-poor stars of APOKASC-3 (Pinsonneault et al. 2025), on
        APOGEE's scale; its form as in Salaris et al. (2015), Fig. 2. Extra mixing: Shetrone et
        al. (2019), Sec. 4.
    """
    deep = np.clip((DREDGE_LOGG + 0.2 - logg) / 0.2, 0.0, 1.0)
    first = -0.55 * (1.0 - np.exp(-np.maximum(mass_msun - 0.80, 0.0) / 0.75))
    mixed = np.clip((BUMP_LOGG - logg) / 0.3, 0.0, 1.0)
    extra = -0.30 * np.clip(-0.3 - m_h, 0.0, 1.2) * mixed
    return deep * first + extra


def mix_carbon_nitrogen(c_fe: np.ndarray, n_fe: np.ndarray, change: np.ndarray):
    """
    Change [C/N] by `change` [dex] and keep the number of C plus N nuclei.

    Returns:
        The new [C/Fe] and [N/Fe] [dex].
    """
    carbon, nitrogen = CARBON_OVER_NITROGEN * 10**c_fe, 10**n_fe
    ratio = carbon / nitrogen * 10**change
    new_nitrogen = (carbon + nitrogen) / (1.0 + ratio)
    return np.log10(ratio * new_nitrogen / CARBON_OVER_NITROGEN), np.log10(new_nitrogen)


def carbon_isotopes(draws: Draws, logg: np.ndarray, m_h: np.ndarray) -> np.ndarray:
    """
    12C/13C: 89 in dwarfs, 15-25 after the first dredge-up, about 10 after extra mixing.

    References:
        Gratton et al. (2000), Sec. 5; solar ratio: Asplund et al. (2009), Table 3.
    """
    giant = np.where(
        (logg < BUMP_LOGG) & (m_h < -0.3),
        draws.uniform("isotopes", 6.0, 13.0),
        draws.uniform("isotopes", 14.0, 25.0),
    )
    return np.where(logg < DREDGE_LOGG, giant, 89.0)


def cemp_fraction(fe_h: np.ndarray) -> np.ndarray:
    """
    Share of carbon-enhanced stars, [C/Fe] > 0.7, at a metallicity.

    References:
        Carollo et al. (2012): 8 % below -1.5; Placco et al. (2014): 20 % below -2, 43 % below
        -3; these cumulative fractions are taken as local ones and interpolated.
    """
    return np.interp(fe_h, [-3.0, -2.5, -2.0, -1.5, -1.0], [0.43, 0.30, 0.20, 0.08, 0.0])


def cemp_no_share(fe_h: np.ndarray) -> np.ndarray:
    """
    Share of CEMP-no among CEMP stars: nearly none above -2, most below -3.

    References:
        Yoon et al. (2016), Sec. 3.
    """
    return 1.0 / (1.0 + np.exp((fe_h + 2.6) / 0.22))


def enrich(abundances: dict, draws: Draws, cemp_s: np.ndarray, cemp_no: np.ndarray) -> dict:
    """
    Give CEMP stars their carbon, nitrogen and heavy elements.

    Args:
        abundances: columns `c_fe` ...; not changed.
        draws: random numbers of the stars.
        cemp_s, cemp_no: which stars are of that kind.

    Returns:
        The columns with C, N, Na, Mg and the slow-capture elements raised.

    References:
        Beers & Christlieb (2005), Table 2; Yoon et al. (2016), Fig. 1 (groups I to III).
    """
    rich = dict(abundances)
    carbon = np.where(
        cemp_s, draws.normal("cemp_s carbon", 1.6, 0.35), draws.normal("cemp_no carbon", 1.05, 0.25)
    )
    cemp = cemp_s | cemp_no
    rich["c_fe"] = np.where(cemp, np.maximum(carbon, 0.72), rich["c_fe"])
    nitrogen = carbon - np.where(cemp_s, 0.5, 0.8) + 0.3 * draws.normal("cemp nitrogen")
    rich["n_fe"] = np.where(cemp, np.maximum(nitrogen, rich["n_fe"]), rich["n_fe"])
    heavy = 0.25 * draws.normal("cemp heavy")
    for element, gain in {"ba": 1.7, "ce": 1.6, "sr": 0.9}.items():
        rich[f"{element}_fe"] = rich[f"{element}_fe"] + np.where(cemp_s, gain + heavy, 0.0)
    for element, gain in {"na": 0.4, "mg": 0.25, "o": 0.5}.items():
        rich[f"{element}_fe"] = rich[f"{element}_fe"] + np.where(cemp_no, gain, 0.0)
    return rich
