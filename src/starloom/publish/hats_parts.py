"""
Catalogues of the whole sky that many jobs make, in the layout of `publish.hats`.

Each job writes the pixels of its own part of the sky; the parts never overlap, so that a catalogue
is made of them by links, without reading a row.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from astropy.table import Table

from starloom.publish.catalog import describe
from starloom.publish.hats import INDEX, ORDER, finish, partition_path, place
from starloom.tables import atomic, write_table

LEVEL = 8
"""Order of the pixels by which the parts are named."""


def pixels_of_range(first: int, last: int, level: int = LEVEL) -> Iterator[tuple[int, int]]:
    """
    The fewest HEALPix pixels that make up a range of nested pixels.

    Args:
        first: pixel of order `level`.
        last: pixel of the same order, in the range itself.
        level: the order.

    Yields:
        Order and pixel, in the order of the sky.
    """
    stop = last + 1
    while first < stop:
        up = 0
        while up < level and first % 4 ** (up + 1) == 0 and first + 4 ** (up + 1) <= stop:
            up += 1
        yield level - up, first >> (2 * up)
        first += 4**up


def write_part(
    folder: Path,
    table: Table,
    extent: tuple[int, int],
    data: str,
) -> int:
    """
    Write one part of the sky: a file for each pixel that has rows.

    Args:
        folder: below it come Norder=, Dir= and Npix=.
        table: of `catalog.as_columns`, with ra and dec [deg].
        extent: first and last nested pixel of order 8 of the part. A star just outside, whose
            source_id was given for another position, counts as at its edge.
        data: simulated, files or dr17.

    Returns:
        Files written.
    """
    columns = {name: np.asarray(table[name]) for name in table.colnames}
    shift = 2 * (ORDER - LEVEL)
    index = place(*(columns[name] for name in ("source_id", "ra", "dec")))
    index = np.clip(index, extent[0] << shift, ((extent[1] + 1) << shift) - 1)
    order = np.argsort(index, kind="stable")
    columns = {INDEX: index[order]} | {name: values[order] for name, values in columns.items()}
    written = 0
    for level, pixel in pixels_of_range(*extent):
        low, high = (number << (2 * (ORDER - level)) for number in (pixel, pixel + 1))
        rows = slice(*np.searchsorted(columns[INDEX], [low, high]))
        if rows.start < rows.stop:
            meta = {"data": data, "columns": describe(table)}
            path = folder / partition_path(level, pixel)
            write_table(path, {name: values[rows] for name, values in columns.items()}, meta)
            written += 1
    return written


def join_parts(folder: str | Path, parts: Sequence[Path], name: str) -> dict[str, int]:
    """
    Make a catalogue of written parts.

    Args:
        folder: the catalogue, made anew.
        parts: folders of `write_part`; the files are linked, or copied across disks.
        name: of the catalogue.

    Returns:
        `rows`, `pixels` and `bytes`.

    Raises:
        ValueError: if no part has a file.
    """
    found = sorted(
        (int(path.parent.parent.name.partition("=")[2]), int(path.stem.partition("=")[2]), path)
        for part in parts
        for path in Path(part).glob("Norder=*/Dir=*/Npix=*.parquet")
    )
    if not found:
        raise ValueError(f"{folder}: none of the {len(parts)} parts has a star")
    footers, size = [], 0
    with atomic(folder) as temporary:
        for level, pixel, path in found:
            relative = partition_path(level, pixel)
            file = temporary / "dataset" / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            _link(path, file)
            footers.append(pq.read_metadata(file))
            footers[-1].set_file_path(relative)
            size += file.stat().st_size
        pixels = [(level, pixel) for level, pixel, _ in found]
        finish(temporary, name, pq.read_schema(found[0][2]), pixels, footers)
    return {"rows": sum(f.num_rows for f in footers), "pixels": len(found), "bytes": size}


def _link(path, file):
    try:
        os.link(path, file)
    except OSError:
        shutil.copyfile(path, file)
