"""APOGEE's allStar table of the simulated stars: labels with errors, flags, repeated rows."""

import csv
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import numpy as np

from starloom.sky.draws import Draws
from starloom.sky.labels.gaia import gaia_source
from starloom.sky.labels.infrared import designation, twomass_photometry, twomass_position

Table = dict[str, np.ndarray]

X_H_ELEMENTS = (
    "C", "CI", "N", "O", "Na", "Mg", "Al", "Si", "P", "S", "K", "Ca", "Ti", "TiII", "V", "Cr", "Mn",
    "Fe", "Co", "Ni", "Cu", "Ge", "Rb", "Ce", "Nd", "Yb",
)  # fmt: skip
"""Order of the arrays X_H and X_H_ERR of DR17; elements that the sky lacks are NaN."""

ASPCAP_BIT = {
    "teff_warn": 0, "logg_warn": 1, "m_h_warn": 3, "star_warn": 7, "chi2_warn": 8,
    "rotation_warn": 10, "sn_warn": 11, "teff_bad": 16, "logg_bad": 17, "m_h_bad": 19,
    "star_bad": 23, "chi2_bad": 24, "rotation_bad": 26, "sn_bad": 27,
}  # fmt: skip
STAR_BIT = {
    "bright_neighbor": 2, "very_bright_neighbor": 3, "low_snr": 4, "persist_high": 9,
    "persist_med": 10, "persist_low": 11, "suspect_rv_combination": 16, "suspect_broad_lines": 17,
    "multiple_suspect": 22,
}  # fmt: skip
"""Bits of ASPCAPFLAG and STARFLAG in DR17 (SDSS bitmasks APOGEE_ASPCAPFLAG, APOGEE_STARFLAG)."""

GRID_EDGES = {
    "TEFF": (3000.0, 20000.0),
    "LOGG": (-0.5, 5.5),
    "M_H": (-2.5, 1.0),
    "ALPHA_M": (-0.75, 1.0),
    "FE_H": (-2.5, 1.0),
    "C_FE": (-1.5, 1.0),
    "N_FE": (-1.0, 2.3),
}
"""Ends of the pipeline's grid of synthetic spectra (Jonsson et al. 2020, Table 3): labels stop
there, also those of stars beyond; other elements stop at 2.5 dex either way."""

DUPLICATE = 1 << 4
"""Bit of EXTRATARG that marks the repeated row of a star."""

ELEMENT_FLAG = 1 << 0
"""Bit of the element flags: the value lies at the edge of the grid or could not be measured."""


