"""Files of SDSS APOGEE: allStar, combined spectra (apStar, asStar) and aspcapStar."""

import contextlib
from collections.abc import Iterable, Iterator

import numpy as np
from astropy.io import fits

from starloom.archives.raw_fits import open_fits
from starloom.archives.raw_tables import read_columns
from starloom.archives.raw_text import Source
from starloom.archives.schema import archive_columns

PIXELS = 8575
LOG10_FIRST_ANGSTROM, LOG10_STEP = 4.179, 6e-6
"""The rest-frame grid of all combined APOGEE spectra, vacuum wavelengths."""

BAD_PIXEL = 1
"""Bit 0 of the pixel mask: the pixel is bad or empty."""

_HUGE_ERROR = 1e9

REQUIRED = ("APOGEE_ID", "RA", "DEC")
LABELS = ("TEFF", "LOGG", "M_H", "ALPHA_M", "FE_H")
ELEMENTS = (
    *("C", "CI", "N", "O", "NA", "MG", "AL", "SI", "P", "S", "K", "CA", "TI", "TIII", "V", "CR"),
    *("MN", "CO", "NI", "CU", "CE", "YB"),
)
DEFAULT_COLUMNS = (
    *("TELESCOPE", "FIELD", "FILE", "GLON", "GLAT", "J", "J_ERR", "H", "H_ERR", "K", "K_ERR"),
    *("AK_TARG", "SFD_EBV", "NVISITS", "SNR", "SNREV", "VHELIO_AVG", "VSCATTER", "VERR"),
    *("STARFLAG", "ASPCAPFLAG", "EXTRATARG", "MEMBERFLAG", "GAIAEDR3_SOURCE_ID"),
    *(name for label in LABELS for name in (label, f"{label}_ERR")),
    *(name for element in ELEMENTS for name in (f"{element}_FE", f"{element}_FE_ERR")),
    *(f"{element}_FE_FLAG" for element in ELEMENTS),
    "FE_H_FLAG",
)
"""Columns of allStar that are read when none are named."""


def read_allstar(path: Source, columns: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """
    Read columns of an allStar table, one at a time: the file may be larger than the memory.

    Args:
        path: allStar as FITS, or the same columns as csv, ecsv, parquet or VOTable.
        columns: names to read where the file has them, besides APOGEE_ID, RA and DEC;
            `DEFAULT_COLUMNS` by default.

    Returns:
        Columns under their own names [deg, mag, K, dex, km/s]; flags as integers, text stripped,
        labels as they are: -9999 and NaN mean that there is none.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, has no rows or lacks a required column.

    References:
        Abdurro'uf et al. (2022), DR17.
    """
    wanted = DEFAULT_COLUMNS if columns is None else columns
    return read_columns(path, archive_columns("allstar"), REQUIRED, wanted)


def wavelength() -> np.ndarray:
    """Vacuum wavelengths [Angstrom] of the pixels of combined spectra, shape (8575,)."""
    return 10 ** (LOG10_FIRST_ANGSTROM + LOG10_STEP * np.arange(PIXELS))


def read_apstar(path: Source) -> dict[str, np.ndarray]:
    """
    Read the combined spectrum of an apStar or asStar file, of DR13 to DR17.

    Bad pixels look alike whatever the release: those that are NaN, or have an error that is not
    positive or above 1e9, have NaN flux and error and bit 0 of the mask.

    Args:
        path: the FITS file. Of its rows the first is read: the combination with pixel weights.

    Returns:
        flux, error (8575,) float32 [1e-17 erg/s/cm2/Angstrom], mask (8575,) int64; apogee_id,
        field, ra, dec [deg], snr, n_visits, starflag, vhelio [km/s] (0-d arrays; NaN, -1 or ''
        if the header lacks them).

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or is not on APOGEE's grid.
    """
    with _opened(path, 3) as hdus:
        flux, error = (_first_row(hdus[index].data, np.float32, path) for index in (1, 2))
        mask = _first_row(hdus[3].data, np.int64, path)
        header = hdus[0].header
    flux, error, bad = _without_bad(flux, error)
    return {"flux": flux, "error": error, "mask": mask | bad * BAD_PIXEL} | _about(header)


def read_aspcapstar(path: Source) -> dict[str, np.ndarray]:
    """
    Read the continuum-normalised spectrum of an aspcapStar file and the model fitted to it.

    Args:
        path: the FITS file.

    Returns:
        flux, error, model (8575,) float32, relative to the continuum; bad and empty pixels NaN,
        those of the gaps between the chips too; mask (8575,) int64, bit 0 where they are;
        apogee_id, field, ra, dec [deg], snr, n_visits, starflag, vhelio [km/s] as `read_apstar`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or is not on APOGEE's grid.
    """
    with _opened(path, 3) as hdus:
        flux, error, model = (_first_row(hdus[index].data, np.float32, path) for index in (1, 2, 3))
        header = hdus[0].header
    empty = flux == 0
    flux[empty] = np.nan
    flux, error, bad = _without_bad(flux, error)
    model[empty] = np.nan
    mask = bad.astype(np.int64) * BAD_PIXEL
    return {"flux": flux, "error": error, "model": model, "mask": mask} | _about(header)


def _without_bad(flux, error):
    with np.errstate(invalid="ignore"):
        bad = ~np.isfinite(flux) | ~(error > 0) | ~(error < _HUGE_ERROR)
    return np.where(bad, np.nan, flux), np.where(bad, np.nan, error), bad


@contextlib.contextmanager
def _opened(path: Source, extensions: int) -> Iterator[fits.HDUList]:
    with open_fits(path) as hdus:
        there = len(hdus) > extensions
        if not there or any(hdus[index].data is None for index in range(1, extensions + 1)):
            raise ValueError(
                f"{path} has {len(hdus) - 1} extensions where a spectrum has {extensions} and "
                "more; it is cut, or no apStar or aspcapStar file"
            )
        yield hdus


def _first_row(data: np.ndarray, dtype: type, path: Source) -> np.ndarray:
    row = np.atleast_2d(data)[0]
    if row.shape != (PIXELS,):
        raise ValueError(
            f"{path} has {row.size} pixels where combined APOGEE spectra have {PIXELS}; visit "
            "spectra (apVisit) are not resampled: give apStar, asStar or aspcapStar files"
        )
    return row.astype(dtype)


def _about(header: fits.Header) -> dict[str, np.ndarray]:
    return {
        "apogee_id": np.array(str(header.get("OBJID", "")).strip()),
        "field": np.array(str(header.get("FIELD", "")).strip()),
        "ra": np.array(header.get("RA", np.nan), np.float64),
        "dec": np.array(header.get("DEC", np.nan), np.float64),
        "snr": np.array(header.get("SNR", np.nan), np.float32),
        "n_visits": np.array(header.get("NVISITS", -1), np.int32),
        "starflag": np.array(header.get("STARFLAG", 0), np.int64),
        "vhelio": np.array(header.get("VHELIO", np.nan), np.float32),
    }
