"""One value-added catalogue from those of the studies: a row a star, columns with their meaning."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from astropy.table import MaskedColumn, Table

from starloom.columns import STAR
from starloom.prepare.identifiers import join_ids
from starloom.tables import read_meta, read_table

KEY = "source_id"
PLACE = {column.name: column for column in STAR if column.name != KEY}
"""What places a star; taken from the table of stars, never from a study."""

SMALLEST = {"i1": "i2", "u1": "i2", "u2": "i4", "u4": "i8"}
"""Integer types that FITS stores with an offset, which leaves no room for a missing value."""


@dataclass(frozen=True)
class Catalog:
    """
    One study's catalogue.

    Args:
        name: of its file.
        columns: equally long arrays, with `source_id`.
        described: unit, description and ucd of each column.
    """

    name: str
    columns: Mapping[str, np.ndarray]
    described: Mapping[str, Mapping[str, str]]


def read_catalog(path: str | Path) -> Catalog:
    """Read a study's catalogue, Parquet as `write_catalog` writes it."""
    described = read_meta(path).get("columns", {})
    return Catalog(Path(path).stem, read_table(path), described)


def merge(
    stars: Mapping[str, np.ndarray], catalogs: list[Catalog]
) -> tuple[Table, dict[str, dict[str, int]], dict[str, list[str]]]:
    """
    Put the catalogues of the studies side by side, one row a star.

    A column of a study has its catalogue's name in front, whichever other catalogues there are.

    Args:
        stars: the table of all stars; its columns of `STAR` place them. Without ra and dec the
            positions are missing.
        catalogs: of the studies. Of a star's several rows the one with the most values counts;
            rows without a source_id are left out; both are counted.

    Returns:
        The table in the order of source_id, masked where a star has no value, with
        `in_<catalogue>` for each catalogue; for each catalogue its `rows`, `without_source_id`,
        `repeated` and `stars`; and for each catalogue its own columns in the table.

    Raises:
        ValueError: if a catalogue has no source_id; the message names it.
    """
    counts, kept, own = {}, {}, {}
    for catalog in catalogs:
        if KEY not in catalog.columns:
            raise ValueError(f"catalogue {catalog.name} has no {KEY}: it cannot be merged")
        rows = best_rows(catalog.columns)
        kept[catalog.name] = {name: values[rows] for name, values in catalog.columns.items()}
        ids = np.asarray(catalog.columns[KEY])
        counts[catalog.name] = {
            "rows": len(ids),
            "without_source_id": int(np.sum(ids <= 0)),
            "repeated": int(np.sum(ids > 0)) - len(rows),
            "stars": len(rows),
        }
    every = [stars[KEY], *(columns[KEY] for columns in kept.values())]
    source_id = np.unique(np.concatenate(every).astype(np.int64))
    table = Table({KEY: source_id})
    _describe(table, KEY, asdict(next(column for column in STAR if column.name == KEY)))
    for name, column in PLACE.items():
        if name in stars or name in ("ra", "dec"):
            values = stars[name] if name in stars else np.full(len(stars[KEY]), np.nan)
            values = {KEY: stars[KEY], name: np.asarray(values).astype(column.dtype)}
            _add(table, name, values, name, asdict(column))
    for catalog in catalogs:
        inside = f"in_{catalog.name}"
        table[inside] = np.isin(source_id, kept[catalog.name][KEY])
        meaning = f"whether the catalogue {catalog.name} has the star"
        _describe(table, inside, {"description": meaning, "ucd": "meta.code"})
        for name in catalog.columns:
            if name == KEY or name in PLACE:
                continue
            target = f"{catalog.name}_{name}"
            said = catalog.described.get(name, {})
            own.setdefault(catalog.name, []).append(target)
            _add(table, target, kept[catalog.name], name, said)
    return table, counts, own


def best_rows(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows in the order of source_id, one a star: that with most finite values, else the first."""
    ids = np.asarray(columns[KEY])
    score = np.zeros(len(ids), int)
    for values in columns.values():
        if np.asarray(values).dtype.kind == "f":
            score += np.isfinite(values).reshape(len(ids), -1).sum(axis=1)
    order = np.lexsort((np.arange(len(ids)), -score, ids))
    order = order[ids[order] > 0]
    return order[np.unique(ids[order], return_index=True)[1]]


def _add(table: Table, target: str, columns: Mapping, name: str, said: Mapping) -> None:
    """Add a column on the rows of the table, masked where it has no row."""
    ids, values = columns[KEY], np.asarray(columns[name])
    rows = join_ids(np.asarray(table[KEY]), np.asarray(ids))
    found = rows >= 0
    taken = np.zeros((len(table), *values.shape[1:]), values.dtype)
    taken[found] = values[rows[found]]
    if taken.dtype.kind == "O":
        taken = taken.astype(str)
    taken = taken.astype(SMALLEST.get(taken.dtype.str[1:], taken.dtype))
    empty = {"f": np.nan, "U": "", "b": False}.get(taken.dtype.kind, 0)
    absent = ~found.reshape(-1, *[1] * (taken.ndim - 1))
    taken = np.where(absent, np.array(empty, taken.dtype), taken)
    column = MaskedColumn(taken, mask=np.broadcast_to(absent, taken.shape))
    if taken.dtype.kind in "iuf":
        column.fill_value = np.nan if taken.dtype.kind == "f" else np.iinfo(taken.dtype).min
    table[target] = column
    _describe(table, target, said)


def _describe(table: Table, name: str, said: Mapping[str, str]) -> None:
    column = table[name]
    column.unit = said.get("unit") or None
    column.description = said.get("description", "")
    if said.get("ucd"):
        column.meta["ucd"] = said["ucd"]
