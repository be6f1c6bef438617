"""Colours with their errors, extinction from H - W2, and the pseudo-absolute magnitude."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from starloom.archives.parallax import FIVE, effective_wavenumber, parallax_zero_point

COLOURS = ("bp_rp", "w1_w2", "j_h", "h_w2", "pseudo_mag")
"""Inputs beside the spectrum; the pseudo-absolute magnitude is the last."""

SOURCES = ("bp", "rp", "j", "h", "w1", "w2", "pseudo_mag")
"""What the colours are differences of; each has an error of its own."""

FROM_SOURCES = np.array(
    [
        [1, -1, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, -1, 0],
        [0, 0, 1, -1, 0, 0, 0],
        [0, 0, 0, 1, 0, -1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ],
    np.float32,
)
"""Colours as sums of their sources: J - H and H - W2 share the error of H."""

EXTINCTION = {"g": 0.789, "rp": 0.589, "h": 0.131, "w2": 0.026}
"""A_band / A_V (Wang & Chen 2019, Table 3)."""

INTRINSIC_H_W2 = 0.05
"""H - W2 of a star without dust [mag] (Majewski et al. 2011, Sec. 2; Zasowski et al. 2013)."""

OBLIQUITY_DEG = 23.4392911
"""Of the ecliptic, J2000."""

Table = Mapping[str, np.ndarray]


def rjce_a_v(
    h: Float[np.ndarray, " n_star"], w2: Float[np.ndarray, " n_star"]
) -> Float[np.ndarray, " n_star"]:
    """
    Extinction in V from H - W2 [mag], never negative; NaN where a band is.

    Whatever is intrinsic beyond `INTRINSIC_H_W2` counts as dust, tenfold: carbon and very cool
    stars have magnitudes of it.

    References:
        Majewski, Zasowski & Nidever (2011), with the law of Wang & Chen (2019).
    """
    excess = h - w2 - INTRINSIC_H_W2
    return np.maximum(excess, 0.0) / (EXTINCTION["h"] - EXTINCTION["w2"])


def colours(
    stars: Table, zero_point: bool = True
) -> tuple[Float[np.ndarray, "n_star 5"], Float[np.ndarray, "n_star 7"], dict[str, np.ndarray]]:
    """
    Colours and the pseudo-absolute magnitude parallax 10^(0.2 G_RP), with the errors of their
    sources.

    Args:
        stars: magnitudes phot_bp_mean_mag, phot_rp_mean_mag, j_m, h_m, w1, w2 [mag, Vega] with
            errors `phot_{bp,rp}_mean_flux_over_error`, j_msigcom, h_msigcom, w1_err, w2_err;
            parallax, parallax_error [mas]; for the zero point phot_g_mean_mag,
            nu_eff_used_in_astrometry, pseudocolour [1/um], astrometric_params_solved, ecl_lat
            [deg]. A column that is not there counts as NaN everywhere.
        zero_point: whether the bias of Gaia's parallax is taken off.

    Returns:
        `COLOURS` (NaN where a band, its error or a positive error of the parallax is missing),
        the errors of `SOURCES` (0 where missing), and `a_v`, `parallax` as used.

    References:
        Fallows & Sanders (2024), Secs. 2.3, 3 and Appendix A; Lindegren et al. (2021b).
    """
    get = _getter(stars)
    source = {
        "bp": (get("phot_bp_mean_mag"), _magnitude_error(get("phot_bp_mean_flux_over_error"))),
        "rp": (get("phot_rp_mean_mag"), _magnitude_error(get("phot_rp_mean_flux_over_error"))),
        "j": (get("j_m"), get("j_msigcom")),
        "h": (get("h_m"), get("h_msigcom")),
        "w1": (get("w1"), get("w1_err")),
        "w2": (get("w2"), get("w2_err")),
    }
    a_v = rjce_a_v(source["h"][0], source["w2"][0])
    parallax = get("parallax") - (_bias(get) if zero_point else 0.0)
    with np.errstate(over="ignore"):
        factor = 10 ** (0.2 * (source["rp"][0] - EXTINCTION["rp"] * a_v))
    source["pseudo_mag"] = parallax * factor, get("parallax_error") * factor
    value, error = (np.stack([pair[i] for pair in source.values()], axis=1) for i in (0, 1))
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(value) & np.isfinite(error) & (error > 0)
    value = np.where(usable, value, np.nan)
    found = np.stack(
        [value[:, row != 0] @ row[row != 0] for row in FROM_SOURCES.astype(float)], axis=1
    )
    return found, np.where(usable, error, 0.0), {"a_v": a_v, "parallax": parallax}


def _getter(stars):
    n_star = len(next(iter(stars.values())))

    def get(name):
        return np.asarray(stars[name], float) if name in stars else np.full(n_star, np.nan)

    return get


def _bias(get):
    """
    The zero point of each parallax [mas]; NaN for solutions without parallax.

    A table that does not tell the kind of solution has five parameters and the colour's wavenumber.
    """
    solution = get("astrometric_params_solved")
    solution = np.where(np.isnan(solution), FIVE, solution)
    bp_rp = get("phot_bp_mean_mag") - get("phot_rp_mean_mag")
    wavenumber = get("nu_eff_used_in_astrometry")
    wavenumber = np.where(np.isnan(wavenumber), effective_wavenumber(bp_rp), wavenumber)
    pseudocolour = get("pseudocolour")
    colour = np.where(np.isnan(pseudocolour) | (solution == FIVE), wavenumber, pseudocolour)
    latitude = get("ecl_lat")
    latitude = np.where(np.isnan(latitude), _ecliptic_latitude(get("ra"), get("dec")), latitude)
    return parallax_zero_point(get("phot_g_mean_mag"), colour, latitude, solution)


def _ecliptic_latitude(ra_deg, dec_deg):
    ra, dec, tilt = np.radians(ra_deg), np.radians(dec_deg), np.radians(OBLIQUITY_DEG)
    sine = np.sin(dec) * np.cos(tilt) - np.cos(dec) * np.sin(tilt) * np.sin(ra)
    return np.degrees(np.arcsin(np.clip(sine, -1, 1)))


def _magnitude_error(flux_over_error):
    """Error of a magnitude [mag] from the signal-to-noise ratio of its flux."""
    with np.errstate(divide="ignore"):
        return 2.5 / np.log(10) / flux_over_error
