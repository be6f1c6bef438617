"""Text files in the archives' form: XP spectra and gaia_source as in Gaia's bulk archive, 2MASS."""

import contextlib
import io
import itertools
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

from starloom.archives.ahead import ahead
from starloom.archives.raw_tables import NO_INTEGER
from starloom.archives.schema import ArchiveColumn, archive_columns
from starloom.archives.twomass import ALIASES
from starloom.archives.twomass import REQUIRED as REQUIRED_2MASS
from starloom.archives.write_columns import check, missing_band, refuse_unknown, xp_scalar
from starloom.archives.xp_columns import ARRAYS, BANDS, REALS, REQUIRED
from starloom.tables import atomic

_BLOCK_ROWS = 256
_GZIP_LEVEL = 1
"""Four times as fast as the usual 6, for files a quarter larger."""


def write_xp_bulk(path: str | Path, blocks: Iterable[Mapping[str, np.ndarray]], note: str) -> None:
    """
    Write XP continuous spectra as a file of Gaia's bulk archive: gzipped csv below an ECSV header.

    Args:
        path: `XpContinuousMeanSpectrum_*.csv.gz`.
        blocks: columns as `archives.gaia.read_xp` returns them [e-/s], all blocks with the same
            ones; other columns of the archive's 26 where there are, and the G of a user's file,
            which the archive's lack. A band whose coefficients are all NaN is written as missing.
            Errors and correlations are stored in single precision, as by the archive. Without
            correlations their columns are left out.
        note: what the header says of the origin of the file.

    Raises:
        ValueError: if a column is missing or has another length than `source_id`.
    """
    stream = iter(blocks)
    first = next(stream)
    check(path, first, REQUIRED)
    columns = [
        column
        for column in archive_columns("xp_continuous").values()
        if column.name in first or column.name not in ARRAYS
    ]
    columns += [archive_columns("gaia_source")[name] for name in REALS[2:] if name in first]
    frames = (
        _xp_frame(block, columns, slice(row, row + _BLOCK_ROWS))
        for block in itertools.chain([first], stream)
        for row in range(0, max(len(block["source_id"]), 1), _BLOCK_ROWS)
    )
    write_gzipped(path, _text(ecsv_header(columns, note), frames))


def write_gaia_source(path: str | Path, table: Mapping[str, np.ndarray], note: str) -> None:
    """
    Write Gaia sources as a file of the bulk archive: gzipped csv below an ECSV header.

    Args:
        path: `GaiaSource_*.csv.gz`.
        table: columns of gaia_source by the archive's names and units; NaN, -1 and '' are
            written as null. `solution_id` and `designation` are made where they are not given.
        note: what the header says of the origin of the file.

    Raises:
        ValueError: if source_id, ra or dec is missing, the archive has no such column, or
            lengths differ.
    """
    check(path, table, ("source_id", "ra", "dec"))
    source_id = np.asarray(table["source_id"])
    names = np.char.add("Gaia DR3 ", source_id.astype(str))
    table = {"solution_id": np.zeros_like(source_id), "designation": names} | dict(table)
    _write_table(path, table, "gaia_source", note, ecsv=True)


def write_twomass(path: str | Path, table: Mapping[str, np.ndarray], note: str) -> None:
    """
    Write 2MASS sources as the Gaia archive's answer to a query of its 2MASS table: csv.

    Args:
        path: a csv file, gzipped if its name ends with .gz.
        table: columns of `gaiadr1.tmass_original_valid`; names of IRSA are turned into these. An
            ext_key of 0 means no extended source and is written as null, as missing values are.
        note: what a comment in the first line says of the origin of the file.

    Raises:
        ValueError: if designation, ra, dec, j_m, h_m or ks_m is missing, the archive has no such
            column, or lengths differ.
    """
    table = {ALIASES.get(name, name): np.asarray(table[name]) for name in table}
    check(path, table, REQUIRED_2MASS)
    if "ext_key" in table:
        table["ext_key"] = np.where(table["ext_key"] > 0, table["ext_key"], NO_INTEGER)
    _write_table(path, table, "twomass", note, ecsv=False)


