"""
XP spectra from text: csv and ecsv with arrays in quoted cells, columnar, block by block.

The arrays hold 99 % of the bytes. A block is parsed in place: whatever lies between two arrays
is overwritten with a mark, so that the block becomes one column of numbers, which a columnar
reader parses on all cores. Rows and scalars come from the text left when the arrays are cut out.
"""

import contextlib
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import polars as pl

from starloom.archives.ahead import ahead
from starloom.archives.raw_text import BLOCK_BYTES, Source, text_blocks
from starloom.archives.xp_columns import ARRAYS, INTEGERS, REALS, Ragged, RawXp, require_columns
from starloom.archives.xp_numbers import joined, mark, numbers


class _Block(NamedTuple):
    """Rows before the arrays' numbers are parsed: their text lies in `numbers`, marks between."""

    scalars: pl.DataFrame
    numbers: bytes
    start: np.ndarray
    stop: np.ndarray
    row: np.ndarray
    name: np.ndarray
    wanted: list[str]


def text_spectra(
    path: Source, correlations: bool, block_bytes: int = BLOCK_BYTES
) -> Iterator[RawXp]:
    """
    Stream the spectra of a text file, plain or gzipped, in blocks.

    Args:
        path: csv or ecsv, arrays as "(a, b, ...)" or "[a,b,...]", missing cells empty or null.
        correlations: whether to read the correlations.
        block_bytes: about how much text to hold at once.

    Yields:
        Whole rows, in the order of the file.

    Raises:
        ValueError: if a column is missing, a row has too few or too many cells or no source_id,
            or there are no rows.
    """
    rows = 0
    with contextlib.closing(ahead(_blocks(path, correlations, block_bytes), 1)) as blocks:
        for block in blocks:
            yield RawXp(_source_ids(block, path, rows), _scalars(block), _arrays(block, path))
            rows += block.scalars.height
    if not rows:
        raise ValueError(f"{path} has no rows below a header; get it again")


def _blocks(path: Source, correlations: bool, block_bytes: int) -> Iterator[_Block]:
    names: list[str] = []
    before = b""
    rows = 0
    for text in text_blocks(path, block_bytes):
        if not names:
            before += text.getvalue()
            start = _header_start(before)
            if start == len(before):
                continue
            stop = before.find(b"\n", start)
            names = _names(before[start:stop], path)
            text = io.BytesIO()
            text.write(memoryview(before)[stop + 1 :])
        if text.getbuffer().nbytes:
            block = _block(text, names, correlations, path, rows)
            rows += block.scalars.height
            if block.scalars.height:
                yield block


def _header_start(text: bytes) -> int:
    """Where the first line is that is neither a comment nor empty."""
    start = 0
    while text.startswith((b"#", b"\n", b"\r"), start):
        start = text.find(b"\n", start) + 1
    return start


def _names(line: bytes, path: Source) -> list[str]:
    text = line.decode("utf-8", "replace").strip().lstrip("\ufeff")
    names = [name.strip().strip('"') for name in text.split(",")]
    require_columns(names, path)
    return names


def _block(
    block: io.BytesIO, names: list[str], correlations: bool, path: Source, rows: int
) -> _Block:
    text = np.frombuffer(block.getbuffer(), np.uint8)
    start, stop = _array_cells(text, names, path, rows)
    rest = joined(text, np.append(0, stop), np.append(start, len(text)))
    row, column = _places(rest, start, stop, names, path, rows)
    wanted = [name for name in ARRAYS if correlations or not name.endswith("correlations")]
    wanted = [name for name in wanted if name in names]
    name = np.array(names)[column]
    keep = (stop > start) & np.isin(name, wanted)
    start, stop = start[keep], stop[keep]
    if not keep.all():
        pieces = joined(text, start - 2, stop + 2)
        block = io.BytesIO(pieces)
        text = np.frombuffer(block.getbuffer(), np.uint8)
        length = stop - start + 4
        start, stop = np.cumsum(length) - length + 2, np.cumsum(length) - 2
    if len(start):
        mark(text, start, stop)
    del text
    scalars = _scalar_table(rest, names)
    return _Block(scalars, block.getvalue(), start, stop, row[keep], name[keep], wanted)


