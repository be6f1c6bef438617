"""Tables of stars as archives and users give them, in any usual format, to NumPy columns."""

import io
import warnings
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from starloom.archives.raw_fits import open_fits
from starloom.archives.raw_text import Source, file_kind, raw_bytes
from starloom.archives.schema import ArchiveColumn

Keep = Callable[[list[str]], dict[str, str]]
"""From all names of a file, those to read with our names for them."""

NO_INTEGER = -1
"""What a missing integer becomes; a missing number is NaN, a missing text empty."""

_EXACT = 2**53
"""Up to here all integers are exact as floating-point numbers."""

_NULLS = ["", "null", "NULL", "nan", "NaN", "--", "N/A"]
_TRUE = ["true", "True", "TRUE", "t", "T", "1"]


def read_columns(
    source: Source,
    schema: Mapping[str, ArchiveColumn],
    required: Iterable[str],
    columns: Iterable[str] | None = None,
    aliases: Mapping[str, str] | None = None,
) -> dict[str, np.ndarray]:
    """
    Read a table from csv, ecsv, FITS, parquet or VOTable, plain or gzipped.

    Args:
        source: the file.
        schema: the archive's columns; they settle the types.
        required: names without which the file is of no use.
        columns: names to read where the file has them, besides the required ones; all of the
            file by default.
        aliases: other names under which files have the archive's columns.

    Returns:
        Columns by the archive's names: numbers as the schema says, missing NaN or
        `NO_INTEGER`; truth values; text stripped. Columns outside the schema keep the type that
        the file has, or that their text shows.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, cut, a web page, has no rows or lacks a column.
    """
    aliases = aliases or {}
    kind = file_kind(source)[1]
    if kind not in _READERS:
        raise ValueError(
            f"{source} is a {kind} file; give a table as csv, ecsv, FITS, parquet or VOTable"
        )
    wanted = None if columns is None else {*required, *columns}

    def keep(names: list[str]) -> dict[str, str]:
        found = {name: aliases.get(name, name) for name in names}
        missing = [name for name in required if name not in found.values()]
        if missing:
            raise ValueError(
                f"{source} lacks the columns {', '.join(missing)}; it has {', '.join(names[:40])}"
            )
        return {n: ours for n, ours in found.items() if wanted is None or ours in wanted}

    read = _READERS[kind](source, keep)
    if not read or not len(next(iter(read.values()))):
        raise ValueError(f"{source} has no rows; get it again")
    return {name: _typed(name, values, schema, source) for name, values in read.items()}


def read_fits_columns(source: Source, keep: Keep, hdu: int = 1) -> dict[str, np.ndarray]:
    """
    Columns of a FITS table, one at a time, so that a wide table never is in memory whole.

    Args:
        source: the file; mapped, not loaded, unless it is gzipped or in a zip.
        keep: from all names of the file, those to read with our names for them.
        hdu: which extension holds the table.

    Returns:
        Native arrays by name; integers that the header calls undefined are `NO_INTEGER`.

    Raises:
        ValueError: if the file is cut or has no such table.
    """
    with open_fits(source) as hdus, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        if len(hdus) <= hdu or not isinstance(hdus[hdu], (fits.BinTableHDU, fits.TableHDU)):
            raise ValueError(f"{source} has no table in extension {hdu}; is it the right file?")
        table = hdus[hdu]
        chosen = keep(list(table.columns.names))
        undefined = {c.name: c.null for c in table.columns if c.null not in (None, "")}
        read = {ours: np.array(table.data[name]) for name, ours in chosen.items()}
    for name, ours in chosen.items():
        values = read[ours]
        if not values.dtype.isnative:
            values = values.astype(values.dtype.newbyteorder("="))
        if values.dtype.kind in "iu" and name in undefined:
            values = np.where(values == undefined[name], NO_INTEGER, values)
        read[ours] = values
    return read


def _read_text(source: Source, keep: Keep) -> dict[str, np.ndarray]:
    text = raw_bytes(source)
    head = text[: 1 << 20].decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    comments = [line for line in head if line.startswith("#")]
    header = next((line for line in head if line and not line.startswith("#")), "")
    separator = _separator(comments)
    names = [name.strip().strip('"') for name in header.split(separator)]
    chosen = keep(names)
    try:
        table = pl.read_csv(
            text,
            separator=separator,
            comment_prefix="#",
            columns=[names.index(name) for name in chosen],
            infer_schema=False,
            null_values=_NULLS,
        )
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{source} is cut or damaged ({error}); get it again") from error
    return {ours: table[name] for name, ours in chosen.items()}


