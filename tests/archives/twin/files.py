"""Small files in the archives' formats."""

import io

import numpy as np
from astropy.io import fits


def fits_bytes(n_row: int, seed: int = 0) -> bytes:
    """A FITS file with a table of random numbers."""
    numbers = np.random.default_rng(seed).normal(size=n_row)
    table = fits.BinTableHDU.from_columns([fits.Column("x", "D", array=numbers)])
    handle = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(handle)
    return handle.getvalue()
