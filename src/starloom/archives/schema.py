"""The archives' own tables: names, types and units of their columns, as published."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

TABLES = {
    "xp_continuous": "xp_continuous_columns.csv",
    "gaia_source": "gaia_source_columns.csv",
    "twomass": "twomass_columns.csv",
    "unwise": "unwise_columns.csv",
    "allstar": "allstar_columns.csv",
}


@dataclass(frozen=True)
class ArchiveColumn:
    """One column of an archive's table; the type in ECSV words, or S and a length for FITS text."""

    name: str
    dtype: str
    unit: str


@cache
def archive_columns(table: str) -> dict[str, ArchiveColumn]:
    """
    The columns of an archive's table in the archive's order.

    Args:
        table: one of the keys of `TABLES`.

    Returns:
        Columns by name.
    """
    path = resources.files("starloom.archives") / "data" / TABLES[table]
    rows = csv.DictReader(path.read_text().splitlines())
    return {row["name"]: ArchiveColumn(row["name"], row["dtype"], row["unit"]) for row in rows}