def apogee_snr(
    stars: Mapping[str, np.ndarray], magnitudes: Mapping[str, np.ndarray], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """
    Signal-to-noise ratio of a star's combined spectrum, and the visits in it.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes; `h` counts.
        seed: the run's seed.

    Returns:
        SNR in each half-resolution element, shape (n_star,), NaN without a magnitude, and the
        number of visits.

    References:
        Zasowski et al. (2017), Sec. 2: SNR 100 at H = 12.2 in three visits, more for fainter
        cohorts.
    """
    draws = Draws(seed, stars["star"])
    h_mag = np.asarray(magnitudes["h"], float)
    planned = np.interp(h_mag, [11.0, 12.2, 12.8, 13.3, 13.8], [1.6, 3.0, 6.0, 12.0, 18.0])
    planned = np.where(np.isfinite(h_mag), planned, 1.0)
    visits = np.clip(np.round(planned * np.exp(0.45 * draws.normal("visits"))), 1, 40)
    photons = 10 ** (-0.4 * (h_mag - 12.2))
    one = 67.0 * np.sqrt(photons) / np.sqrt(1.0 + 0.35 / photons)
    seeing = np.exp(0.25 * draws.normal("seeing"))
    return np.minimum(one * np.sqrt(visits) * seeing, 2500.0), visits.astype(np.int32)


def allstar_rows(stars: Mapping[str, np.ndarray], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """
    The star of each row of allStar, and whether it is the star's second row.

    Args:
        stars: `star` of `population.draw`.
        seed: the run's seed.
    """
    again = Draws(seed, stars["star"]).uniform("repeated") < 0.01
    row = np.repeat(np.arange(len(again)), 1 + again)
    return row, np.concatenate([[False], row[1:] == row[:-1]])[: len(row)]


def apogee_id(stars: Mapping[str, np.ndarray], seed: int) -> np.ndarray:
    """Names of the stars, from their 2MASS positions."""
    seen = twomass_position(stars, seed)
    return np.char.add("2M", designation(seen["ra"], seen["dec"]))


def apogee(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    Rows of allStar: one a star, and a second one for about 1 % of them.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes g, bp, rp, j, h, ks, w1, w2 [mag, Vega].
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns named and scaled as in DR17's allStar (synspec_rev1), NaN where a label is
        missing; and for each row the row of its star in `stars`.

    References:
        Holtzman et al. (2018) and Jonsson et al. (2020): flags, ranges, errors that grow with
        falling SNR, towards hot and metal-poor stars; Abdurro'uf et al. (2022): DR17.
    """
    snr, visits = apogee_snr(stars, magnitudes, seed)
    row, second = allstar_rows(stars, seed)
    truth = {name: np.asarray(values)[row] for name, values in stars.items()}
    snr = np.where(second, 0.6 * snr[row], snr[row])
    noise = Draws(seed, 2 * truth["star"] + second)

    starflag = _starflag(noise, truth, snr)
    aspcapflag, lost = _aspcapflag(noise, truth, snr)
    table = _identity(stars, seed, row, second)
    table |= {
        "NVISITS": np.where(second, 1, visits[row]).astype(np.int32),
        "SNR": snr.astype(np.float32),
        "SNREV": (0.95 * snr).astype(np.float32),
        "STARFLAG": starflag,
        "ASPCAPFLAG": aspcapflag,
        "EXTRATARG": np.where(second, DUPLICATE, 0).astype(np.int32),
    }
    table |= _velocity(noise, truth, snr)
    table |= _labels(noise, truth, snr, lost, error_scale)
    table |= _photometry(stars, magnitudes, seed, row, error_scale)
    return table, row


@lru_cache(maxsize=1)
def error_laws() -> dict[str, dict]:
    """By allStar column: truth's column, floor, term at SNR 100, dwarf factor, weak-line slope."""
    path = resources.files("starloom.sky") / "data" / "label_errors.csv"
    with path.open() as handle:
        return {
            row["label"]: {
                name: value if name in ("column", "source") else float(value)
                for name, value in row.items()
                if name != "label"
            }
            for row in csv.DictReader(handle)
        }


def label_error(label: str, stars: Mapping[str, np.ndarray], snr: np.ndarray) -> np.ndarray:
    """
    Error of an allStar label.

    Args:
        label: TEFF, LOGG, M_H, ... as in `error_laws`.
        stars: true teff, logg, m_h.
        snr: signal-to-noise ratio.

    Returns:
        One sigma in the label's unit: the floor and 100/SNR in quadrature, larger in dwarfs, in
        hot, very cool and metal-poor stars.
    """
    law = error_laws()[label]
    base = np.hypot(law["floor"], law["at_snr_100"] * 100.0 / snr)
    dwarf = 1.0 + (law["dwarf_factor"] - 1.0) * np.clip((stars["logg"] - 3.5) / 0.5, 0.0, 1.0)
    hot = 10 ** np.clip((stars["teff"] - 4900.0) / 3000.0, 0.0, 1.5)
    cool = 10 ** np.clip((3900.0 - stars["teff"]) / 900.0, 0.0, 1.0)
    poor = 10 ** ((0.12 + law["weak_line_dex"]) * np.clip(-0.5 - stars["m_h"], 0.0, 2.5))
    return base * dwarf * hot * cool * poor


def _identity(stars, seed, row, second):
    """Names, places and file names of the rows."""
    seen, name = twomass_position(stars, seed), apogee_id(stars, seed)[row]
    south = stars["dec"] < -20.0
    telescope = np.where(south, "lco25m", "apo25m")[row]
    lon = np.round(np.asarray(stars["l"]) / 3.0).astype(int) * 3 % 360
    lat = np.round(np.asarray(stars["b"]) / 3.0).astype(int) * 3
    lon = np.where(second, (lon[row] + 1) % 360, lon[row])
    signed = np.where(lat < 0, np.char.mod("-%02d", np.abs(lat)), np.char.mod("+%02d", np.abs(lat)))
    prefix = np.where(south, "asStar-dr17-", "apStar-dr17-")[row]
    return {
        "APOGEE_ID": name,
        "TELESCOPE": telescope,
        "FIELD": np.char.add(np.char.mod("%03d", lon), signed[row]),
        "FILE": np.char.add(np.char.add(prefix, name), ".fits"),
        "RA": seen["ra"][row],
        "DEC": seen["dec"][row],
        "GLON": np.asarray(stars["l"])[row],
        "GLAT": np.asarray(stars["b"])[row],
    }


def _starflag(noise, stars, snr):
    """Quality bits of the spectrum; two rows in five have one, as in DR17."""
    bits = np.zeros(len(snr), np.int64)
    for name, share in (
        ("bright_neighbor", 0.11), ("very_bright_neighbor", 0.01), ("persist_high", 0.10),
        ("persist_med", 0.08), ("persist_low", 0.15), ("suspect_rv_combination", 0.02),
    ):  # fmt: skip
        bits |= np.where(noise.uniform(name) < share, 1 << STAR_BIT[name], 0)
    bits |= np.where(snr >= 30.0, 0, 1 << STAR_BIT["low_snr"])
    bits |= np.where(stars["vsini_kms"] > 30.0, 1 << STAR_BIT["suspect_broad_lines"], 0)
    moving = np.nan_to_num(stars["rv_amplitude_kms"]) > 25.0
    return bits | np.where(moving, 1 << STAR_BIT["multiple_suspect"], 0)


def _aspcapflag(noise, stars, snr):
    """Bits of the label pipeline, and which rows get no labels at all."""
    teff, m_h = stars["teff"], stars["m_h"]
    odd = noise.uniform("chi2")
    on = {
        "teff_warn": (teff > 7000) | (teff < 3500),
        "logg_warn": stars["logg"] < 0.3,
        "m_h_warn": m_h < -2.2,
        "chi2_warn": odd < 0.03,
        "rotation_warn": stars["vsini_kms"] > 12.0,
        "sn_warn": ~(snr >= 70.0),
        "teff_bad": (teff > 8500) | (teff < 3150),
        "logg_bad": stars["logg"] < -0.2,
        "m_h_bad": (m_h < -2.5) | (stars["kind"] == "carbon_star"),
        "chi2_bad": (odd < 0.008) | (stars["kind"] == "carbon_star"),
        "rotation_bad": stars["vsini_kms"] > 40.0,
        "sn_bad": ~(snr >= 30.0),
    }
    on["star_bad"] = np.logical_or.reduce(
        [
            on[name]
            for name in ("teff_bad", "logg_bad", "m_h_bad", "chi2_bad", "rotation_bad", "sn_bad")
        ]
    )
    on["star_warn"] = on["star_bad"] | np.logical_or.reduce(
        [on[name] for name in ("teff_warn", "logg_warn", "chi2_warn", "rotation_warn", "sn_warn")]
    )
    bits = np.zeros(len(snr), np.int64)
    for name, raised in on.items():
        bits |= np.where(raised, 1 << ASPCAP_BIT[name], 0)
    lost = ~(snr >= 8.0) | (teff > 19000) | (teff < 3000) | (noise.uniform("failed") < 0.006)
    return bits, lost


def _velocity(noise, stars, snr):
    error = np.sqrt(0.04**2 + (4.0 / snr) ** 2 + (0.02 * stars["vsini_kms"]) ** 2)
    swing = np.nan_to_num(stars["rv_amplitude_kms"])
    wobble = swing * np.sin(noise.uniform("phase", 0.0, 2 * np.pi))
    return {
        "VHELIO_AVG": (stars["radial_velocity"] + wobble + error * noise.normal("velocity")).astype(
            np.float32
        ),
        "VERR": error.astype(np.float32),
        "VSCATTER": np.hypot(error, swing * noise.uniform("swing")).astype(np.float32),
    }


def _labels(noise, stars, snr, lost, error_scale):
    """Labels with noise; elements fade with temperature and metallicity before the main labels."""
    table = {}
    faded = (stars["teff"] > 7000) | (stars["teff"] < 3300) | ~(snr >= 15.0)
    x_h = np.full((len(snr), len(X_H_ELEMENTS)), np.nan, np.float32)
    x_h_err = x_h.copy()
    for label, law in error_laws().items():
        error = label_error(label, stars, snr)
        value = stars[law["column"]] + error * noise.normal(f"label {label}")
        value = np.clip(value, *GRID_EDGES.get(label, (-2.5, 2.5)))
        missing = lost
        if label.endswith(("_FE", "FE_H")):
            missing = missing | faded | (error > (0.5 if label != "FE_H" else 1.0))
            table[f"{label}_FLAG"] = np.where(missing, ELEMENT_FLAG, 0).astype(np.int32)
        table[label] = np.where(missing, np.nan, value).astype(np.float32)
        table[f"{label}_ERR"] = np.where(missing, np.nan, error * error_scale).astype(np.float32)
    for column, element in enumerate(X_H_ELEMENTS):
        name = f"{element.upper()}_FE"
        if element == "Fe":
            x_h[:, column], x_h_err[:, column] = table["FE_H"], table["FE_H_ERR"]
        elif name in table:
            x_h[:, column] = table[name] + table["FE_H"]
            x_h_err[:, column] = table[f"{name}_ERR"]
    return table | {"X_H": x_h, "X_H_ERR": x_h_err}


def _photometry(stars, magnitudes, seed, row, error_scale):
    """2MASS and Gaia columns; a few rows lack the source_id."""
    table = {}
    infrared = twomass_photometry(stars, magnitudes, seed)
    for theirs, band in (("J", "j"), ("H", "h"), ("K", "ks")):
        table[theirs] = infrared[f"{band}_m"][row].astype(np.float32)
        error = infrared[f"{band}_msigcom"][row] * error_scale
        table[f"{theirs}_ERR"] = error.astype(np.float32)
    gaia = gaia_source(stars, magnitudes, seed, error_scale)
    unknown = (Draws(seed, stars["star"]).uniform("no gaia match") < 0.007)[row]
    table["GAIAEDR3_SOURCE_ID"] = np.where(unknown, 0, gaia["source_id"][row])
    for name in (
        "parallax", "parallax_error", "pmra", "pmra_error", "pmdec", "pmdec_error",
        "phot_g_mean_mag", "phot_bp_mean_mag", "phot_rp_mean_mag",
    ):  # fmt: skip
        values = np.where(unknown, np.nan, gaia[name][row])
        table[f"GAIAEDR3_{name.upper()}"] = values.astype(np.float32)
    return table
