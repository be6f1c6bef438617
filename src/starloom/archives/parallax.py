"""The bias of DR3's parallaxes, as Gaia's own team measured it."""

import csv
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float, Int

FIVE, SIX = 31, 95
"""Values of astrometric_params_solved: colour from photometry, or solved for (pseudocolour)."""

TERMS = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (3, 0), (4, 0))
"""Powers (colour, latitude) of the terms; see Lindegren et al. (2021b), Eq. A.2."""


def effective_wavenumber(bp_rp: np.ndarray) -> np.ndarray:
    """
    Effective wavenumber [1/um] from the colour [mag].

    References:
        Lindegren et al. (2021a), Eq. 3.
    """
    return 1.76 - 1.61 / np.pi * np.arctan(0.531 * bp_rp)


def parallax_zero_point(
    g_mag: Float[np.ndarray, " n_star"],
    nu_eff: Float[np.ndarray, " n_star"],
    ecl_lat_deg: Float[np.ndarray, " n_star"],
    solution: Int[np.ndarray, " n_star"] | int = FIVE,
) -> Float[np.ndarray, " n_star"]:
    """
    Bias of the DR3 parallax [mas]: reported = true + bias.

    Args:
        g_mag: G; the ends of 6 to 21 hold outside.
        nu_eff: effective wavenumber [1/um], or pseudocolour for a six-parameter solution.
        ecl_lat_deg: ecliptic latitude [deg].
        solution: astrometric_params_solved, 31 or 95.

    Returns:
        The bias; NaN where an argument is NaN or the solution is neither of the two.

    References:
        Lindegren et al. (2021b), Eqs. A.3-A.5, Tables 9 and 10.
    """
    colour_range = np.clip(nu_eff, 1.24, 1.72) - 1.48
    colour = {
        0: 1.0,
        1: colour_range,
        2: np.minimum(colour_range, 0.0) ** 3 * -1.0,
        3: np.minimum(nu_eff, 1.24) - 1.24,
        4: np.maximum(nu_eff, 1.72) - 1.72,
    }
    sine = np.sin(np.radians(ecl_lat_deg))
    latitude = {0: 1.0, 1: sine, 2: sine**2 - 1.0 / 3.0}
    found = np.full(np.shape(g_mag), np.nan)
    for code in (FIVE, SIX):
        grid, coefficients = _table(code)
        bias = 0.0
        for (j, k), column in coefficients.items():
            bias = bias + np.interp(g_mag, grid, column) * colour[j] * latitude[k]
        found = np.where(np.asarray(solution) == code, bias / 1000.0, found)
    return found


@cache
def _table(code):
    path = resources.files("starloom.archives") / "data" / "parallax_zero_point.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    rows = [row for row in rows if int(row["solution"]) == code]
    grid = np.array([float(row["g_mag"]) for row in rows])
    columns = {(j, k): np.array([float(row[f"q{j}{k}_uas"]) for row in rows]) for j, k in TERMS}
    return grid, columns
