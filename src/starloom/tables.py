"""
The only reading and writing of tables, arrays and models.

Every writer is atomic: it fills a temporary neighbour of the target and renames it when all
bytes are on disk. A full disk, a kill or an exception leaves the old file or none, never half.
"""

import contextlib
import csv
import gzip
import io
import json
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from astropy.table import Column, MaskedColumn, Table
from astropy.units import Unit, UnitsWarning
from astropy.utils.exceptions import AstropyUserWarning

CHUNK = 1024
"""Stars in one Zarr chunk."""


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """
    Give a temporary path beside `path`; rename it to `path` when the block succeeds.

    Args:
        path: the file or folder to make; its parent is created.

    Yields:
        The temporary path to write, with the suffixes of `path`.

    Raises:
        FileNotFoundError: if the block did not write the temporary path.
        OSError: whatever the block raised, a full disk for example; nothing is left behind.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".partial-{os.getpid()}-{path.name}")
    _remove(temporary)
    try:
        yield temporary
        _sync(temporary)
        if path.is_dir():
            _remove(path)
        os.replace(temporary, path)
    finally:
        _remove(temporary)


def write_table(path: str | Path, columns: Mapping[str, np.ndarray], meta: Mapping = ()) -> None:
    """
    Write columns as Parquet, in the order given.

    Args:
        path: the Parquet file.
        columns: equally long arrays by name; a 2-d array becomes a fixed-size list column, what
            a masked array masks becomes null. pandas reads masked integers as Int64 (Int32, ...)
            and masked truths as boolean: as floats it would change identifiers.
        meta: small values stored as JSON in the file's metadata under `starloom`.

    Raises:
        ValueError: if the columns differ in length; the message names them.
    """
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: columns of different length: {lengths}")
    table = _arrow_table(columns, meta)
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def stream_table(path: str | Path, parts: Iterable[Mapping[str, np.ndarray]]) -> None:
    """
    Write columns that come some rows at a time as Parquet; memory holds one part.

    Args:
        path: the Parquet file; one part gives the file that `write_table` gives.
        parts: the same columns each time, as for `write_table`.

    Raises:
        ValueError: if a part has other columns or types than the first.
    """
    writer = None
    with atomic(path) as temporary:
        for part in parts:
            table = _arrow_table(part, {})
            if writer is None:
                writer = pq.ParquetWriter(temporary, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()


def read_table(
    path: str | Path,
    columns: list[str] | None = None,
    where: list[tuple[str, str, object]] | None = None,
) -> dict[str, np.ndarray]:
    """
    Read a Parquet table as NumPy columns.

    Args:
        path: the Parquet file.
        columns: names to read; all by default.
        where: conditions on columns such as ("kic", ">", 0), all to be met, as pyarrow takes
            them: memory holds the rows that meet them and little more.

    Returns:
        Arrays by name, in the order of the file (or of `columns`). Fixed-size lists come back
        as 2-d arrays, strings as object arrays.

    Raises:
        FileNotFoundError: if there is no such file.
        KeyError: if a column is absent; the message names the file and the columns it has.
    """
    present = pq.read_schema(path).names
    missing = [name for name in columns or () if name not in present]
    if missing:
        raise KeyError(f"{path} has no column {', '.join(missing)}; it has {', '.join(present)}")
    table = pq.read_table(path, columns=columns, filters=where)
    return {name: _to_numpy(table.column(name).combine_chunks()) for name in columns or present}


def write_csv(path: str | Path, columns: Mapping[str, Sequence]) -> None:
    """Write equally long columns as CSV with a header, atomically."""
    with atomic(path) as temporary, open(temporary, "w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def read_csv(path: str | Path) -> dict[str, list[str]]:
    """Read a CSV with a header as columns of texts."""
    with open(path, newline="") as handle:
        header, *rows = csv.reader(handle)
    return {name: [row[index] for row in rows] for index, name in enumerate(header)}


def read_meta(path: str | Path) -> dict:
    """The small values that `write_table` stored in the file's metadata."""
    return json.loads((pq.read_schema(path).metadata or {}).get(b"starloom", b"{}"))


