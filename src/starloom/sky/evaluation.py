"""
How good the simulated sky is: its truth against published relations, its surveys against its truth.
"""

from collections.abc import Mapping

import numpy as np

from starloom.archives.parallax import parallax_zero_point
from starloom.numbers import Number, share_error
from starloom.sky import candidates, companions, evolution, seismic_relations
from starloom.sky.population import COMPONENTS

Table = Mapping[str, np.ndarray]

LEAST = 10
"""A number is published from at least as many stars."""

BP_RP_OF_A_V = 1.002 - 0.589
"""E(BP - RP) / A_V (Wang & Chen 2019, Table 3)."""

COLOUR_TEFF = {
    "giants": (0.5323, 0.4775, -0.0344, -0.0110, -0.0020, -0.0009),
    "dwarfs": (0.4929, 0.5092, -0.0353, 0.0192, -0.0020, -0.0395),
}
"""Coefficients of 5040 K / Teff in (BP - RP)_0 and [Fe/H]: Mucciarelli et al. (2021), Table 1."""


def colour_teff(bp_rp: np.ndarray, fe_h: np.ndarray, kind: str) -> np.ndarray:
    """
    Effective temperature [K] of dereddened BP - RP [mag] and [Fe/H] [dex].

    Args:
        bp_rp: (BP - RP)_0.
        fe_h: [Fe/H].
        kind: giants or dwarfs.

    References:
        Mucciarelli, Bellazzini & Massari (2021), A&A 653, A90, Eq. 1.
    """
    b = COLOUR_TEFF[kind]
    theta = b[0] + b[1] * bp_rp + b[2] * bp_rp**2
    return 5040.0 / (theta + b[3] * fe_h + b[4] * fe_h**2 + b[5] * fe_h * bp_rp)


def side_by_side(truth: Table, light: Table, own: Table, prepared: Table) -> Table:
    """
    What is true of each star, and what the surveys say of it.

    Args:
        truth: columns of `population.draw`, sorted by source_id.
        light: true magnitudes by source_id.
        own: seismic parameters of the Kepler stars by source_id.
        prepared: the surveys' columns by source_id.

    Returns:
        The truth with magnitudes, numax_uhz and dnu_uhz, and the columns of the surveys that
        hold fractions, `seen_` before their names; NaN where a star has none.
    """
    stars = dict(truth)
    for table, names, before in (
        (light, [name for name in light if name != "source_id"], ""),
        (own, ["numax_uhz", "dnu_uhz"], ""),
        (prepared, [name for name in prepared if prepared[name].dtype.kind == "f"], "seen_"),
    ):
        known = np.isin(table["source_id"], truth["source_id"])
        row = np.searchsorted(truth["source_id"], table["source_id"][known])
        for name in names:
            stars[before + name] = np.full(len(truth["source_id"]), np.nan)
            stars[before + name][row] = table[name][known]
    return stars


def numbers(stars: Table) -> list[Number]:
    """
    Numbers of the simulated sky.

    Args:
        stars: from `side_by_side`.

    Returns:
        Numbers; those that too few stars give are left out.
    """
    found = [*_shares(stars), *_abundances(stars), *_seismology(stars)]
    found += [*_colours(stars), *_pulls(stars)]
    return [number for number in found if number.n >= LEAST]


def _number(name, value, unit, definition, error, n):
    return Number(f"sky.{name}", "sky", float(value), unit, definition, float(error), int(n))


def _share(name, part, whole, definition):
    """Share in percent with its error."""
    n = max(int(np.sum(whole)), 1)
    share = np.sum(part & whole) / n
    error = 100 * share_error(share, n)
    return _number(name, 100 * share, "percent", definition, error, np.sum(whole))


def _middle(name, values, unit, definition):
    """Median, with its error for Gaussian scatter."""
    values = values[np.isfinite(values)]
    low, middle, high = np.percentile(values, [15.865, 50, 84.135]) if len(values) else (0, 0, 0)
    error = np.sqrt(np.pi / 2) * (high - low) / 2 / np.sqrt(max(len(values), 1))
    return _number(name, middle, unit, definition, error, len(values))