def _separator(comments: list[str]) -> str:
    """The one that an ECSV header names; a space if it names none; else a comma."""
    if not any(line.startswith("# %ECSV") for line in comments):
        return ","
    named = [line.split("delimiter:")[1].strip() for line in comments if "delimiter:" in line]
    return named[0].strip("'\"") or " " if named else " "


def _read_parquet(source: Source, keep: Keep) -> dict[str, np.ndarray]:
    file = pq.ParquetFile(pa.BufferReader(raw_bytes(source)))
    chosen = keep(file.schema_arrow.names)
    table = file.read(columns=list(chosen))
    return {ours: pl.from_arrow(table.column(name)) for name, ours in chosen.items()}


def _read_votable(source: Source, keep: Keep) -> dict[str, np.ndarray]:
    table = Table.read(io.BytesIO(raw_bytes(source)), format="votable")
    chosen = keep(list(table.colnames))
    return {ours: _filled(table[name]) for name, ours in chosen.items()}


def _filled(column: np.ma.MaskedArray) -> np.ndarray:
    values = np.ma.asarray(column)
    missing = {"f": np.nan, "i": NO_INTEGER, "u": 0, "b": False}.get(values.dtype.kind, "")
    return np.asarray(values.filled(missing))


_READERS = {
    "text": _read_text,
    "fits": read_fits_columns,
    "parquet": _read_parquet,
    "votable": _read_votable,
}


def _typed(
    name: str, values: np.ndarray | pl.Series, schema: Mapping[str, ArchiveColumn], source: Source
) -> np.ndarray:
    """A column in the archive's type; integers of another width stay as wide as they are."""
    dtype = schema[name].dtype.partition("[")[0] if name in schema else ""
    where = f"{source}: {name}"
    if isinstance(values, pl.Series):
        values = _from_series(values, dtype, where)
    if values.dtype.kind in "SUO":
        return np.char.strip(values.astype(str))
    if dtype.startswith("int"):
        values = _integers(values, where) if values.dtype.kind == "f" else values
        fits_in = np.all((values >= np.iinfo(dtype).min) & (values <= np.iinfo(dtype).max))
        return values.astype(dtype, copy=False) if fits_in else values
    return values.astype(dtype, copy=False) if dtype.startswith("float") else values


def _from_series(values: pl.Series, dtype: str, where: str) -> np.ndarray:
    """A column of text or of parquet as an array: text, truth values, int64 or numbers."""
    if dtype == "bool" and values.dtype == pl.String:
        return values.is_in(_TRUE).fill_null(False).to_numpy()
    if values.dtype == pl.Boolean:
        return values.fill_null(False).to_numpy()
    if dtype == "string" or dtype.startswith("S"):
        return values.cast(pl.String).fill_null("").to_numpy().astype(str)
    if values.dtype == pl.String:
        values = _parsed(values.str.strip_chars(), dtype, where)
    if values.dtype == pl.String:
        return values.fill_null("").to_numpy().astype(str)
    if values.dtype.is_integer():
        return values.fill_null(NO_INTEGER).to_numpy().copy()
    return values.fill_null(np.nan).to_numpy().copy()


def _parsed(text: pl.Series, dtype: str, where: str) -> pl.Series:
    """Numbers of a text: integers if all are and the schema does not want others."""
    if not dtype.startswith("float"):
        number = text.cast(pl.Int64, strict=False)
        if number.null_count() == text.null_count():
            return number
    number = text.cast(pl.Float64, strict=False)
    bad = number.is_null() & text.is_not_null()
    if not bad.any():
        return number
    if not dtype:
        return text
    row = int(bad.arg_max())
    raise ValueError(f"{where} in row {row + 1} is {text[row]!r}, not a number")


def _integers(values: np.ndarray, where: str) -> np.ndarray:
    """Whole numbers of a floating-point column; those too large for it have lost digits."""
    finite = np.isfinite(values)
    bad = finite & ((values != np.round(values)) | (np.abs(values) > _EXACT))
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{where} in row {row + 1} is {values[row]!r}, stored as a floating-point number: not "
            "an integer, or one whose last digits are lost; get the file with integers"
        )
    return np.where(finite, values, NO_INTEGER).astype(np.int64)