def stack(tables: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """
    Put tables with the same columns one below the other.

    Args:
        tables: at least one.

    Returns:
        The columns of the first table, concatenated.

    Raises:
        ValueError: if the list is empty or a table lacks a column; the message names it.
    """
    if not tables:
        raise ValueError("no table to stack")
    for index, table in enumerate(tables):
        missing = [name for name in tables[0] if name not in table]
        if missing:
            raise ValueError(f"table {index} lacks the columns {', '.join(missing)} of the first")
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def write_fits_table(path: str | Path, table: Table) -> None:
    """
    Write an astropy table as FITS with checksums, atomically.

    Args:
        path: the FITS file, gzipped if its name ends in .gz.
        table: units, descriptions and meta `ucd` of its columns become TUNIT, TCOMM and TUCD;
            a unit that FITS has no word for, such as dex, stands in TCOMM. The table's own meta
            becomes header cards. A masked number is NaN, or the column's TNULL.
    """
    from astropy.io import fits

    # astropy keeps the fill value of columns with one number a row only.
    table, nulls = Table(table, copy=False), {}
    for name, column in list(table.columns.items()):
        if column.ndim > 1 and isinstance(column, MaskedColumn):
            table.replace_column(name, Column(column.filled(), copy=False))
            for attribute in ("unit", "description", "meta"):
                setattr(table[name], attribute, getattr(column, attribute))
            if column.dtype.kind in "iu":
                nulls[name] = int(column.fill_value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        warnings.simplefilter("ignore", AstropyUserWarning)
        hdu = fits.table_to_hdu(table)
    for name, value in nulls.items():
        hdu.columns[name].null = value
    for index, column in enumerate(table.columns.values(), start=1):
        said = column.description or ""
        if column.unit and not _in_fits(hdu.columns[index - 1].unit):
            hdu.columns[index - 1].unit = None
            said = f"{said} [{column.unit}]".strip()
        for keyword, value in (("TCOMM", said), ("TUCD", column.meta.get("ucd"))):
            if value:
                hdu.header[f"{keyword}{index}"] = value
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu])
    for part in hdus:
        # The time that astropy would note makes equal tables unequal.
        part.add_checksum(when="DATASUM and CHECKSUM of this unit")
    content = io.BytesIO()
    hdus.writeto(content)
    packed = Path(path).suffix == ".gz"
    with atomic(path) as temporary:
        # No name and no time in the gzip header: equal tables are equal files.
        data = content.getvalue()
        temporary.write_bytes(gzip.compress(data, 6, mtime=0) if packed else data)


def write_arrays(path: str | Path, arrays: Mapping[str, np.ndarray], meta: Mapping = ()) -> None:
    """
    Write arrays that share their first axis (stars) as a Zarr group, chunked by star.

    Args:
        path: the Zarr folder.
        arrays: by name; the first axis is the star.
        meta: small values for the group's attributes.
    """
    with atomic(path) as temporary:
        group = zarr.create_group(temporary, attributes=dict(meta))
        for name, values in arrays.items():
            values = np.asarray(values)
            chunks = (max(1, min(CHUNK, len(values))), *values.shape[1:])
            group.create_array(name, data=values, chunks=chunks)


def stream_arrays(
    path: str | Path, parts: Iterable[Mapping[str, np.ndarray]], n_star: int, meta: Mapping = ()
) -> None:
    """
    Write arrays that come some stars at a time, as `write_arrays` does; memory holds one part.

    Args:
        path: the Zarr folder.
        parts: the same arrays each time; the first axis is the star.
        n_star: stars in all parts together.
        meta: small values for the group's attributes.

    Raises:
        ValueError: if the parts do not add up to `n_star`.
    """
    with atomic(path) as temporary:
        group = zarr.create_group(temporary, attributes=dict(meta))
        start = 0
        for part in parts:
            stop = start + len(next(iter(part.values())))
            if stop > n_star:
                raise ValueError(f"{path}: more than the {n_star} stars that were announced")
            for name, values in part.items():
                if start == 0:
                    shape = n_star, *values.shape[1:]
                    chunks = max(1, min(CHUNK, n_star)), *shape[1:]
                    group.create_array(name, shape=shape, chunks=chunks, dtype=values.dtype)
                group[name][start:stop] = values
            start = stop
        if start != n_star:
            raise ValueError(f"{path}: {start} stars came, {n_star} were announced")