def _width(name, values, unit, definition):
    """Half the width of the central 68 %, with its error for Gaussian scatter."""
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, [15.865, 84.135]) if len(values) else (0, 0)
    error = (high - low) / 2 / np.sqrt(2 * max(len(values), 1))
    return _number(name, (high - low) / 2, unit, definition, error, len(values))


def _slope(name, x, y, unit, definition):
    """Slope of a straight line by least squares, with its error from the scatter."""
    if len(x) < LEAST:
        return _number(name, 0.0, unit, definition, 0.0, len(x))
    (slope, _), covariance = np.polyfit(x, y, 1, cov=True)
    return _number(name, slope, unit, definition, np.sqrt(covariance[0, 0]), len(x))


def _giants(stars):
    return stars["logg"] < evolution.BASE_LOGG


def _shares(stars):
    main, giant = ~stars["candidate"], _giants(stars)
    for name in COMPONENTS:
        words = f"share of the {name.replace('_', '-')} component among all stars but candidates"
        yield _share(f"{name}_share", stars["component"] == name, main, words)
    yield _share(
        "clump_share",
        np.isin(stars["state"], ("red_clump", "secondary_clump")),
        main & giant,
        "share of core-helium burning stars among giants (log g below 3.6)",
    )
    yield _share(
        "young_alpha_rich_share",
        stars["kind"] == candidates.KINDS[candidates.YOUNG],
        main & giant & (stars["alpha_m"] > 0.15),
        "share of giants that have gained mass among those with [alpha/M] above 0.15",
    )
    cemp = [candidates.KINDS[k] for k in (candidates.CEMP_S, candidates.CEMP_NO)]
    yield _share(
        "cemp_share",
        np.isin(stars["kind"], cemp),
        main & (stars["fe_h"] < -2),
        "share of carbon-enhanced stars among those with [Fe/H] below -2, candidates apart",
    )
    lit = np.zeros(len(main), bool)
    lit[companions.shining(stars, 0.01)[0]] = True
    yield _share("binary_share", stars["binary"], main, "share of stars with a companion")
    yield _share(
        "lit_share",
        lit,
        main,
        "share of stars whose companion has 1 % of their light or more, in the infrared or over "
        "all wavelengths",
    )


def _abundances(stars):
    disc = np.isin(stars["component"], ("thin", "thick")) & ~stars["candidate"]
    here = disc & (stars["fe_h"] > -0.6) & (stars["fe_h"] < -0.2)
    alpha = [
        stars["alpha_m"][here & (stars["component"] == name) & (stars["kind"] == "normal")]
        for name in ("thin", "thick")
    ]
    if min(map(len, alpha)) >= LEAST:
        (low, high), (one, two) = ([f(values) for values in alpha] for f in (np.mean, np.std))
        spread = np.sqrt((one**2 + two**2) / 2)
        error = np.sqrt(sum(1 / len(values) for values in alpha))
        words = (
            "distance of the mean [alpha/M] of thick and thin disc at -0.6 < [Fe/H] < -0.2, in "
            "units of their mean scatter"
        )
        yield _number("alpha_separation", (high - low) / spread, "sigma", words, error, here.sum())
    radius, height = stars["galactic_r_kpc"], stars["galactic_z_kpc"]
    near = (stars["component"] == "thin") & (np.abs(height) < 0.5) & (radius > 5) & (radius < 13)
    yield _slope(
        "feh_gradient",
        radius[near],
        stars["fe_h"][near],
        "dex / kpc",
        "slope of the true [Fe/H] of thin-disc stars with galactocentric radius at 5-13 kpc and "
        "less than 0.5 kpc from the plane",
    )
    branch = (stars["state"] == "rgb") & (stars["logg"] < 3.2) & (stars["kind"] == "normal")
    branch &= (np.abs(stars["fe_h"]) < 0.3) & (stars["mass_msun"] < 1.8)
    yield _slope(
        "c_n_slope",
        stars["mass_msun"][branch],
        stars["c_n"][branch],
        "dex / Msun",
        "slope of the true [C/N] of red-giant-branch stars (log g below 3.2, [Fe/H] within 0.3 of "
        "the Sun's) with mass below 1.8 Msun",
    )


