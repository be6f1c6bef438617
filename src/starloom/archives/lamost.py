"""LAMOST's table of stellar parameters, checked when it comes: its address was not seen in use."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from starloom.archives.datasets import Dataset
from starloom.archives.fetch import Fetcher

REQUIRED = ("ra", "dec", "snrg", "teff", "logg", "feh")
"""Columns of dr7_v2.0_LRS_stellar without which the labels are of no use."""


def fetch_lrs(dataset: Dataset, fetcher: Fetcher, path: str | Path) -> None:
    """
    Fetch the low-resolution catalogue of A, F, G and K stars.

    Args:
        dataset: row `lamost_lrs`.
        fetcher: how to fetch.
        path: a gzipped FITS file.

    Raises:
        FetchError: if no address has it.
        ValueError: if the file has no such table; it is removed, and the message says what it has.
    """
    path = Path(path)
    fetcher.fetch([dataset.wanted(path)], "LAMOST")
    names = _column_names(path)
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        path.unlink()
        raise ValueError(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(names[:40]) or 'no table'}; "
            f"mend the row '{dataset.name}' of config/datasets.csv (?), or take the same from "
            "VizieR (V/156/dr7lrs)"
        )


def read_labels(path: str | Path) -> dict[str, np.ndarray]:
    """
    Read a table of LAMOST's labels.

    Args:
        path: FITS, plain or gzipped.

    Returns:
        Columns under LAMOST's names in lower case: at least those of `REQUIRED` but `snrg`
        [deg, K, dex]. -9999 stands for no value.

    Raises:
        ValueError: if a column is missing; the message says what the file has.
    """
    with fits.open(path, memmap=False) as hdus:
        table = hdus[1].data
        columns = {name.lower(): np.array(table[name]) for name in table.columns.names}
    missing = [name for name in REQUIRED if name not in columns and name != "snrg"]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}; it has {', '.join(columns)}")
    return {
        name: values.astype(float) if values.dtype.kind == "f" else values
        for name, values in columns.items()
    }


def _column_names(path: Path) -> list[str]:
    """Columns of the first table; none if there is none."""
    try:
        with fits.open(path, memmap=False) as hdus:
            return list(hdus[1].columns.names)
    except (OSError, IndexError, AttributeError):
        return []
