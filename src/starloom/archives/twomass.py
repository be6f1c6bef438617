"""Files of the 2MASS point-source catalogue."""

import numpy as np

from starloom.archives.raw_tables import read_columns
from starloom.archives.raw_text import Source
from starloom.archives.schema import archive_columns

REQUIRED = ("designation", "ra", "dec", "j_m", "h_m", "ks_m")
ALIASES = {
    "k_m": "ks_m",
    "k_msigcom": "ks_msigcom",
    "jdate": "j_date",
    "original_psc_source_id": "designation",
}
"""Names of other archives (IRSA, CDS) for the Gaia archive's columns."""


def read_twomass(path: Source) -> dict[str, np.ndarray]:
    """
    Read 2MASS sources.

    Args:
        path: csv, ecsv, FITS, parquet or VOTable, plain or gzipped, with columns named as in the
            Gaia archive's `gaiadr1.tmass_original_valid` or in IRSA's `fp_psc`.

    Returns:
        At least designation, ra, dec [deg], j_m, h_m, ks_m [mag, Vega]; where the file has them
        their errors `_msigcom`, ph_qual, ext_key (`NO_INTEGER`: none), j_date [Julian day],
        source_id. Missing magnitudes and errors are NaN.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, has no rows or lacks a required column.
    """
    return read_columns(path, archive_columns("twomass"), REQUIRED, aliases=ALIASES)