def write_gzipped(path: str | Path, pieces: Generator[bytes]) -> None:
    """
    Write pieces of text, gzipped without a time stamp if the name ends with .gz, atomically.

    Args:
        path: the file.
        pieces: the text; made on another thread.
    """
    pack = zlib.compressobj(_GZIP_LEVEL, wbits=31) if str(path).endswith(".gz") else None
    with (
        contextlib.closing(ahead(pieces, 1)) as early,
        atomic(path) as temporary,
        open(temporary, "wb") as handle,
    ):
        for piece in early:
            handle.write(pack.compress(piece) if pack else piece)
        handle.write(pack.flush() if pack else b"")


def ecsv_header(columns: Iterable[ArchiveColumn], note: str) -> str:
    """Comment lines of an ECSV file for columns of an archive, with a note in its meta."""
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for column in columns:
        base, _, _ = column.dtype.partition("[")
        lines += ["-", f"  name: {column.name}"]
        lines += [f"  datatype: {'string' if base != column.dtype else base}"]
        lines += [f"  subtype: '{column.dtype}'"] if base != column.dtype else []
        lines += [f"  unit: {column.unit}"] if column.unit else []
    quoted = note.replace("'", "''")
    lines += ["meta:", f"  origin: '{quoted}'"]
    return "".join(f"# {line}\n" for line in lines)


def _write_table(
    path: str | Path, table: Mapping[str, np.ndarray], name: str, note: str, ecsv: bool
) -> None:
    refuse_unknown(path, table, name)
    given = [column for column in archive_columns(name).values() if column.name in table]
    frame = pl.DataFrame([_cells(column, np.asarray(table[column.name])) for column in given])
    header = ecsv_header(given, note) if ecsv else f"# {note}\n"
    write_gzipped(path, _text(header, iter([frame])))


def _cells(column: ArchiveColumn, values: np.ndarray) -> pl.Series:
    """Values in the archive's type; null where they are missing."""
    if column.dtype == "string":
        series = pl.Series(column.name, np.asarray(values, dtype=str).tolist(), pl.String)
        return series.replace("", None)
    if column.dtype == "bool":
        text = np.where(np.asarray(values, bool), "True", "False")
        return pl.Series(column.name, text.tolist(), pl.String)
    series = pl.Series(column.name, np.ascontiguousarray(values))
    missing = series == NO_INTEGER if column.dtype.startswith("int") else series.is_nan()
    kind = getattr(pl, column.dtype.capitalize())
    return pl.select(pl.when(~missing).then(series.cast(kind, strict=False))).to_series()


def _xp_frame(
    spectra: Mapping[str, np.ndarray], columns: list[ArchiveColumn], rows: slice
) -> pl.DataFrame:
    block = {name: np.asarray(values)[rows] for name, values in spectra.items()}
    absent = {band: missing_band(block, band) for band in BANDS}
    return pl.DataFrame([_xp_cells(column, block, absent) for column in columns])


def _xp_cells(
    column: ArchiveColumn, spectra: Mapping[str, np.ndarray], absent: Mapping[str, np.ndarray]
) -> pl.Series:
    name = column.name
    if name not in ARRAYS:
        values = xp_scalar(name, spectra, absent)
        if values is None:
            return pl.Series(name, [None] * len(spectra["source_id"]), pl.String)
        return _cells(column, values).alias(name)
    dtype = np.float64 if column.dtype.startswith("float64") else np.float32
    values = np.ascontiguousarray(spectra[name], dtype)
    text = pl.Series(values.ravel()).cast(pl.String).reshape(values.shape).arr.join(",")
    cells = pl.when(pl.Series(~absent[name[:2]])).then(pl.lit("[") + text + pl.lit("]"))
    return pl.select(cells.alias(name)).to_series()


def _text(header: str, frames: Iterator[pl.DataFrame]) -> Generator[bytes]:
    yield header.encode()
    for index, frame in enumerate(frames):
        block = io.BytesIO()
        frame.write_csv(block, include_header=index == 0, null_value="null")
        yield block.getvalue()
