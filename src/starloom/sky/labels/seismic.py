"""Asteroseismic tables of the Kepler stars, each with its authors' columns and conventions."""

from collections.abc import Mapping

import numpy as np

from starloom.sky.draws import Draws
from starloom.sky.evolution import STATES, lifetime_gyr, mass_loss
from starloom.sky.labels.infrared import designation, twomass_photometry, twomass_position

Table = dict[str, np.ndarray]

NUMAX_SUN, DNU_SUN, TEFF_SUN = 3090.0, 135.1, 5777.0
"""Solar references [uHz, uHz, K] of Huber et al. (2011), as in the true values."""

TYPICAL_FDNU = {"rgb": 0.987, "clump": 1.002}
"""Correction of Delta nu for the phase that a star is not in: medians of Yu et al. (2018)."""

NEEDED = ("star", "kepler", "kic", "numax_uhz", "dnu_uhz", "mass_msun", "radius_rsun", "teff")


YU_TABLE1 = ("KIC", "Kpmag", "QLen", "DLen", "numax", "e_numax", "Delnu", "e_Delnu")
"""Columns of the first table of Yu et al. (2018); the second has KIC and all others."""


def seismic_tables(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> dict[str, Table]:
    """
    The published tables of the Kepler stars, under the names that the raw files have.

    Args:
        stars: columns of `population.draw` with numax_uhz and dnu_uhz [uHz] added.
        magnitudes: true apparent magnitudes [mag].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns of apokasc2, yu2018_table1, yu2018_table2, miglio2021.

    Raises:
        KeyError: if `stars` lacks a column; the message names it.
    """
    yu, _ = yu2018(stars, magnitudes, seed, error_scale)
    return {
        "apokasc2": apokasc2(stars, seed, error_scale)[0],
        "yu2018_table1": {name: yu[name] for name in YU_TABLE1},
        "yu2018_table2": {n: v for n, v in yu.items() if n == "KIC" or n not in YU_TABLE1},
        "miglio2021": miglio2021(stars, magnitudes, seed, error_scale)[0],
    }


def kepler_magnitude(magnitudes: Mapping[str, np.ndarray]) -> np.ndarray:
    """
    Kepler magnitude Kp of red giants from Gaia's photometry [mag].

    References:
        The 549 giants common to Yu et al. (2018) and Li et al. (2023): Kp - G = 0.024, slope
        0.007 on BP - RP, scatter 0.025.
    """
    return magnitudes["g"] + 0.024 + 0.007 * (magnitudes["bp"] - magnitudes["rp"] - 1.3)


def apokasc2(
    stars: Mapping[str, np.ndarray], seed: int, error_scale: float = 1.0
) -> tuple[Table, np.ndarray]:
    """
    A table like APOKASC-2: errors of numax, Delta nu, mass and radius are **fractions**.

    Args:
        stars: columns of `population.draw` with numax_uhz and dnu_uhz [uHz] added.
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns as VizieR's J/ApJS/239/32/table5 in astropy's spelling: KIC, _2MASS, Teff [K],
        __Fe_H_ [dex], Nmax, Dnu [uHz] with e_Nmax, e_Dnu (fractions), Fdnu, M_cor_, R_cor_ (solar)
        with e_M_cor_, e_R_cor_ (fractions), LogAge [log10 of Myr] with e_LogAge, ES (RGB or RC);
        and for each row the row of its star in `stars`.

    Raises:
        KeyError: if `stars` lacks a column; the message names it.

    References:
        Pinsonneault et al. (2018): errors have a floor of 0.9 % in numax and 0.4 % in Delta nu
        on the giant branch; clump stars about 1.3 % and 1.1 %.
    """
    rows, stars, draws = _kepler_rows(stars, seed, "apokasc2", share=0.8)
    clump = _burning(stars)
    numax = stars["numax_uhz"]
    spread = np.exp(0.35 * draws.normal("apokasc2 quality"))
    e_numax = np.where(clump, 0.013 * spread, 0.009 * np.sqrt(40.0 / np.minimum(numax, 40.0)))
    e_dnu = np.where(clump, 0.011 * spread, 0.004 * (50.0 / np.minimum(numax, 50.0)) ** 0.55)
    e_numax, e_dnu = np.clip(e_numax, 0.009, 0.06), np.clip(e_dnu, 0.004, 0.04)
    seen = _measured(draws, stars, "apokasc2", e_numax, e_dnu, e_teff=35.0)
    e_mass = np.sqrt(9 * e_numax**2 + 16 * e_dnu**2 + 0.045**2 + np.where(clump, 0.07, 0.0) ** 2)
    age = _age_of(seen["mass"], seen["m_h"], clump)
    names = designation(*(twomass_position(stars, seed)[name] for name in ("ra", "dec")))
    return {
        "KIC": stars["kic"],
        "_2MASS": names,
        "Teff": seen["teff"],
        "e_Teff": np.full(len(rows), 35.0) * error_scale,
        "__Fe_H_": seen["m_h"],
        "e__Fe_H_": np.full(len(rows), 0.05) * error_scale,
        "Nmax": seen["numax"],
        "e_Nmax": e_numax * error_scale,
        "Dnu": seen["dnu"],
        "e_Dnu": e_dnu * error_scale,
        "Fdnu": seen["fdnu"],
        "M_cor_": seen["mass"],
        "e_M_cor_": e_mass * error_scale,
        "R_cor_": seen["radius"],
        "e_R_cor_": np.sqrt(e_numax**2 + 4 * e_dnu**2 + 0.015**2) * error_scale,
        "LogAge": np.log10(1000.0 * age),
        "e_LogAge": (0.01 + 1.25 * e_mass) * error_scale,
        "ES": np.where(clump, "RC", "RGB"),
    }, rows


def yu2018(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    A table like Yu et al. (2018): errors in uHz, three sets of mass and radius.

    Args:
        stars: columns of `population.draw` with numax_uhz and dnu_uhz [uHz] added.
        magnitudes: true apparent magnitudes [mag].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns as VizieR's J/ApJS/236/42: KIC, Kpmag, QLen (quarters), DLen [d], numax, Delnu
        with e_numax, e_Delnu [uHz], Teff [K], logg, [Fe/H], masses and radii without correction
        (NoCor), with that of the giant branch (RGBcor) and of the clump (Clcor), _RA, _DE [deg] of
        the input catalogue, which are 2MASS's, Phase (1 RGB, 2 helium burning, 0 unknown); and for
        each row the row of its star in `stars`.

    Raises:
        KeyError: if `stars` lacks a column; the message names it.

    References:
        Yu et al. (2018), Sec. 3; medians of the errors by numax and phase from that table.
    """
    rows, stars, draws = _kepler_rows(stars, seed, "yu2018", share=0.9)
    clump = _burning(stars)
    numax = stars["numax_uhz"]
    spread = np.exp(0.35 * draws.normal("yu quality"))
    e_numax = np.where(clump, 0.022, 0.0095 * np.sqrt(60.0 / numax)) * spread
    e_dnu = np.where(clump, 0.011, np.maximum(0.0026 * 60.0 / numax, 0.0018)) * spread
    broad = draws.uniform("yu teff") < 0.7
    e_teff = np.where(broad, 138.0, 80.0)
    seen = _measured(draws, stars, "yu", e_numax, e_dnu, e_teff)
    phase = np.where(clump, 2, 1)
    phase = np.where(draws.uniform("yu confusion") < 0.02, 3 - phase, phase)
    phase = np.where(draws.uniform("yu unknown") < 0.04, 0, phase)
    quarters = np.clip(np.round(18 - 4 * draws.exponential("yu quarters")), 1, 18).astype(int)
    table = {
        "KIC": stars["kic"],
        "Kpmag": kepler_magnitude({band: magnitudes[band][rows] for band in ("g", "bp", "rp")}),
        "QLen": quarters,
        "DLen": 78.0 * quarters,
        "numax": seen["numax"],
        "e_numax": e_numax * numax * error_scale,
        "Delnu": seen["dnu"],
        "e_Delnu": e_dnu * stars["dnu_uhz"] * error_scale,
        "Teff": np.round(seen["teff"]).astype(int),
        "e_Teff": np.round(e_teff * error_scale).astype(int),
        "logg": 4.438
        + np.log10(seen["numax"] / NUMAX_SUN)
        + 0.5 * np.log10(seen["teff"] / TEFF_SUN),
        "e_log(g)": np.hypot(e_numax / 2.303, 0.2 * e_teff / seen["teff"]) * error_scale,
        "[Fe/H]": seen["m_h"] + 0.15 * draws.normal("yu metals"),
        "e_[Fe/H]": np.where(broad, 0.30, 0.15) * error_scale,
    }
    e_mass = np.sqrt(9 * e_numax**2 + 16 * e_dnu**2 + (1.5 * e_teff / seen["teff"]) ** 2)
    e_radius = np.sqrt(e_numax**2 + 4 * e_dnu**2 + (0.5 * e_teff / seen["teff"]) ** 2)
    ascending = np.where(clump, TYPICAL_FDNU["rgb"], seen["fdnu"])
    burning = np.where(clump, seen["fdnu"], TYPICAL_FDNU["clump"])
    for name, fdnu in (("NoCor", 1.0), ("RGBcor", ascending), ("Clcor", burning)):
        mass, radius = _scaling(seen["numax"], seen["dnu"] / fdnu, seen["teff"])
        table[f"{name}M"], table[f"e_{name}M"] = mass, mass * e_mass * error_scale
        table[f"{name}R"], table[f"e_{name}R"] = radius, radius * e_radius * error_scale
    place = twomass_position(stars, seed)
    return table | {"_RA": place["ra"], "_DE": place["dec"], "Phase": phase}, rows


def miglio2021(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    A table like Miglio et al. (2021): `b_X` and `b_x_lc` are **limits** of X, not errors.

    Args:
        stars: columns of `population.draw` with numax_uhz and dnu_uhz [uHz] added.
        magnitudes: true apparent magnitudes [mag].
        seed: the run's seed.
        error_scale: factor on the reported widths; the noise keeps its size.

    Returns:
        Columns as VizieR's J/A+A/645/A85 in astropy's spelling: APOGEE, KIC, magnitudes, RAdeg,
        DEdeg, __Fe_H_, __alpha_M_, Age [Gyr], Mass, Rad (solar), Dist [kpc], Av [mag] with lower
        and upper limits, evstate (1 RGB, 2 clump), GalR, GalZ [kpc], Galphi [rad], vR, vT, vZ
        [km/s]; NaN ages for the few without; and for each row the row of its star in `stars`.

    Raises:
        KeyError: if `stars` lacks a column; the message names it.

    References:
        Miglio et al. (2021), Sec. 3; half-widths of mass 6 % (RGB) and 3 % (clump), as there.
    """
    rows, stars, draws = _kepler_rows(stars, seed, "miglio2021", share=0.6)
    clump = _burning(stars)
    width = {
        "mass": np.where(clump, 0.030, 0.060) * np.exp(0.25 * draws.normal("miglio quality")),
    }
    width["age"], width["radius"] = 3.2 * width["mass"], 0.37 * width["mass"]
    width["distance"] = 0.013 + 0.1 * width["mass"]
    true = _age_of(stars["mass_msun"], stars["m_h"], clump)
    noise = draws.normal("miglio mass")
    place = twomass_position(stars, seed)
    here = {band: values[rows] for band, values in magnitudes.items()}
    infrared = twomass_photometry(stars, here, seed)
    lost = draws.uniform("miglio no age") < 0.007
    av_error = 0.1
    values = {
        "Age": (true * np.exp(-noise * width["age"]), width["age"], "age"),
        "Mass": (stars["mass_msun"] * np.exp(noise * width["mass"]), width["mass"], "mass"),
        "Rad": (stars["radius_rsun"] * np.exp(noise * width["radius"]), width["radius"], "rad"),
        "Dist": (
            stars["distance_pc"] / 1000.0 * np.exp(width["distance"] * draws.normal("miglio dist")),
            width["distance"],
            "dist",
        ),
    }
    table = {
        "APOGEE": np.char.add("2M", designation(place["ra"], place["dec"])),
        "KIC": stars["kic"],
        "Jmag": infrared["j_m"],
        "Hmag": infrared["h_m"],
        "Ksmag": infrared["ks_m"],
        "RAdeg": place["ra"],
        "DEdeg": place["dec"],
        "__Fe_H_": stars["fe_h"] + 0.04 * draws.normal("miglio metals"),
        "__alpha_M_": stars["alpha_m"] + 0.02 * draws.normal("miglio alpha"),
    }
    for name, (value, relative, lower) in values.items():
        value = np.where(lost & (name == "Age"), np.nan, value)
        table[name] = value
        table[f"b_{name}"] = value * (1.0 - relative * error_scale)
        table[f"b_{lower}_lc"] = value * (1.0 + relative * error_scale)
    dust = stars["a_v"] + av_error * draws.normal("miglio dust")
    table |= {
        "Av": dust,
        "b_Av": dust - av_error * error_scale,
        "b_av_lc": dust + av_error * error_scale,
    }
    return table | {
        "evstate": np.where(clump, 2, 1),
        "GalR": stars["galactic_r_kpc"],
        "Galphi": stars["galactic_phi"],
        "GalZ": stars["galactic_z_kpc"],
        "vR": stars["v_r_kms"],
        "vT": stars["v_phi_kms"],
        "vZ": stars["v_z_kms"],
    }, rows


def _kepler_rows(stars, seed, table, share):
    """Rows of the Kepler stars in a table, their columns and their random numbers."""
    missing = [name for name in NEEDED if name not in stars]
    if missing:
        raise KeyError(
            f"{table}: stars have no column {', '.join(missing)}; add numax_uhz and dnu_uhz with "
            "starloom.sky.seismology.scaling, the rest with starloom.sky.population.draw"
        )
    chosen = Draws(seed, stars["star"]).uniform(f"{table} member") < share
    good = np.isfinite(stars["numax_uhz"]) & np.isfinite(stars["dnu_uhz"])
    rows = np.flatnonzero(np.asarray(stars["kepler"], bool) & chosen & good)
    stars = {name: np.asarray(values)[rows] for name, values in stars.items()}
    for name in ("numax_uhz", "dnu_uhz"):
        stars[name] = stars[name].astype(float)
    return rows, stars, Draws(seed, stars["star"])


def _burning(stars):
    """Whether a star burns helium in its core, from the name or the code of its state."""
    state = stars["state"]
    if state.dtype.kind in "iu":
        state = np.array(STATES)[state]
    return np.isin(state.astype(str), ("red_clump", "secondary_clump"))


def _measured(draws, stars, table, e_numax, e_dnu, e_teff):
    """Noisy numax, Delta nu, Teff and [M/H], and the mass and radius that follow from them."""
    numax = stars["numax_uhz"] * (1.0 + e_numax * draws.normal(f"{table} numax"))
    dnu = stars["dnu_uhz"] * (1.0 + e_dnu * draws.normal(f"{table} dnu"))
    teff = stars["teff"] + e_teff * draws.normal(f"{table} teff")
    plain = DNU_SUN * np.sqrt(stars["mass_msun"] / stars["radius_rsun"] ** 3)
    fdnu = stars["dnu_uhz"] / plain * (1.0 + 0.002 * draws.normal(f"{table} fdnu"))
    mass, radius = _scaling(numax, dnu / fdnu, teff)
    m_h = stars["m_h"] + 0.05 * draws.normal(f"{table} metals")
    return {
        "numax": numax,
        "dnu": dnu,
        "teff": teff,
        "fdnu": fdnu,
        "mass": mass,
        "radius": radius,
        "m_h": m_h,
    }


def _scaling(numax, dnu, teff):
    """Mass and radius [solar] from the scaling relations (Kjeldsen & Bedding 1995)."""
    power, density, heat = numax / NUMAX_SUN, dnu / DNU_SUN, teff / TEFF_SUN
    return power**3 / density**4 * heat**1.5, power / density**2 * heat**0.5


def _age_of(mass, m_h, clump):
    """Age [Gyr] that a mass implies, the mass lost before the clump put back."""
    before = np.where(clump, (mass + 0.14) / 1.05, mass)
    before = np.where(clump & (mass_loss(before) <= 0), mass, before)
    return np.minimum(lifetime_gyr(np.clip(before, 0.5, 8.0), m_h), 20.0)
