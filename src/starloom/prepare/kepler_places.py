"""Where the Kepler stars of the seismic tables are, as these tables say; none asks the archive."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.positions import Degrees

Table = Mapping[str, np.ndarray]

POSITIONS = (("_RA", "_DE"), ("RAdeg", "DEdeg"), ("RAJ2000", "DEJ2000"))
"""Columns with the input catalogue's position [deg], as VizieR's tables name them."""

DESIGNATION = "_2MASS"
"""APOKASC-2 gives the name in 2MASS instead, which holds the position."""


def places(tables: Mapping[str, Table]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """
    One row a Kepler star, with the first finite position that a table gives.

    Args:
        tables: by name, in the order in which their positions are preferred; each with KIC and, if
            it has positions, columns of `POSITIONS` or a designation of 2MASS.

    Returns:
        kic, ra, dec [deg], in the order of kic; NaN for a star that no table places. And how many
        positions come from which table.

    Raises:
        KeyError: if a table has no KIC; the message names the table.
    """
    parts = {"kic": [np.zeros(0, np.int64)], "ra": [np.zeros(0)], "dec": [np.zeros(0)]}
    source = [np.zeros(0, np.int64)]
    for index, (name, table) in enumerate(tables.items()):
        if "KIC" not in table:
            raise KeyError(f"the table {name} has no column KIC; it has {', '.join(table)}")
        kic = np.asarray(table["KIC"], np.int64)
        ra, dec = _positions(table, len(kic))
        for column, values in (("kic", kic), ("ra", ra), ("dec", dec)):
            parts[column].append(values[kic > 0])
        source.append(np.full(int(np.sum(kic > 0)), index))
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    source = np.concatenate(source)
    placed = np.isfinite(columns["ra"] + columns["dec"])
    order = np.lexsort((source, ~placed, columns["kic"]))
    first = order[np.unique(columns["kic"][order], return_index=True)[1]]
    counts = {
        name: int(np.sum(placed[first] & (source[first] == index)))
        for index, name in enumerate(tables)
    }
    counts["none"] = int(np.sum(~placed[first]))
    return {name: values[first] for name, values in columns.items()}, counts


def designated(names: np.ndarray) -> tuple[Degrees, Degrees]:
    """
    Positions that designations of 2MASS hold.

    Args:
        names: hhmmssss+ddmmsss, digits of seconds after hundredths in ra and tenths in dec; a
            leading `J` or `2M` may stand before. Others give NaN.

    Returns:
        ra and dec [deg], truncated to 0.15 and 0.1 arcsec as the names are.

    References:
        Cutri et al. (2003), Explanatory Supplement to the 2MASS All Sky Data Release, Sec. 2.2.a.
    """
    names = np.char.strip(np.asarray(names).astype(str))
    ra, dec = np.full(len(names), np.nan), np.full(len(names), np.nan)
    for row, name in enumerate(names.tolist()):
        bare = name.removeprefix("2M").removeprefix("J")
        digits = bare[:8] + bare[9:]
        if len(bare) == 16 and bare[8] in "+-" and digits.isascii() and digits.isdigit():
            ra[row] = 15 * (int(bare[:2]) + int(bare[2:4]) / 60 + int(bare[4:8]) / 360_000)
            size = int(bare[9:11]) + int(bare[11:13]) / 60 + int(bare[13:16]) / 36_000
            dec[row] = -size if bare[8] == "-" else size
    return ra, dec


def _positions(table, n_row):
    for names in POSITIONS:
        if set(names) <= set(table):
            return tuple(np.asarray(table[name], float) for name in names)
    if DESIGNATION in table:
        return designated(table[DESIGNATION])
    return np.full(n_row, np.nan), np.full(n_row, np.nan)
