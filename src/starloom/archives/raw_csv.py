"""Tables that archives answered, written as the csv files that the readers take."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from starloom.tables import atomic

_GZIP_LEVEL = 6


def write_csv(path: str | Path, columns: Mapping[str, np.ndarray]) -> None:
    """
    Write columns as csv, atomically, without losing a digit.

    Args:
        path: gzipped if its name ends with .gz; the same columns give the same bytes.
        columns: equally long; masked cells and NaN become empty, truth values True and False.

    Raises:
        ValueError: if the columns differ in length.
    """
    frame = pl.DataFrame([_series(name, values) for name, values in columns.items()])
    text = frame.write_csv().encode()
    if str(path).endswith(".gz"):
        text = gzipped(text)
    with atomic(path) as temporary:
        temporary.write_bytes(text)


def gzipped(data: bytes) -> bytes:
    """Data as a gzip file without name and time."""
    pack = zlib.compressobj(_GZIP_LEVEL, wbits=31)
    return pack.compress(data) + pack.flush()


def _series(name: str, values: np.ndarray) -> pl.Series:
    missing = np.ma.getmaskarray(values)
    data = np.ascontiguousarray(np.ma.getdata(values))
    if data.dtype.kind == "b":
        data = np.where(data, "True", "False")
    if data.dtype.kind == "f":
        missing = missing | np.isnan(data)
    if not data.dtype.isnative:
        data = data.astype(data.dtype.newbyteorder("="))
    series = pl.Series(name, data.tolist() if data.dtype.kind in "US" else data)
    return pl.select(pl.when(pl.Series(~missing)).then(series).alias(name)).to_series()
