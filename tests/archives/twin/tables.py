"""Tables as text cells that keep every digit; missing cells are empty."""

import csv
from pathlib import Path

import numpy as np
from astropy.table import Table


def write_cells(path: Path, table: Table) -> None:
    """Write a csv file whose cells read back as the same numbers."""
    columns = [_cells(table[name]) for name in table.colnames]
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(table.colnames)
        writer.writerows(zip(*columns, strict=True))


def _cells(values: object) -> list[str]:
    values = np.ma.asarray(values)
    if values.dtype.kind == "f":
        values = np.ma.masked_invalid(values)
    missing = np.ma.getmaskarray(values)
    return ["" if gone else str(cell) for cell, gone in zip(values.data, missing, strict=True)]
