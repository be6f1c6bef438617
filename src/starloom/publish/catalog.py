"""Catalogues: columns of the glossary, with units and descriptions, as Parquet and FITS."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io.votable.tree import Link, VOTableFile
from astropy.table import Column as TableColumn
from astropy.table import MaskedColumn, Table
from astropy.units import Unit, UnitBase

from starloom.columns import Column
from starloom.tables import atomic, write_fits_table, write_table


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
        table: of `as_columns` or `merge`; what is masked has no value.
        data: simulated, files or dr17; written into both.
    """
    columns = {name: _plain(table[name]) for name in table.colnames}
    write_table(parquet_path, columns, {"data": data, "columns": describe(table)})
    table.meta["DATA"] = (data, "what the rows were made from")
    write_fits_table(fits_path, table)


def describe(table: Table) -> dict[str, dict[str, str]]:
    """Unit, description and UCD of each column of a catalogue."""
    return {
        name: {
            "unit": str(table[name].unit or ""),
            "description": table[name].description or "",
            "ucd": table[name].meta.get("ucd", ""),
        }
        for name in table.colnames
    }


def write_votable(path: str | Path, table: Table, name: str, fits: str, data: str) -> None:
    """
    Describe a catalogue as a VOTable without rows: its fields, and where the rows are.

    Args:
        path: the VOTable.
        table: of `as_columns` or `merge`.
        name: of the catalogue. A unit that VOUnits lack stands in the description.
        fits: address of the FITS file that holds the rows, from the VOTable's folder.
        data: simulated, files or dr17.
    """
    fields = table[:0].copy()
    for column in fields.columns.values():
        if column.unit and not _in_vounits(column.unit):
            column.description = f"{column.description} [{column.unit}]"
            column.unit = None
    votable = VOTableFile.from_table(fields)
    (element,) = votable.iter_tables()
    element.ID = element.name = name
    element.description = f"Value-added catalogue of {len(table)} stars, data: {data}."
    element.links.append(Link(href=fits, title="the rows", content_type="application/fits"))
    for field, column in zip(element.fields, fields.columns.values(), strict=True):
        field.ucd = column.meta.get("ucd")
        field.description = column.description or None
    with atomic(path) as temporary:
        votable.to_xml(str(temporary))


def _in_vounits(unit: UnitBase) -> bool:
    """Whether the virtual observatory has a word for a unit; it has none for dex."""
    try:
        unit.to_string(format="vounit")
        Unit(str(unit), format="vounit")
    except ValueError:
        return False
    return True


def _plain(column: TableColumn) -> np.ndarray:
    """A column as an array, masked where it was; texts as Python's."""
    values = column.data if isinstance(column, MaskedColumn) else np.asarray(column)
    return values.astype(object) if values.dtype.kind == "U" else values
