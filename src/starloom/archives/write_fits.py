"""FITS tables in the archives' form: XP spectra as from DataLink, unWISE, APOGEE's allStar."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from starloom.archives.schema import archive_columns
from starloom.archives.unwise import BANDS as WISE_BANDS
from starloom.archives.unwise import REQUIRED as WISE_REQUIRED
from starloom.archives.write_columns import check, missing_band, refuse_unknown, xp_scalar
from starloom.archives.xp_columns import ARRAYS, BANDS
from starloom.tables import atomic

FORMATS = {"int16": "I", "int32": "J", "int64": "K", "float32": "E", "float64": "D", "bool": "L"}
_NO_INT16 = -32768
_LABEL_SYMBOLS = (
    "TEFF",
    "LOGG",
    "LOG10VDOP",
    "METALS",
    "C",
    "N",
    "O Mg Si S Ca Ti",
    "LGVSINI",
    "O",
)
_ELEMENTS = (
    *("C", "CI", "N", "O", "Na", "Mg", "Al", "Si", "P", "S", "K", "Ca", "Ti", "TiII", "V", "Cr"),
    *("Mn", "Fe", "Co", "Ni", "Cu", "Ge", "Rb", "Ce", "Nd", "Yb"),
)
"""Parameters of the spectral fit and elements, in the order of DR17's arrays."""


def write_xp_fits(path: str | Path, spectra: Mapping[str, np.ndarray], note: str) -> None:
    """
    Write XP continuous spectra as DataLink's FITS table: arrays of variable length.

    Args:
        path: the FITS file.
        spectra: as `write_xp_bulk`; a missing band has empty arrays.
        note: what the header says of the origin of the file.

    Raises:
        ValueError: if a column is missing or has another length than `source_id`.
    """
    check(path, spectra, ("source_id", *ARRAYS))
    absent = {band: missing_band(spectra, band) for band in BANDS}
    columns = []
    for name, column in archive_columns("xp_continuous").items():
        base = column.dtype.partition("[")[0]
        if name in ARRAYS:
            values = np.asarray(spectra[name], base)
            cells = np.empty(len(values), object)
            cells[:] = [row[:0] if gone else row for row, gone in _pairs(values, absent[name[:2]])]
            size = values.shape[1]
            form = f"P{FORMATS[base]}({size})"
            columns.append(fits.Column(name, form, array=cells, unit=column.unit or None))
            continue
        values = xp_scalar(name, spectra, absent)
        null = _NO_INT16 if base == "int16" else None
        if base == "int16":
            values = np.full(len(spectra["source_id"]), null) if values is None else values
            values = np.where(values < 0, null, values)
        elif values is None:
            values = np.full(len(spectra["source_id"]), np.nan)
        columns.append(fits.Column(name, FORMATS[base], array=values.astype(base), null=null))
    write_fits(path, primary(note), [fits.BinTableHDU.from_columns(columns)])


def write_unwise(path: str | Path, table: Mapping[str, np.ndarray], note: str) -> None:
    """
    Write unWISE sources as a band-merged catalogue file, whose columns hold a value a band.

    Args:
        path: `*.cat.fits`.
        table: ra, dec [deg], flux_w1, flux_w2 [Vega nanomaggies] and other columns of the
            catalogue, those of a band as `_w1` and `_w2`.
        note: what the header says of the origin of the file.

    Raises:
        ValueError: if a required column is missing, the catalogue has no such column, a column
            is there for one band only, or lengths differ.
    """
    check(path, table, WISE_REQUIRED)
    known = archive_columns("unwise")
    refuse_unknown(path, table, "unwise")
    alone = [n for n in table if n[-3:] in ("_w1", "_w2") and _other_band(n) not in table]
    if alone:
        raise ValueError(f"{path}: there for one band only: {', '.join(alone)}")
    columns = []
    for name, column in known.items():
        if name not in table or name.endswith("_w2"):
            continue
        if name.endswith("_w1"):
            values = np.column_stack([table[name], table[_other_band(name)]])
            columns.append(_column(name[:-3], values, column.dtype, column.unit, len(WISE_BANDS)))
        else:
            columns.append(_column(name, np.asarray(table[name]), column.dtype, column.unit))
    write_fits(path, primary(note), [fits.BinTableHDU.from_columns(columns)])


def write_allstar(path: str | Path, table: Mapping[str, np.ndarray], note: str) -> None:
    """
    Write APOGEE's allStar: the table in extension 1, names of parameters and elements in 3.

    Args:
        path: `allStar*.fits`.
        table: columns of DR17's allStar (synspec_rev1) by its names [deg, mag, K, dex, km/s].
        note: what the header says of the origin of the file.

    Raises:
        ValueError: if APOGEE_ID, RA or DEC is missing, allStar has no such column, or lengths
            differ.
    """
    check(path, table, ("APOGEE_ID", "RA", "DEC"))
    refuse_unknown(path, table, "allstar")
    columns = []
    for name, column in archive_columns("allstar").items():
        if name in table:
            base, _, size = column.dtype.rstrip("]").partition("[")
            values = np.asarray(table[name])
            columns.append(_column(name, values, base, column.unit, int(size or 1)))
    symbols = fits.BinTableHDU.from_columns(
        [
            _column("PARAM_SYMBOL", np.array([_LABEL_SYMBOLS]), "S16", "", len(_LABEL_SYMBOLS)),
            _column("ELEM_SYMBOL", np.array([_ELEMENTS]), "S5", "", len(_ELEMENTS)),
        ]
    )
    write_fits(
        path, primary(note), [fits.BinTableHDU.from_columns(columns), fits.ImageHDU(), symbols]
    )


def primary(note: str) -> fits.PrimaryHDU:
    """An empty primary extension with a note on the origin of the file."""
    hdu = fits.PrimaryHDU()
    hdu.header["ORIGIN"] = ("starloom", "software that made this file")
    hdu.header["SIMULATD"] = (note.startswith("simulated"), "simulated, not observed")
    hdu.header["COMMENT"] = note
    return hdu


def write_fits(path: str | Path, first: fits.PrimaryHDU, extensions: list) -> None:
    """Write a FITS file atomically; the same content gives the same bytes."""
    with atomic(path) as temporary:
        fits.HDUList([first, *extensions]).writeto(temporary)


def _pairs(values, absent):
    return zip(values, absent, strict=True)


def _other_band(name: str) -> str:
    return name[:-1] + ("2" if name.endswith("1") else "1")


def _column(name: str, values: np.ndarray, dtype: str, unit: str, size: int = 1) -> fits.Column:
    """A FITS column of one value or `size` values a row."""
    many = "" if size == 1 else str(size)
    unit = unit or None
    if dtype.startswith("S") or dtype == "string":
        text = np.asarray(values)
        width = int(dtype[1:]) if dtype != "string" else max(1, text.astype(str).itemsize // 4)
        shape = f"({width},{size})" if many else None
        cells = text.astype(f"S{width}")
        return fits.Column(name, f"{size * width}A", array=cells, dim=shape, unit=unit)
    return fits.Column(name, many + FORMATS[dtype], array=values.astype(dtype), unit=unit)