def _seismology(stars):
    numax = seismic_relations.numax_uhz(
        evolution.LOGG_SUN + np.log10(stars["mass_msun"]) - 2 * np.log10(stars["radius_rsun"]),
        stars["teff"],
    )
    yield _width(
        "numax_scatter",
        100 * (stars["numax_uhz"] / numax - 1),
        "percent",
        "scatter of numax about 3090 uHz M/R^2 (Teff/5777 K)^-0.5 of the true mass, radius, Teff",
    )
    density = seismic_relations.mean_density_dnu_uhz(stars["mass_msun"], stars["radius_rsun"])
    for name, words, states in (
        ("rgb", "red-giant-branch stars", ["rgb"]),
        ("clump", "clump stars", ["red_clump", "secondary_clump"]),
    ):
        here = np.isin(stars["state"], states)
        yield _middle(
            f"dnu_offset_{name}",
            (100 * (stars["dnu_uhz"] / density - 1))[here],
            "percent",
            f"median deviation of Delta nu of {words} from 135.1 uHz (M/R^3)^0.5",
        )
    fit = np.isfinite(stars["numax_uhz"]) & (stars["numax_uhz"] > 5) & (stars["numax_uhz"] < 280)
    yield _slope(
        "dnu_exponent",
        np.log10(stars["numax_uhz"][fit]),
        np.log10(stars["dnu_uhz"][fit]),
        "1",
        "exponent of Delta nu in numax, 5-280 uHz, by least squares in the logarithms",
    )


def _colours(stars):
    plain = (stars["a_v"] < 0.5) & ~stars["binary"] & (stars["kind"] == "normal")
    plain &= (stars["teff"] > 4000) & (stars["teff"] < 6500)
    colour = stars["bp"] - stars["rp"] - BP_RP_OF_A_V * stars["a_v"]
    for kind, here in (("giants", _giants(stars)), ("dwarfs", stars["logg"] > 4.0)):
        here = here & plain
        off = colour_teff(colour[here], stars["fe_h"][here], kind) - stars["teff"][here]
        words = (
            f"Teff of Mucciarelli et al. (2021) from the true dereddened BP - RP of single {kind} "
            "behind less than 0.5 mag of dust, 4000-6500 K, less the true Teff: "
        )
        yield _middle(f"colour_teff_offset_{kind}", off, "K", words + "median")
        yield _width(f"colour_teff_scatter_{kind}", off, "K", words + "half the central 68 %")


def _pulls(stars):
    solved = np.nan_to_num(stars["seen_astrometric_params_solved"])
    colour = ("seen_nu_eff_used_in_astrometry", "seen_pseudocolour")
    place = np.where(solved == 31, *(stars[name] for name in colour))
    zero = parallax_zero_point(stars["seen_phot_g_mean_mag"], place, stars["seen_ecl_lat"], solved)
    for name, value, error, truth, words in (
        ("parallax", stars["seen_parallax"] - zero, "parallax_error", 1e3 / stars["distance_pc"],
         "Gaia parallaxes, less their published zero point,"),
        ("teff", stars["seen_teff"], "teff_err", stars["teff"], "APOGEE's Teff"),
        ("fe_h", stars["seen_fe_h"], "fe_h_err", stars["fe_h"], "APOGEE's [Fe/H]"),
    ):  # fmt: skip
        yield _width(
            f"{name}_pull",
            (value - truth) / stars[f"seen_{error}"],
            "sigma",
            f"half the central 68 % of {words} about the truth in units of their errors",
        )