def _array_cells(
    text: np.ndarray, names: list[str], path: Source, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where the insides of the quoted arrays start and stop."""
    quotes = np.flatnonzero(text == ord('"'))
    opens = np.flatnonzero(np.isin(text[quotes + 1], [ord("("), ord("[")]))
    after = np.append(quotes, len(text) - 1)[opens + 1]
    start, stop = quotes[opens] + 2, after - 1
    closed = np.isin(text[stop], [ord(")"), ord("]")]) & (np.diff(opens, append=len(quotes)) > 1)
    if not closed.all():
        place = int(start[np.argmin(closed)])
        lines = bytes(text[:place]).split(b"\n")
        star = dict(zip(names, lines[-1].decode("utf-8", "replace").split(","), strict=False))
        raise ValueError(
            f"{path}, row {rows + len(lines)} (source_id {star.get('source_id')}): an array has no "
            "end; the file is cut or damaged, get it again"
        )
    return start, stop


def _places(
    rest: bytes, start: np.ndarray, stop: np.ndarray, names: list[str], path: Source, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of each array, after a check that every row has a cell for each column."""
    letters = np.frombuffer(rest, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))
    commas = np.flatnonzero(letters == ord(","))
    before = np.searchsorted(commas, ends)
    cells = 1 + np.diff(before, prepend=0)
    blank = (cells == 1) & (np.diff(ends, prepend=-1) <= 2)
    if np.any((cells != len(names)) & ~blank):
        line = int(np.argmax((cells != len(names)) & ~blank))
        text = rest[ends[line - 1] + 1 if line else 0 : ends[line]].decode("utf-8", "replace")
        star = dict(zip(names, text.split(","), strict=False)).get("source_id")
        raise ValueError(
            f"{path}, row {rows + line + 1} (source_id {star}): {cells[line]} cells where the "
            f"header has {len(names)}; the file is cut or damaged, get it again"
        )
    place = start - np.cumsum(stop - start) + (stop - start)
    line = np.searchsorted(ends, place)
    column = np.searchsorted(commas, place) - np.append(0, before)[line]
    return (np.cumsum(~blank) - 1)[line], column


def _scalar_table(rest: bytes, names: list[str]) -> pl.DataFrame:
    """The columns without arrays that are of use, null where there is no number."""
    kinds = {"source_id": pl.Int64} | dict.fromkeys((*INTEGERS, *REALS), pl.Float64)
    kinds = {name: kinds.get(name, pl.String) for name in names}
    if not rest.strip():
        return pl.DataFrame(schema=kinds)
    lines = re.sub(rb"\n\s*\n", b"\n", rest).lstrip()
    table = pl.read_csv(lines, has_header=False, schema=kinds, ignore_errors=True)
    return table.select(name for name, kind in kinds.items() if kind != pl.String)


def _source_ids(block: _Block, path: Source, rows: int) -> np.ndarray:
    ids = block.scalars["source_id"]
    if ids.null_count():
        raise ValueError(
            f"{path}, row {rows + int(ids.is_null().arg_max()) + 1}: source_id is not an integer; "
            "every row needs its star's source_id"
        )
    return ids.to_numpy()


def _scalars(block: _Block) -> dict[str, np.ndarray]:
    table = block.scalars.fill_null(np.nan)
    return {name: table[name].to_numpy() for name in table.columns if name != "source_id"}


def _arrays(block: _Block, path: Source) -> dict[str, Ragged]:
    values, start, count = numbers(block.numbers, block.start, block.stop, path)
    arrays = {}
    for name in block.wanted:
        chosen = block.name == name
        ragged = Ragged(values, *np.zeros((2, block.scalars.height), np.int64))
        ragged.start[block.row[chosen]] = start[chosen]
        ragged.count[block.row[chosen]] = count[chosen]
        arrays[name] = ragged
    return arrays
