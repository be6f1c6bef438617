"""
Empirical relations of seismic quantities, read from `seismic_relations.csv`.

Each quantity, or its logarithm, is linear in log10 dnu, ln(numax / 50 uHz), ln mass and
ln(Teff / 4800 K), with its own coefficients and scatter for each evolutionary state.
"""

from functools import cache

import numpy as np

from starloom.sky.chemistry import read_rows
from starloom.sky.evolution import AGB, CLUMP, LOGG_SUN, SECONDARY, STATES

NUMAX_SUN_UHZ = 3090.0
DNU_SUN_UHZ = 135.1
TEFF_SUN_K = 5777.0
"""Solar references of the SYD pipeline: Huber et al. (2011), ApJ 743, 143, Sec. 2.2."""

ROW = {CLUMP: "red_clump", SECONDARY: "secondary_clump", AGB: "agb"}
"""State of the table for a code; dwarfs and subgiants follow the first giant branch."""

TERMS = ("constant", "log_dnu", "ln_numax", "ln_mass", "ln_teff")


def numax_uhz(logg: np.ndarray, teff: np.ndarray) -> np.ndarray:
    """
    Frequency of maximum power [uHz] from log g [cgs] and Teff [K].

    References:
        Kjeldsen & Bedding (1995), A&A 293, 87, Eq. 10.
    """
    return NUMAX_SUN_UHZ * 10 ** (logg - LOGG_SUN) / np.sqrt(teff / TEFF_SUN_K)


def mean_density_dnu_uhz(mass_msun: np.ndarray, radius_rsun: np.ndarray) -> np.ndarray:
    """
    Large separation [uHz] that follows from the mean density alone; mass and radius are solar.

    References:
        Kjeldsen & Bedding (1995), Eq. 9.
    """
    return DNU_SUN_UHZ * np.sqrt(mass_msun / radius_rsun**3)


def quantities() -> list[str]:
    """Names of the quantities in the table, in its order."""
    return list(dict.fromkeys(name for name, _ in _table()))


def evaluate(
    quantity: str,
    state: np.ndarray,
    stars: dict[str, np.ndarray],
    scatter: np.ndarray | float = 0.0,
) -> np.ndarray:
    """
    A quantity of every star.

    Args:
        quantity: one of `quantities()`.
        state: codes of `evolution.STATES`, shape (n_star,).
        stars: numax_uhz, dnu_uhz [uHz], mass_msun [Msun], teff [K], each (n_star,).
        scatter: each star's deviation, in standard deviations of the relation.

    Returns:
        Values, shape (n_star,), in the unit that the quantity's name has.

    Raises:
        KeyError: if the table has no such quantity.
    """
    terms = np.stack(
        [
            np.ones(len(state)),
            np.log10(stars["dnu_uhz"]),
            np.log(stars["numax_uhz"] / 50.0),
            np.log(np.clip(stars["mass_msun"], 0.4, 5.0)),
            np.log(np.clip(stars["teff"], 3000.0, 6500.0) / 4800.0),
        ]
    )
    scatter = np.broadcast_to(scatter, state.shape)
    value = np.empty(len(state))
    for code in range(len(STATES)):
        form, weights, sigma = _table()[quantity, ROW.get(code, "rgb")]
        here = state == code
        line = (weights[:, None] * terms[:, here]).sum(axis=0) + sigma * scatter[here]
        value[here] = np.exp(line) if form == "log" else line
    return value


@cache
def _table() -> dict[tuple[str, str], tuple[str, np.ndarray, float]]:
    return {
        (row["quantity"], row["state"]): (
            row["form"],
            np.array([float(row[term]) for term in TERMS]),
            float(row["scatter"]),
        )
        for row in read_rows("seismic_relations.csv")
    }