def open_arrays(path: str | Path) -> zarr.Group:
    """
    Open a Zarr group for reading; slice its members to stream.

    Raises:
        FileNotFoundError: if there is no group at `path`.
    """
    if not (Path(path) / "zarr.json").exists():
        raise FileNotFoundError(f"{path} is not a Zarr group: no zarr.json in it")
    return zarr.open_group(path, mode="r")


def read_arrays(path: str | Path, names: list[str] | None = None) -> dict[str, np.ndarray]:
    """Read members of a Zarr group whole, by name; see `open_arrays` to stream instead."""
    group = open_arrays(path)
    return {name: group[name][...] for name in names or sorted(group.array_keys())}


def write_json(path: str | Path, value: object) -> None:
    """Write a JSON document with sorted keys, atomically."""
    with atomic(path) as temporary:
        temporary.write_text(json_text(value))


def json_text(value: object) -> str:
    """A JSON document as `write_json` writes it: equal values have equal bytes."""
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n"


def read_json(path: str | Path) -> object:
    """Read a JSON document."""
    return json.loads(Path(path).read_text())


def write_model(path: str | Path, arrays: Mapping[str, np.ndarray], card: Mapping) -> None:
    """
    Write a model as a folder: `arrays.npz` and `card.json`, never a pickle.

    Args:
        path: the model's folder.
        arrays: parameters by their path in the model, for example `encoder/0/kernel`.
        card: architecture, training data, seed and scores, as plain JSON values.
    """
    with atomic(path) as temporary:
        temporary.mkdir()
        np.savez(temporary / "arrays.npz", **{name: np.asarray(arrays[name]) for name in arrays})
        (temporary / "card.json").write_text(json.dumps(card, indent=1, sort_keys=True) + "\n")


def read_model(path: str | Path) -> tuple[dict[str, np.ndarray], dict]:
    """
    Read a model folder.

    Returns:
        The arrays by name and the card.

    Raises:
        FileNotFoundError: if the folder lacks `arrays.npz` or `card.json`.
    """
    path = Path(path)
    for name in ("arrays.npz", "card.json"):
        if not (path / name).exists():
            raise FileNotFoundError(f"{path} is not a model: it has no {name}")
    with np.load(path / "arrays.npz", allow_pickle=False) as stored:
        return dict(stored), read_json(path / "card.json")


def _arrow_table(columns: Mapping[str, np.ndarray], meta: Mapping) -> pa.Table:
    """An Arrow table with `meta`, and for pandas the type of each column that can have nulls."""
    said = {"starloom": json.dumps(dict(meta), sort_keys=True)}
    nullable = []
    for name, values in columns.items():
        masked = isinstance(values, np.ma.MaskedArray) and values.ndim == 1
        if masked and values.dtype.kind in "iub":
            plain = values.dtype.name
            ours = "boolean" if plain == "bool" else plain.replace("u", "U").replace("i", "I", 1)
            kinds = {"pandas_type": plain, "numpy_type": ours, "metadata": None}
            nullable.append({"name": name, "field_name": name} | kinds)
    if nullable:
        said["pandas"] = json.dumps(
            {"index_columns": [], "column_indexes": [], "columns": nullable}
        )
    arrays = {name: _to_arrow(values) for name, values in columns.items()}
    return pa.table(arrays).replace_schema_metadata(said)


def _to_arrow(values: np.ndarray) -> pa.Array:
    mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    values = np.asarray(values)
    flat = pa.array(values.reshape(-1), mask=None if mask is None else mask.reshape(-1))
    return flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def _to_numpy(column: pa.Array) -> np.ndarray:
    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
    return column.to_numpy(zero_copy_only=False)


def _in_fits(unit: str | None) -> bool:
    """Whether FITS has a word for a unit."""
    try:
        return bool(unit) and Unit(unit, format="fits") is not None
    except ValueError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Force a file, or every file of a folder, to the disk, so that the rename is the last word."""
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file():
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())
