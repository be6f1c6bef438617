"""
Simulated Kepler light curves as FITS files with the mission's units, columns and keywords.

Every header says that the star is simulated: SIMULATD is true, ORIGIN names this project.
"""

import datetime
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from starloom.sky import kepler_cadence as calendar
from starloom.sky.chemistry import read_rows
from starloom.sky.files.label import SIMULATED
from starloom.sky.kepler_photometry import QuarterFile
from starloom.tables import atomic

BLOCK = 2880
DTYPES = {"D": ">f8", "E": ">f4", "J": ">i4"}


def file_name(kic: int, stamp: str) -> str:
    """Name of a long-cadence file, as the archive has it."""
    return f"kplr{kic:09d}-{stamp}_llc.fits"


def write_light_curve(
    folder: str | Path, target: Mapping[str, float], made: list[QuarterFile]
) -> list[Path]:
    """
    Write one star's quarters, one file each.

    Args:
        folder: where the files go.
        target: kic, and as far as known ra_deg, dec_deg, glon_deg, glat_deg [deg], kepmag, jmag,
            hmag, kmag [mag], teff [K], logg [cgs], feh [dex], radius_rsun [Rsun]; a value that is
            absent or NaN leaves its keyword blank, as the mission does.
        made: what `kepler_photometry.observe` returned.

    Returns:
        The paths, by quarter.

    Raises:
        KeyError: if `target` has no kic.

    References:
        Thompson et al. (2016), Kepler Archive Manual (KDMC-10008-006), Sec. 2.3.1.
    """
    facts = _target(target)
    paths = []
    for one in made:
        path = Path(folder) / file_name(int(target["kic"]), one.quarter.stamp)
        content = _file(facts, one)
        with atomic(path) as temporary:
            temporary.write_bytes(content)
        paths.append(path)
    return paths


def card(keyword: str, value: object, comment: str) -> str:
    """
    One header card of 80 characters in the standard's fixed format.

    Args:
        keyword: up to 8 characters.
        value: True or False, an integer, a number, text, or None for an undefined value.
        comment: cut where the card ends.
    """
    if value is None:
        text = ""
    elif isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        text = f"'{value:<8}'".ljust(20)
    elif isinstance(value, int | np.integer):
        text = f"{value:>20d}"
    else:
        text = f"{_number(float(value)):>20}"
    return f"{keyword:<8}= {text:<20} / {comment}"[:80].ljust(80)


def _number(value):
    text = f"{value:.14G}"
    return text if any(mark in text for mark in ".E") else text + ".0"


@cache
def _columns():
    return read_rows("kepler_columns.csv")


@cache
def _keywords(hdu: int) -> tuple[tuple[str, object, str], ...]:
    rows = [row for row in read_rows("kepler_keywords.csv") if row["hdu"] == str(hdu)]
    return tuple((row["keyword"], _literal(row["value"]), row["comment"]) for row in rows)


def _literal(text):
    """A value of the table as FITS writes it: quoted text, T or F, a number, or nothing."""
    if not text:
        return None
    if text[0] == "'":
        return text.strip("'")
    if text in "TF":
        return text == "T"
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _target(target):
    """Keywords that depend on the star alone."""
    names = {
        "RA_OBJ": "ra_deg",
        "DEC_OBJ": "dec_deg",
        "GLON": "glon_deg",
        "GLAT": "glat_deg",
        "JMAG": "jmag",
        "HMAG": "hmag",
        "KMAG": "kmag",
        "KEPMAG": "kepmag",
        "TEFF": "teff",
        "LOGG": "logg",
        "FEH": "feh",
        "RADIUS": "radius_rsun",
    }
    known = {key: round(float(target[name]), 6) for key, name in names.items() if name in target}
    facts = {key: value for key, value in known.items() if np.isfinite(value)}
    if "TEFF" in facts:
        facts["TEFF"] = round(facts["TEFF"])
    if {"JMAG", "KMAG"} <= set(facts):
        facts["JKCOLOR"] = round(facts["JMAG"] - facts["KMAG"], 3)
    facts |= {"CRVAL1": facts.get("RA_OBJ"), "CRVAL2": facts.get("DEC_OBJ")}
    return facts | {"OBJECT": f"KIC {int(target['kic'])}", "KEPLERID": int(target["kic"])}


