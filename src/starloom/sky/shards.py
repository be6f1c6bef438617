"""
The simulated sky in parts: whatever is made of it, memory holds the stars of one part.

A part of the sky is what one file of photometry has: stars whose source_id lie between two values.
"""

import gzip
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits

from starloom.archives.write_text import write_gzipped
from starloom.tables import atomic, read_table, stack

Table = Mapping[str, np.ndarray]

FITS_BLOCK = 2880
"""Bytes of a block of a FITS file."""

PIECE = 1 << 22
"""Bytes that are copied at a time."""


def shards(
    stars_path: str | Path, photometry_paths: Sequence[str | Path]
) -> Iterator[tuple[Table, Table]]:
    """
    The stars of each part of the sky and their true magnitudes.

    Args:
        stars_path: columns of `population.draw`, sorted by source_id.
        photometry_paths: true magnitudes by source_id, a file for each part, in its order.
    """
    for path in photometry_paths:
        light = read_table(path)
        first, last = (int(light["source_id"][end]) for end in (0, -1))
        here = [("source_id", ">=", first), ("source_id", "<=", last)]
        yield read_table(stars_path, where=here), light


def survey_tables(
    make: Callable[..., tuple[Table, np.ndarray]],
    parts: Iterable[tuple[Table, Table]],
    seed: int,
    error_scale: float,
    source_ids: list[int],
) -> Iterator[Table]:
    """
    What a survey reports of each part of the sky.

    Args:
        make: of `starloom.sky.labels`.
        parts: from `shards`.
        seed: the run's seed.
        error_scale: factor on the reported errors.
        source_ids: gets the source_id of each row's star, -1 for what is no star of the sky.
    """
    for stars, magnitudes in parts:
        columns, star = make(stars, magnitudes, seed, error_scale)
        source_ids += np.where(star >= 0, stars["source_id"][star], -1).tolist()
        yield columns


def kepler_stars(
    stars_path: str | Path, photometry_paths: Sequence[str | Path]
) -> tuple[Table, Table]:
    """The stars of the Kepler field and their true magnitudes; arguments as for `shards`."""
    stars, light = read_table(stars_path, where=[("kic", ">", 0)]), []
    for path in photometry_paths:
        table = read_table(path)
        here = np.isin(table["source_id"], stars["source_id"])
        light.append({name: values[here] for name, values in table.items()})
    return stars, stack(light)


def read_rows(path: str | Path, source_ids: np.ndarray) -> dict[str, np.ndarray]:
    """
    Rows of a table sorted by source_id, for these source_id in their order.

    Args:
        path: the Parquet table.
        source_ids: of the rows; one may come twice.
    """
    wanted = np.unique(source_ids).tolist()
    table = read_table(path, where=[("source_id", "in", wanted)])
    row = np.searchsorted(table["source_id"], source_ids)
    return {name: values[row] for name, values in table.items()}


def write_in_parts(
    path: str | Path, tables: Iterable[Table], write: Callable[[Path, Table], None]
) -> None:
    """
    Write tables one after the other as one raw file, which has the bytes of all written at once.

    Args:
        path: a FITS file whose first extension is the table, or csv, gzipped if so named.
        tables: with the same columns each time; strings must have the same length in all.
        write: writes one of them.

    Raises:
        ValueError: if the rows of two FITS parts have different forms.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        parts = []
        for number, table in enumerate(tables):
            parts.append(Path(folder) / f"{number}-{path.name}")
            write(parts[-1], table)
        if ".csv" in path.suffixes:
            write_gzipped(path, _lines(parts))
        else:
            _join_fits(path, parts)


def _lines(parts: Sequence[Path]) -> Generator[bytes]:
    """Text of the parts, with the comment and the header of the first alone."""
    for number, part in enumerate(parts):
        with gzip.open(part) if part.suffix == ".gz" else part.open("rb") as handle:
            line = handle.readline()
            while number and line.startswith(b"#"):
                line = handle.readline()
            if not number:
                yield line
            while piece := handle.read(PIECE):
                yield piece


def _join_fits(path: Path, parts: Sequence[Path]) -> None:
    with fits.open(parts[0]) as hdus:
        header = hdus[1].header
        places = [hdu.fileinfo() for hdu in hdus]
    sizes, starts = [], []
    for part in parts:
        with fits.open(part) as hdus:
            other, start = hdus[1].header, hdus[1].fileinfo()["datLoc"]
        forms = [
            (other[name], header[name]) for name in header if name.startswith(("TFORM", "NAXIS1"))
        ]
        if any(mine != first for mine, first in forms):
            raise ValueError(f"{path}: part {part.name} has rows of another form than the first")
        sizes.append(other["NAXIS1"] * other["NAXIS2"])
        starts.append(start)
    header["NAXIS2"] = sum(sizes) // max(header["NAXIS1"], 1)
    with atomic(path) as temporary, temporary.open("wb") as whole:
        with parts[0].open("rb") as first:
            whole.write(first.read(places[1]["hdrLoc"]))
            whole.write(header.tostring().encode("ascii"))
            for part, start, size in zip(parts, starts, sizes, strict=True):
                with part.open("rb") as handle:
                    handle.seek(start)
                    _copy(handle, whole, size)
            whole.write(b"\0" * (-sum(sizes) % FITS_BLOCK))
            first.seek(places[1]["datLoc"] + places[1]["datSpan"])
            _copy(first, whole, parts[0].stat().st_size)


def _copy(source, target, size: int) -> None:
    """Copy bytes until so many are copied, or the source ends."""
    while size > 0 and (piece := source.read(min(PIECE, size))):
        target.write(piece)
        size -= len(piece)
