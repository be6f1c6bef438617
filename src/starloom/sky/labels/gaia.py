"""Gaia's view of the simulated stars: gaia_source, its errors by magnitude, and GSP-Phot."""

from collections.abc import Mapping

import numpy as np

from starloom.archives.parallax import effective_wavenumber, parallax_zero_point
from starloom.sky import kinematics
from starloom.sky.draws import Draws

Table = dict[str, np.ndarray]

EPOCH = 2016.0
"""Reference epoch of DR3 [Julian year]."""

ZERO_POINT_MAG = {"g": 25.6873668671, "bp": 25.3385422158, "rp": 24.7478955012}
"""Vega zero points of fluxes in e-/s: Riello et al. (2021), Table 2 (Gaia EDR3)."""

OBLIQUITY_DEG = 23.4392911

XP_LIMIT = 17.65
"""G beyond which DR3 has no XP spectra of most sources: De Angeli et al. (2023), Sec. 2."""


def gaia_source(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> Table:
    """
    Rows of gaia_source, one a star, in the order of the stars.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes g, bp, rp, j, h, ks, w1, w2 [mag, Vega].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns named and scaled as in the archive: positions [deg] with errors [mas] at
        2016.0, parallax [mas] with the zero point of DR3 in it, proper motions [mas/yr], fluxes
        [e-/s], magnitudes [mag, Vega], and the GSP-Phot labels.

    References:
        Errors of position, parallax, proper motion: Gaia science performance, as in PyGaia
        (DR3 factors); photometry: `magnitude_error`.
    """
    draws = Draws(seed, stars["star"])
    g_mag = magnitudes["g"]
    wobble = _wobble_mas(stars)
    ruwe = _ruwe(draws, wobble)
    errors = _astrometric_errors(g_mag, ruwe)
    nu_eff = effective_wavenumber(magnitudes["bp"] - magnitudes["rp"])
    ecl_lon, ecl_lat = ecliptic(stars["ra"], stars["dec"])
    parallax = 1000.0 / stars["distance_pc"] + parallax_zero_point(g_mag, nu_eff, ecl_lat)

    measured = {
        "parallax": parallax + errors["parallax"] * draws.normal("gaia parallax"),
        "pmra": stars["pmra"] + errors["pmra"] * draws.normal("gaia pmra"),
        "pmdec": stars["pmdec"] + errors["pmdec"] * draws.normal("gaia pmdec"),
    }
    ra, dec = kinematics.moved(
        stars["ra"],
        stars["dec"],
        errors["ra"] * draws.normal("gaia ra"),
        errors["dec"] * draws.normal("gaia dec"),
        1.0,
    )
    n_star = len(ra)
    columns = {
        "designation": np.char.add("Gaia DR3 ", stars["source_id"].astype(str)),
        "source_id": stars["source_id"],
        "ref_epoch": np.full(n_star, EPOCH),
        "ra": ra,
        "dec": dec,
        **measured,
        **{f"{name}_error": values * error_scale for name, values in errors.items()},
        "parallax_over_error": measured["parallax"] / (errors["parallax"] * error_scale),
        "pm": np.hypot(measured["pmra"], measured["pmdec"]),
        "astrometric_params_solved": np.full(n_star, 31, np.int16),
        "nu_eff_used_in_astrometry": nu_eff,
        "pseudocolour": np.full(n_star, np.nan),
        "ecl_lon": ecl_lon,
        "ecl_lat": ecl_lat,
        "l": stars["l"],
        "b": stars["b"],
        "ruwe": ruwe,
        **_photometry(draws, magnitudes, error_scale),
        **_radial_velocity(draws, stars, g_mag, error_scale),
        **gspphot(stars, magnitudes, seed),
    }
    return columns


def parallax_error_mas(g_mag: np.ndarray) -> np.ndarray:
    """
    Median parallax error of DR3 by G [mas].

    References:
        Form of the Gaia science performance pages (PyGaia, release dr3): a floor brighter than
        G = 13.
    """
    z = 10 ** (0.4 * (np.maximum(g_mag, 13.0) - 15.0))
    return np.sqrt(40.0 + 800.0 * z + 30.0 * z**2) / 1000.0


def magnitude_error(band: str, mag: np.ndarray) -> np.ndarray:
    """
    Error of a mean magnitude: floor, photons and background in quadrature [mag].

    Args:
        band: g, bp or rp.
        mag: magnitude in that band.

    References:
        Medians of DR3 as published with the Gaia science performance (Riello et al. 2021, Fig. 1
        for G), met within 40 % from 8 to 20 mag: 0.7, 4.5, 6.9 mmag at 17 in G, BP, RP.
    """
    floor, photon, background = {
        "g": (0.18, 0.66, 3.6),
        "bp": (0.50, 3.8, 42.0),
        "rp": (0.26, 3.6, 66.0),
    }[band]
    bright = photon * 10 ** (0.2 * (mag - 17.0))
    faint = background * 10 ** (0.4 * (mag - 20.0))
    return np.sqrt(floor**2 + bright**2 + faint**2) / 1000.0


def ecliptic(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ecliptic longitude and latitude [deg] of the J2000 mean ecliptic."""
    tilt = np.radians(OBLIQUITY_DEG)
    cosine, sine = np.cos(tilt), np.sin(tilt)
    rotate = np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]])
    return kinematics.angles(kinematics.rotated(rotate, kinematics.direction(ra, dec)))


def gspphot(
    stars: Mapping[str, np.ndarray], magnitudes: Mapping[str, np.ndarray], seed: int
) -> Table:
    """
    GSP-Phot labels: precise at low extinction, led astray by dust.

    One error of the extinction moves all labels together: too much dust makes a star hotter, and
    metallicities come out low and compressed.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true magnitudes.
        seed: the run's seed.

    Returns:
        teff_gspphot [K], logg_gspphot, mh_gspphot [dex], azero_gspphot, ag_gspphot [mag], with
        the archive's lower and upper limits of teff, logg and mh; NaN for the 8 % without result.

    References:
        Sizes after Andrae et al. (2023), Secs. 3.4-3.6: the temperature-extinction degeneracy,
        [M/H] low by 0.2 dex and of little use; the form is made for this sky.
    """
    draws = Draws(seed, stars["star"])
    dust = stars["a_v"]
    wrong = (0.05 + 0.22 * dust) * draws.normal("gspphot dust") + 0.06 * dust
    wrong = np.maximum(wrong, -dust)
    faint = magnitude_error("bp", magnitudes["bp"]) * 1000.0 / 12.0
    teff = stars["teff"] * (1.0 + 0.075 * wrong) + (55.0 + 40.0 * faint) * draws.normal("gsp teff")
    logg = stars["logg"] + 0.25 * wrong + (0.15 + 0.1 * faint) * draws.normal("gsp logg")
    m_h = -0.25 + 0.65 * stars["m_h"] + 0.35 * wrong + 0.2 * draws.normal("gsp mh")
    none = (draws.uniform("gsp missing") < 0.08) | (magnitudes["g"] > 19.0)
    a_zero = np.maximum(dust + wrong, 0.0)
    columns = {}
    for name, value, half in (
        ("teff", teff, 0.4 * (55.0 + 40.0 * faint)),
        ("logg", logg, 0.02 + 0.03 * faint),
        ("mh", np.clip(m_h, -4.15, 0.8), 0.06 + 0.03 * faint),
    ):
        columns[f"{name}_gspphot"] = np.where(none, np.nan, value)
        columns[f"{name}_gspphot_lower"] = np.where(none, np.nan, value - half)
        columns[f"{name}_gspphot_upper"] = np.where(none, np.nan, value + half)
    columns["azero_gspphot"] = np.where(none, np.nan, a_zero)
    columns["ag_gspphot"] = np.where(none, np.nan, 0.83 * a_zero)
    return columns


def _astrometric_errors(g_mag, ruwe):
    parallax = parallax_error_mas(g_mag) * np.maximum(ruwe, 1.0)
    factors = {"ra": 0.80, "dec": 0.70, "parallax": 1.0, "pmra": 1.03, "pmdec": 0.89}
    return {name: parallax * factor for name, factor in factors.items()}


def _wobble_mas(stars):
    """Amplitude [mas] of the photocentre of a binary, damped when slower than the mission."""
    total = stars["mass_msun"] + stars["companion_mass_msun"]
    years = stars["period_day"] / 365.25
    axis_au = (total * years**2) ** (1 / 3) * stars["companion_mass_msun"] / total
    seen = 1.0 / (1.0 + (years / 3.0) ** 2)
    return np.nan_to_num(axis_au * seen * 1000.0 / stars["distance_pc"])


def _ruwe(draws, wobble_mas):
    """Renormalised unit weight error: about 1, raised where the wobble exceeds 0.3 mas."""
    return np.exp(0.05 * draws.normal("ruwe")) * np.sqrt(1.0 + (wobble_mas / 0.3) ** 2)


def _photometry(draws, magnitudes, error_scale):
    columns = {}
    for band in ("g", "bp", "rp"):
        relative = magnitude_error(band, magnitudes[band]) * np.log(10) / 2.5
        true = 10 ** (0.4 * (ZERO_POINT_MAG[band] - magnitudes[band]))
        flux = true * (1.0 + relative * draws.normal(f"gaia flux {band}"))
        error = true * relative * error_scale
        columns[f"phot_{band}_mean_flux"] = flux
        columns[f"phot_{band}_mean_flux_error"] = error
        columns[f"phot_{band}_mean_flux_over_error"] = flux / error
        mag = ZERO_POINT_MAG[band] - 2.5 * np.log10(np.where(flux > 0, flux, np.nan))
        columns[f"phot_{band}_mean_mag"] = mag
    # light of neighbours in the BP and RP windows, which are 3.5 arcsec long
    extra = 1.0 + 0.004 * draws.exponential("excess") ** 2
    both = (columns["phot_bp_mean_flux"] + columns["phot_rp_mean_flux"]) * extra
    columns["phot_bp_rp_excess_factor"] = both / columns["phot_g_mean_flux"]
    columns["bp_rp"] = columns["phot_bp_mean_mag"] - columns["phot_rp_mean_mag"]
    columns["bp_g"] = columns["phot_bp_mean_mag"] - columns["phot_g_mean_mag"]
    columns["g_rp"] = columns["phot_g_mean_mag"] - columns["phot_rp_mean_mag"]
    columns["has_xp_continuous"] = magnitudes["g"] < XP_LIMIT
    return columns


def _radial_velocity(draws, stars, g_mag, error_scale):
    """Mean radial velocities [km/s] for stars brighter than G = 14.5, as Katz et al. (2023)."""
    error = np.sqrt(0.12**2 + (1.2 * 10 ** (0.3 * (g_mag - 13.0))) ** 2)
    velocity = stars["radial_velocity"] + error * draws.normal("gaia rv")
    bright = (g_mag < 14.5) & (stars["teff"] < 14500)
    return {
        "radial_velocity": np.where(bright, velocity, np.nan),
        "radial_velocity_error": np.where(bright, error * error_scale, np.nan),
    }
