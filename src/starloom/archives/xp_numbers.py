"""Arrays of numbers within a text, parsed all together as one column."""

import numpy as np
import polars as pl
import pyarrow as pa

from starloom.archives.raw_text import Source

_MARK = 9.0


def joined(text: np.ndarray, start: np.ndarray, stop: np.ndarray) -> bytes:
    """The pieces of a text from each start to its stop, joined."""
    edges = np.append(np.column_stack([start, stop]).ravel(), len(text)).astype(np.int64)
    both = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(edges) - 1, [None, pa.py_buffer(edges), pa.py_buffer(text)]
    )
    taken = both.take(pa.array(np.arange(0, len(edges) - 1, 2)))
    return taken.buffers()[2].to_pybytes()


def mark(text: np.ndarray, start: np.ndarray, stop: np.ndarray) -> None:
    """
    Overwrite all between the arrays with a mark among separators.

    Four bytes at least lie between two arrays, two before the first and after the last.
    """
    gap_start, gap_stop = np.append(0, stop), np.append(start, len(text))
    length = gap_stop - gap_start
    gaps = np.arange(length.sum()) + np.repeat(gap_start - np.cumsum(length) + length, length)
    text[gaps] = ord(" ")
    text[stop] = ord(",")
    text[start - 1] = ord(",")
    text[np.append(start - 2, len(text) - 1)] = ord("9")


def numbers(
    text: bytes, start: np.ndarray, stop: np.ndarray, path: Source
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Parse marked text.

    Args:
        text: numbers and marks, separated by commas.
        start: where in the text each array starts.
        stop: where it stops.
        path: for messages.

    Returns:
        All numbers and marks, NaN for what is no number; where in them each array starts; how
        many numbers it has.

    Raises:
        ValueError: if an array holds a line break.
    """
    if not len(start):
        return np.empty(0), start, start
    values = _column(text)
    if values.null_count():
        values = _column(text.translate(None, b" \t\r")).fill_null(np.nan)
    values = values.to_numpy()
    marks = np.flatnonzero(values == _MARK)
    if len(marks) != len(start) + 1:
        pairs = zip(start, stop, strict=True)
        count = [text.count(b",", first, last) + 1 for first, last in pairs]
        marks = np.append(0, np.cumsum(np.array(count) + 1))
    if marks[-1] != len(values) - 1 or np.any(values[marks] != _MARK):
        raise ValueError(f"{path}: an array holds a line break; the file is damaged, get it again")
    return values, marks[:-1] + 1, np.diff(marks) - 1


def _column(text: bytes) -> pl.Series:
    """One column of numbers, separated by commas; null where the text is no number."""
    table = pl.read_csv(
        text,
        has_header=False,
        quote_char=None,
        eol_char=",",
        schema={"value": pl.Float64},
        ignore_errors=True,
    )
    return table["value"]
