"""Published tables from VizieR, whole, by its TAP service."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table

from starloom.archives import queries
from starloom.archives.tap import Tap
from starloom.tables import write_fits_table


@dataclass(frozen=True)
class Published:
    """
    One table of a paper.

    Attributes:
        table: VizieR's name of it.
        rows: how many it has, 0 where not known.
        columns: those without which it is of no use.
        reference: what to cite.
        note: what its users have to know.
    """

    table: str
    rows: int
    columns: tuple[str, ...]
    reference: str
    note: str = ""


TABLES: Mapping[str, Published] = {
    "apokasc2": Published(
        "J/ApJS/239/32/table5",
        6676,
        ("KIC", "Nmax", "e_Nmax", "Dnu", "e_Dnu"),
        "Pinsonneault et al. 2018 ApJS 239 32",
        "e_Nmax and e_Dnu are fractions",
    ),
    "yu2018_table1": Published(
        "J/ApJS/236/42/table1",
        16094,
        ("KIC", "numax", "e_numax", "Delnu", "e_Delnu"),
        "Yu et al. 2018 ApJS 236 42",
        "errors in uHz",
    ),
    "yu2018_table2": Published(
        "J/ApJS/236/42/table2",
        16094,
        ("KIC", "Phase"),
        "Yu et al. 2018 ApJS 236 42",
        "Phase 1 RGB, 2 core helium burning",
    ),
    "miglio2021": Published(
        "J/A+A/645/A85/table1",
        3315,
        ("KIC",),
        "Miglio et al. 2021 A&A 645 A85",
        "the updated list of the age paper (3,077 rows) is not public: a user file replaces it",
    ),
    "lucey2023": Published(
        "J/MNRAS/523/4049/table2",
        58872,
        (),
        "Lucey et al. 2023 MNRAS 523 4049",
        "(?) inferred from the paper's bibcode; a user file replaces it",
    ),
}
"""Published tables by our name; numbers of tables and columns are asked of the service (?)."""


def read_published(path: str | Path) -> dict[str, np.ndarray]:
    """
    Read a published table as `fetch_table` writes it, under the paper's own column names.

    Args:
        path: the FITS file.

    Returns:
        The columns in their own units; missing numbers are NaN, missing integers -1, texts are
        stripped.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is no FITS file.
    """
    table = Table.read(path, format="fits", memmap=False)
    columns = {}
    for name in table.colnames:
        values = np.ma.asarray(table[name])
        kind = values.dtype.kind
        if kind in "SU":
            columns[name] = np.char.strip(values.filled("").astype(str))
        else:
            columns[name] = values.filled({"f": np.nan, "i": -1}.get(kind, 0))
    return columns


def fetch_table(tap: Tap, name: str, path: str | Path) -> int:
    """
    Fetch a published table and write it as FITS under the paper's own column names.

    Args:
        tap: VizieR.
        name: one of `TABLES`.
        path: the FITS file; missing numbers are NaN, missing integers -1.

    Returns:
        The number of rows.

    Raises:
        TapError: if the service fails.
        ValueError: if the table is not there, is empty, lacks columns, or has another number of
            rows than its paper; the message lists what is there.
    """
    published = TABLES[name]
    catalogue = published.table.rsplit("/", 1)[0]
    there = sorted(tap.query(queries.tables_like(catalogue))["table_name"].tolist())
    there = [text.strip('"') for text in there]
    if published.table not in there:
        raise ValueError(
            f"{name}: VizieR has no table {published.table} but {', '.join(there) or 'none'} of "
            f"{published.reference}; mend vizier.TABLES, or give a file of your own"
        )
    columns = tap.query(queries.whole(published.table))
    missing = [column for column in published.columns if column not in columns]
    if missing:
        raise ValueError(
            f"{name}: {published.table} has no column {', '.join(missing)}; it has "
            f"{', '.join(columns)}; mend vizier.TABLES"
        )
    count = len(next(iter(columns.values())))
    if not count or (published.rows and count != published.rows):
        raise ValueError(f"{name}: {published.table} has {count} rows, not {published.rows}")
    table = Table(columns)
    table.meta["REFERENC"] = published.reference
    write_fits_table(path, table)
    return count
