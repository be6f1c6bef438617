"""What all writers of raw files share: checks, and columns that follow from others."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from starloom.archives.raw_tables import NO_INTEGER
from starloom.archives.schema import archive_columns

_BASIS = {"bp": 56, "rp": 57}
"""basis_function_id of BP and RP in Gaia DR3."""


def check(path: str | Path, table: Mapping[str, np.ndarray], required: Iterable[str]) -> None:
    """
    Check that a table can be written.

    Raises:
        ValueError: if a required column is missing or columns differ in length.
    """
    missing = [name for name in required if name not in table]
    if missing:
        raise ValueError(f"{path} cannot be written without {', '.join(missing)}")
    lengths = {name: len(values) for name, values in table.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: columns of different length: {lengths}")


def missing_band(spectra: Mapping[str, np.ndarray], band: str) -> np.ndarray:
    """Which stars have no coefficient of a band, shape (n_star,)."""
    return np.isnan(spectra[f"{band}_coefficients"]).all(axis=1)


def given_only(table: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """The columns of a table that an archive's table has too, in the archive's order."""
    return {column: table[column] for column in archive_columns(name) if column in table}


def refuse_unknown(path: str | Path, table: Mapping[str, np.ndarray], name: str) -> None:
    """
    Check that an archive's table has all columns of a table.

    Raises:
        ValueError: if not; the message names the columns.
    """
    unknown = [column for column in table if column not in archive_columns(name)]
    if unknown:
        raise ValueError(f"{path}: the archive's table {name} has no column {', '.join(unknown)}")


def xp_scalar(
    name: str, spectra: Mapping[str, np.ndarray], absent: Mapping[str, np.ndarray]
) -> np.ndarray | None:
    """
    A scalar column of XP continuous spectra.

    Args:
        name: one of the archive's names.
        spectra: the columns that there are.
        absent: by band, which stars lack it.

    Returns:
        The column as given, or what follows from the others; `NO_INTEGER` where the band is
        missing; None if it is neither given nor follows.
    """
    count = len(spectra["source_id"])
    if name in spectra:
        return np.asarray(spectra[name])
    if name == "solution_id":
        return np.zeros(count, np.int64)
    band, rest = name.split("_", 1)
    size = spectra[f"{band}_coefficients"].shape[1]
    follows = {"basis_function_id": _BASIS[band], "n_parameters": size}
    if f"{band}_n_measurements" in spectra:
        follows["degrees_of_freedom"] = np.asarray(spectra[f"{band}_n_measurements"]) - size
    if rest not in follows:
        return None
    return np.where(absent[band], NO_INTEGER, follows[rest])
