"""Catalogues: columns of the glossary, with units and descriptions, as Parquet and FITS."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.table import Column as TableColumn
from astropy.table import Table

from starloom.columns import Column
from starloom.tables import write_fits_table, write_table


def as_columns(values: Mapping[str, np.ndarray], columns: Sequence[Column]) -> Table:
    """
    The glossary's columns that there are values for, in the glossary's order.

    A latent array `latent_mean` or `latent_sigma` (n_star, n_latent) is spread over z0, e_z0, ...

    Args:
        values: arrays by name, one row a star.
        columns: of the catalogue.

    Returns:
        A table with type, unit, description and UCD on each column.
    """
    values = dict(values)
    for name, prefix in (("latent_mean", "z"), ("latent_sigma", "e_z")):
        if name in values:
            values |= {f"{prefix}{i}": column for i, column in enumerate(values[name].T)}
    table = Table()
    for column in (entry for entry in columns if entry.name in values):
        data = np.asarray(values[column.name]).astype(column.dtype)
        table[column.name] = TableColumn(
            data, unit=column.unit or None, description=column.description
        )
        if column.ucd:
            table[column.name].meta["ucd"] = column.ucd
    return table


def write_catalog(parquet_path: str | Path, fits_path: str | Path, table: Table, data: str) -> None:
    """
    Write a catalogue as Parquet and FITS.

    Args:
        parquet_path: units, descriptions and UCDs go into the file's metadata.
        fits_path: they go into TUNIT, TCOMM and TUCD; the header has checksums.
        table: of `as_columns`.
        data: simulated, files or dr17; written into both.
    """
    described = {
        name: {
            "unit": str(table[name].unit or ""),
            "description": table[name].description,
            "ucd": table[name].meta.get("ucd", ""),
        }
        for name in table.colnames
    }
    columns = {name: np.asarray(table[name]) for name in table.colnames}
    columns = {
        name: values.astype(object) if values.dtype.kind == "U" else values
        for name, values in columns.items()
    }
    write_table(parquet_path, columns, {"data": data, "columns": described})
    table.meta["DATA"] = (data, "what the rows were made from")
    write_fits_table(fits_path, table)
