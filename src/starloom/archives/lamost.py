"""LAMOST's tables of stellar parameters, checked as they come: no address was seen in use."""

from pathlib import Path

import numpy as np
from astropy.io import fits

from starloom.archives.datasets import Dataset
from starloom.archives.fetch import Fetcher

PLACE = ("ra", "dec")

TABLES = {
    "lamost_lrs": {"teff": "teff", "logg": "logg", "fe_h": "feh"},
    "lamost_mrs": {"teff": "teff_cnn", "logg": "logg_cnn", "fe_h": "feh_cnn"}
    | {"alpha_m": "alpha_m_cnn", "c_fe": "c_fe", "n_fe": "n_fe"},
}
"""Labels and their columns in each table, by the rows of config/datasets.csv."""

OPTIONAL = {"lamost_lrs": {"alpha_m": "alpha_m"}, "lamost_mrs": {}}
"""Labels that an older version of a table may lack."""

NO_VALUE = -9999.0
"""What stands for no value."""


def fetch_table(dataset: Dataset, fetcher: Fetcher, path: str | Path) -> None:
    """
    Fetch the catalogue of A, F, G and K stars of low resolution, or that of medium resolution.

    Args:
        dataset: row `lamost_lrs` or `lamost_mrs`.
        fetcher: how to fetch.
        path: a gzipped FITS file.

    Raises:
        FetchError: if no address has it.
        ValueError: if the file has no such table; it is removed, and the message says what it has.
    """
    path = Path(path)
    fetcher.fetch([dataset.wanted(path)], "LAMOST")
    names = _column_names(path)
    missing = [name for name in (*PLACE, *TABLES[dataset.name].values()) if name not in names]
    if missing:
        path.unlink()
        raise ValueError(
            f"{path} lacks {', '.join(missing)}; it has {', '.join(names[:40]) or 'no table'}; "
            f"mend the row '{dataset.name}' of config/datasets.csv (?); VizieR has the table of "
            "low resolution too (V/156/dr7lrs)"
        )


def read_labels(path: str | Path, kind: str) -> dict[str, np.ndarray]:
    """
    Read a table of LAMOST's labels, the best spectrum of each place alone.

    Args:
        path: FITS, plain or gzipped.
        kind: `lamost_lrs`, or `lamost_mrs` with the labels of Wang et al. (2020).

    Returns:
        ra, dec [deg]; labels [K, dex] under our names and their errors `_error`, NaN where there
        is no value, 0 for a label without errors. Of the rows within about an arcsecond the one
        of highest signal-to-noise ratio that has a value.

    Raises:
        ValueError: if a column is missing; the message says what the file has.
    """
    with fits.open(path, memmap=False) as hdus:
        data = hdus[1].data
        given = {name.lower(): name for name in data.columns.names}
        wanted = TABLES[kind] | {k: v for k, v in OPTIONAL[kind].items() if v in given}
        missing = [name for name in (*PLACE, *wanted.values()) if name not in given]
        if missing:
            raise ValueError(f"{path} lacks {', '.join(missing)}; it has {', '.join(given)}")
        column = {name: np.array(data[given[name]], float) for name in _wanted(given, wanted)}
    columns = {name: column[name] for name in PLACE}
    for label, theirs in wanted.items():
        known = np.isfinite(column[theirs]) & (column[theirs] > NO_VALUE)
        error = column.get(f"{theirs}_err", np.zeros(len(known)))
        columns[label] = np.where(known, column[theirs], np.nan)
        columns[f"{label}_error"] = np.where(known, error, np.nan)
    best = _best_rows(columns, column.get("snrg", column.get("snr", column["ra"])), list(wanted))
    return {name: values[best] for name, values in columns.items()}


def _wanted(given, wanted):
    errors = [f"{name}_err" for name in wanted.values()]
    return [*PLACE, *wanted.values(), *(n for n in ("snrg", "snr", *errors) if n in given)]


def _best_rows(columns, snr, labels):
    """One row a place: that with most labels, of those the one of highest signal."""
    known = sum(np.isfinite(columns[label]) for label in labels)
    order = np.lexsort((-np.nan_to_num(snr), -known))
    place = np.round(np.stack([columns["ra"], columns["dec"]]) * 3600).astype(np.int64)[:, order]
    return order[np.sort(np.unique(place, axis=1, return_index=True)[1])]


def _column_names(path: Path) -> list[str]:
    """Columns of the first table; none if there is none."""
    try:
        with fits.open(path, memmap=False) as hdus:
            return [name.lower() for name in hdus[1].columns.names]
    except (OSError, IndexError, AttributeError):
        return []