def _file(facts, one):
    """The bytes of one file."""
    table = one.table
    rows = len(table["CADENCENO"])
    dtype = [(column["name"], DTYPES[column["format"]]) for column in _columns()]
    data = np.empty(rows, dtype)
    for name, _ in dtype:
        data[name] = table.get(name, np.nan)
    values = facts | _quarter_facts(one) | {"NAXIS2": None}
    image = one.aperture
    parts = [_header(0, values)]
    parts.append(_header(1, values | {"NAXIS2": rows}) + _padded(data.tobytes()))
    shape = {"NAXIS1": image.shape[1], "NAXIS2": image.shape[0]}
    parts.append(_header(2, values | shape) + _padded(image.astype(">i4").tobytes()))
    return b"".join(parts)


def _header(hdu, values):
    cards = []
    for keyword, value, comment in _keywords(hdu):
        if keyword == "COLUMNS":
            cards.extend(_column_cards())
        else:
            given = values.get(keyword)
            cards.append(card(keyword, value if given is None else given, comment))
    cards.append(f"COMMENT   {SIMULATED}"[:80].ljust(80))
    return _padded(("".join(cards) + "END").encode("ascii"), b" ")


@cache
def _column_cards() -> tuple[str, ...]:
    cards = []
    for i, column in enumerate(_columns(), start=1):
        cards.append(card(f"TTYPE{i}", column["name"], column["comment"]))
        cards.append(card(f"TFORM{i}", column["format"], "format"))
        if column["unit"]:
            cards.append(card(f"TUNIT{i}", column["unit"], "unit"))
        cards.append(card(f"TDISP{i}", column["display"], "display"))
    return tuple(cards)


def _padded(content, fill=b"\0"):
    return content + fill * (-len(content) % BLOCK)


def _quarter_facts(one):
    """Keywords that depend on the quarter and on where the star falls in it."""
    quarter, table = one.quarter, one.table
    module, output, channel = calendar.place(one.sky_group, quarter.season)
    first, last = quarter.first_cadence, quarter.last_cadence
    half = 0.5 * calendar.CADENCE_DAYS
    start, stop = (float(calendar.bkjd(cadence)) for cadence in (first, last))
    start, stop = start - half, stop + half
    flux = table["PDCSAP_FLUX"]
    noise = 1e6 * float(np.nanmedian(table["PDCSAP_FLUX_ERR"]) / np.nanmedian(flux))
    live = 0.92063492 * (stop - start)
    return {
        "DATE": _stamp_date(quarter.stamp),
        "CHANNEL": channel,
        "MODULE": module,
        "OUTPUT": output,
        "SKYGROUP": one.sky_group,
        "QUARTER": quarter.quarter,
        "SEASON": quarter.season,
        "TTABLEID": quarter.target_table,
        "EXPOSURE": round(live, 8),
        "LIVETIME": round(live, 8),
        "TELAPSE": round(stop - start, 8),
        "TSTART": round(start, 8),
        "TSTOP": round(stop, 8),
        "LC_START": round(float(calendar.cadence_mjd(first)), 8),
        "LC_END": round(float(calendar.cadence_mjd(last)), 8),
        "DATE-OBS": _calendar_date(start),
        "DATE-END": _calendar_date(stop),
        "CDPP3_0": round(noise / np.sqrt(6.1), 3),
        "CDPP6_0": round(noise / np.sqrt(12.2), 3),
        "CDPP12_0": round(noise / np.sqrt(24.5), 3),
        "CROWDSAP": one.crowding,
        "FLFRCSAP": one.captured,
        "NSPSDDET": one.dropouts,
        "NSPSDCOR": one.dropouts,
        "NPIXSAP": int(np.count_nonzero(one.aperture == 3)),
        "CRVAL1P": round(float(np.nanmin(table["MOM_CENTR1"]))) - 3,
        "CRVAL2P": round(float(np.nanmin(table["MOM_CENTR2"]))) - 2,
    }


def _stamp_date(stamp):
    day = datetime.datetime.strptime(stamp[:7], "%Y%j")
    return day.strftime("%Y-%m-%d")


def _calendar_date(bkjd_days):
    """A barycentric date as a UTC calendar date; leap seconds and light travel are neglected."""
    zero = datetime.datetime(2009, 1, 1, 12)
    moment = zero + datetime.timedelta(days=bkjd_days)
    return moment.isoformat(timespec="milliseconds") + "Z"
