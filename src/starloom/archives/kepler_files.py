"""Kepler long-cadence light curves: one quarter of one star in a FITS file."""

import numpy as np

from starloom.archives.raw_fits import open_fits
from starloom.archives.raw_text import Source

REQUIRED = ("TIME", "PDCSAP_FLUX", "SAP_QUALITY")


def read_quarter(path: Source) -> dict[str, np.ndarray]:
    """
    Read one quarter of a star.

    Args:
        path: a file `kplr*_llc.fits` as MAST serves it.

    Returns:
        time_day [BJD - 2454833] and flux [e-/s] (PDCSAP_FLUX), both NaN where the archive has
        nothing, quality (SAP_QUALITY), each (n_cadence,); kic, quarter, ra, dec [deg] as 0-d
        arrays, -1 or NaN where the header lacks them.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged or no light curve; the message names it.

    References:
        Thompson et al. (2016), Kepler Archive Manual (KDMC-10008-006), Sec. 2.3.1.
    """
    with open_fits(path) as hdus:
        table = hdus[1].data if len(hdus) > 1 else None
        missing = [name for name in REQUIRED if table is None or name not in table.dtype.names]
        if missing:
            raise ValueError(f"{path} is no Kepler light curve: it has no {', '.join(missing)}")
        header = hdus[0].header
        return {
            "time_day": table["TIME"].astype(np.float64),
            "flux": table["PDCSAP_FLUX"].astype(np.float64),
            "quality": table["SAP_QUALITY"].astype(np.int64),
            "kic": np.array(header.get("KEPLERID", -1), np.int64),
            "quarter": np.array(header.get("QUARTER", -1), np.int64),
            "ra": np.array(_number(header.get("RA_OBJ"))),
            "dec": np.array(_number(header.get("DEC_OBJ"))),
        }


def _number(value):
    return np.float64(value) if isinstance(value, int | float) else np.nan
