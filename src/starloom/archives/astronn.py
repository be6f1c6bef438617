"""APOGEE's value-added catalogue of ages by astroNN, matched row by row to allStar."""

from collections.abc import Mapping

import numpy as np
from astropy.io import fits

from starloom.archives.raw_fits import open_fits
from starloom.archives.raw_text import Source

COLUMNS = {
    "age": "age",
    "age_corrected": "age_lowess_correct",
    "age_error": "age_total_error",
}
"""Names in the file by ours."""


def read_astronn(
    path: Source, allstar: Mapping[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """
    Read ages from apogee_astroNN-DR17.

    Args:
        path: the FITS file.
        allstar: APOGEE_ID of the rows that the catalogue has to have; None to trust it.

    Returns:
        age, age_corrected (for its trend, by lowess) and age_error [Gyr], each (n_row,) float;
        NaN where there is none.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing, or the rows are not those of allStar.

    References:
        Leung & Bovy (2019); Mackereth et al. (2019); SDSS DR17 value-added catalogue.
    """
    with open_fits(path) as hdus:
        table = next((hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)), None)
        given = {} if table is None else {name.lower(): name for name in table.columns.names}
        missing = [name for name in ("apogee_id", *COLUMNS.values()) if name not in given]
        if missing:
            raise ValueError(
                f"{path} lacks {', '.join(missing)}; it has {', '.join(given) or 'no table'}: "
                "give apogee_astroNN-DR17.fits"
            )
        ages = {
            ours: np.array(table.data[given[theirs]], float) for ours, theirs in COLUMNS.items()
        }
        if allstar is not None:
            names = np.char.strip(np.array(table.data[given["apogee_id"]], str))
            _require_same_rows(path, allstar["APOGEE_ID"], names)
    return {name: np.where(values > 0, values, np.nan) for name, values in ages.items()}


def _require_same_rows(path, wanted, names):
    if len(names) != len(wanted):
        raise ValueError(
            f"{path} has {len(names)} rows and allStar {len(wanted)}: the two are of different "
            "data releases, take both from DR17 (synspec_rev1)"
        )
    other = np.flatnonzero(names != wanted)
    if other.size:
        raise ValueError(
            f"{path}: row {other[0]} is {names[other[0]]} where allStar has {wanted[other[0]]}, "
            f"{other.size} rows differ; the two have to have the same rows"
        )
