"""Tables of the simulated sky: the archives' writers, with the word `simulated` in each file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.table import Table

from starloom.archives import write_fits, write_text
from starloom.archives.write_columns import check
from starloom.archives.xp_columns import ARRAYS
from starloom.sky.files.label import SIMULATED
from starloom.tables import write_fits_table

Columns = Mapping[str, np.ndarray]


def write_xp_bulk(path: str | Path, spectra: Columns) -> None:
    """
    Write XP continuous spectra as a bulk file of the Gaia archive, csv.gz below an ECSV header.

    Args:
        path: `XpContinuousMeanSpectrum_*.csv.gz`.
        spectra: columns as `archives.gaia.read_xp` returns them [e-/s], with correlations; NaN
            rows for a missing band; more of the archive's 26 columns where there are. Others
            are left out.

    Raises:
        ValueError: if a column is missing or has another length than `source_id`.
    """
    check(path, spectra, ("source_id", *ARRAYS))
    write_text.write_xp_bulk(path, [spectra], SIMULATED)


def write_xp_fits(path: str | Path, spectra: Columns) -> None:
    """Write XP continuous spectra as DataLink's FITS table; arguments as `write_xp_bulk`."""
    write_fits.write_xp_fits(path, spectra, SIMULATED)


def write_gaia_source(path: str | Path, table: Columns) -> None:
    """Write Gaia sources as a bulk file; see `archives.write_text.write_gaia_source`."""
    write_text.write_gaia_source(path, table, SIMULATED)


def write_twomass(path: str | Path, table: Columns) -> None:
    """Write 2MASS sources as csv; see `archives.write_text.write_twomass`."""
    write_text.write_twomass(path, table, SIMULATED)


def write_unwise(path: str | Path, table: Columns) -> None:
    """Write an unWISE catalogue; see `archives.write_fits.write_unwise`."""
    write_fits.write_unwise(path, table, SIMULATED)


def write_allstar(path: str | Path, table: Columns) -> None:
    """Write APOGEE's allStar; see `archives.write_fits.write_allstar`."""
    write_fits.write_allstar(path, table, SIMULATED)


def write_labels(path: str | Path, table: Columns) -> None:
    """Write a table of published labels as FITS, gzipped if its name ends in .gz."""
    write_fits_table(path, Table(dict(table), meta={"COMMENT": SIMULATED}))
