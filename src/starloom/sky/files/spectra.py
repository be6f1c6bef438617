"""APOGEE spectra of the simulated sky: apStar and aspcapStar files with DR17's layout."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from starloom.archives.sdss import LOG10_FIRST_ANGSTROM, LOG10_STEP, PIXELS
from starloom.archives.write_fits import primary, write_fits
from starloom.sky.files.label import SIMULATED

_UNITS = "10^-17 erg/s/cm^2/Ang"
_HEADER = {
    "apogee_id": ("OBJID", "APOGEE object name"),
    "field": ("FIELD", "APOGEE field name"),
    "ra": ("RA", "right ascension, deg, J2000"),
    "dec": ("DEC", "declination, deg, J2000"),
    "j_mag": ("J", "2MASS J magnitude"),
    "h_mag": ("H", "2MASS H magnitude"),
    "k_mag": ("K", "2MASS Ks magnitude"),
    "snr": ("SNR", "median S/N per apStar pixel"),
    "n_visits": ("NVISITS", "number of combined visits"),
    "starflag": ("STARFLAG", "bitwise OR of the visits' flags"),
    "vhelio": ("VHELIO", "barycentric velocity, km/s"),
    "vscatter": ("VSCATTER", "scatter of the visits, km/s"),
}


def write_apstar(path: str | Path, star: Mapping[str, np.ndarray]) -> None:
    """
    Write a combined spectrum as an apStar file of DR17.

    Args:
        path: `apStar-*.fits` or `asStar-*.fits`.
        star: apogee_id; flux, error [1e-17 erg/s/cm2/Angstrom] and mask, each (8575,) or
            (n_row, 8575) with the combination first; and what `archives.sdss.read_apstar`
            returns of the header, j_mag, h_mag, k_mag and vscatter where there are. As in DR17,
            pixels whose flux is NaN keep it, and a lone row is followed by a row of zeros; to
            save room values have four bytes, and the images of the sky and of the telluric
            lines, which are not simulated, are empty.

    Raises:
        ValueError: if apogee_id, flux, error or mask is missing, or a row has not 8575 pixels.
    """
    flux, error = (_rows(path, star, name, np.float32) for name in ("flux", "error"))
    mask = _rows(path, star, "mask", np.int32)
    images = [
        _image(flux, f"Flux ({_UNITS})"),
        _image(error, f"Err ({_UNITS})"),
        _image(mask, "Pixel bitmask (bit 0: bad or empty pixel)"),
        *(fits.ImageHDU() for _ in range(5)),
        _velocities(star),
    ]
    _write(path, star, images)


def write_aspcapstar(path: str | Path, star: Mapping[str, np.ndarray]) -> None:
    """
    Write a continuum-normalised spectrum as an aspcapStar file of DR17.

    Args:
        path: `aspcapStar-dr17-*.fits`.
        star: apogee_id; flux, error, model (8575,) relative to the continuum; more of the header
            as `write_apstar`. NaN pixels, the chip gaps for example, are stored as flux 0 with
            error 1e10, as by the archive.

    Raises:
        ValueError: if apogee_id, flux, error or model is missing, or has not 8575 pixels.
    """
    flux, error, model = (
        _rows(path, star, name, np.float32)[0] for name in ("flux", "error", "model")
    )
    bad = ~np.isfinite(flux) | ~np.isfinite(error)
    images = [
        _image(np.where(bad, 0, flux).astype(np.float32), "Normalised flux"),
        _image(np.where(bad, 1e10, error).astype(np.float32), "Error of the normalised flux"),
        _image(np.where(np.isfinite(model), model, 0).astype(np.float32), "Best-fitting model"),
    ]
    identity = [fits.Column("APOGEE_ID", "30A", array=[str(star["apogee_id"])])]
    _write(path, star, [*images, fits.BinTableHDU.from_columns(identity)])


def _rows(path, star, name, dtype):
    missing = [key for key in ("apogee_id", name) if key not in star]
    if missing:
        raise ValueError(f"{path} cannot be written without {', '.join(missing)}")
    rows = np.atleast_2d(np.asarray(star[name], dtype))
    if rows.shape[1] != PIXELS:
        raise ValueError(f"{path}: {name} has {rows.shape[1]} pixels, not {PIXELS}")
    return np.vstack([rows, np.zeros_like(rows)]) if len(rows) == 1 else rows


def _image(values, what):
    image = fits.ImageHDU(values)
    _grid(image.header)
    image.header["BUNIT"] = what
    return image


def _grid(header):
    header["CRVAL1"] = (LOG10_FIRST_ANGSTROM, "start log10(wavelength/Angstrom)")
    header["CDELT1"] = (LOG10_STEP, "dispersion in log10(wavelength)")
    header["CRPIX1"] = (1, "pixel of the starting wavelength")
    header["CTYPE1"] = ("LOG-LINEAR", "logarithmic wavelength scale, vacuum")
    header["DC-FLAG"] = (1, "logarithmic wavelength scale")


def _velocities(star):
    velocity = np.array([float(star.get("vhelio", np.nan))])
    columns = [fits.Column("vhelio", "D", array=velocity, unit="km/s")]
    return fits.BinTableHDU.from_columns(columns)


def _write(path, star, extensions):
    first = primary(SIMULATED)
    _grid(first.header)
    first.header["NWAVE"] = (PIXELS, "number of wavelengths")
    for name, (key, comment) in _HEADER.items():
        value = np.asarray(star.get(name, np.nan)).item()
        if not isinstance(value, float) or np.isfinite(value):
            first.header[key] = (value, comment)
    write_fits(path, first, extensions)
