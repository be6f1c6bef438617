"""Gaia's raw files: XP continuous spectra in every form, and the table of sources."""

from collections.abc import Iterable, Iterator

import numpy as np

from starloom.archives.raw_tables import read_columns
from starloom.archives.raw_text import Member, Source, file_kind, zip_members
from starloom.archives.schema import archive_columns
from starloom.archives.xp_columns import Assembler, NoSpectraError, RawXp
from starloom.archives.xp_tables import avro_spectra, fits_spectra, votable_spectra
from starloom.archives.xp_text import text_spectra

GAIA_SOURCE_REQUIRED = ("source_id", "ra", "dec")


def read_xp(path: Source, correlations: bool = True) -> dict[str, np.ndarray]:
    """
    Read XP continuous spectra whole.

    Args:
        path: csv or ecsv, plain or gzipped, FITS, VOTable, avro, or the archive's zip of them.
        correlations: whether to read the correlations, 96 % of the numbers.

    Returns:
        `source_id` (n_star,) int64; for each band `bp_coefficients` and `bp_coefficient_errors`
        (n_star, n_bp) [e-/s], `bp_coefficient_correlations` (n_star, n_bp (n_bp - 1) / 2), the
        strict lower triangle row by row, if the file has them, `bp_standard_deviation` and
        `bp_n_relevant_bases`; `phot_g_mean_mag` [mag] and `phot_g_mean_flux` [e-/s] if the file
        has them; `xp_flag`, the bits of `columns.XP_FLAGS`. The order is that of the file. A
        missing band is NaN, as many as the band has elsewhere in the file or else as the other
        band has; missing integers are -1. Of rows with the same source_id the first is kept.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, cut, a web page, or has no XP continuous spectra.
    """
    columns: dict[str, np.ndarray] = {}
    for block in _assembled(path, correlations):
        for name, values in block.items():
            if name in columns:
                rows = len(columns[name])
                columns[name].resize((rows + len(values), *values.shape[1:]), refcheck=False)
                columns[name][rows:] = values
            else:
                columns[name] = np.array(values)
    return columns


def iter_xp(path: Source, rows: int, correlations: bool = True) -> Iterator[dict[str, np.ndarray]]:
    """
    Stream XP continuous spectra in blocks; memory does not grow with the file.

    Args:
        path: as for `read_xp`.
        rows: stars in a block; the last one may hold fewer.
        correlations: whether to read the correlations.

    Yields:
        Columns as `read_xp` returns them. A row that repeats the source_id of an earlier block
        is left out, but the row kept then lacks the flag `duplicate`: its block is gone.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: as for `read_xp`; also if `rows` is not positive, or a band that is missing
            in the first rows later has another number of coefficients than the other band.
    """
    if rows < 1:
        raise ValueError(f"a block of {rows} rows holds no star; ask for one at least")
    held: list[dict[str, np.ndarray]] = []
    count = 0
    for block in _assembled(path, correlations):
        held.append(block)
        count += len(block["source_id"])
        while count >= rows:
            joined = _join(held)
            yield {name: values[:rows].copy() for name, values in joined.items()}
            held = [{name: values[rows:] for name, values in joined.items()}]
            count -= rows
    if count:
        yield _join(held)


def read_gaia_source(path: Source, columns: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """
    Read a table of Gaia sources.

    Args:
        path: csv, ecsv, FITS, parquet or VOTable, plain or gzipped; the bulk files too.
        columns: names to read where the file has them, besides source_id, ra and dec; all of
            the file by default.

    Returns:
        Columns under the archive's names, units and types: degrees, mas, mas/yr, mag, e-/s;
        source_id int64. Missing numbers are NaN, missing integers -1, missing texts empty.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, has no rows or lacks source_id, ra or dec.
    """
    return read_columns(path, archive_columns("gaia_source"), GAIA_SOURCE_REQUIRED, columns)


def _join(blocks: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    if len(blocks) == 1:
        return blocks[0]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _assembled(path: Source, correlations: bool) -> Iterator[dict[str, np.ndarray]]:
    assembler = Assembler(path)
    for raw in _spectra(path, correlations):
        yield assembler.add(raw)


def _spectra(path: Source, correlations: bool) -> Iterator[RawXp]:
    kind = file_kind(path)[1]
    if kind == "text":
        yield from text_spectra(path, correlations)
    elif kind == "fits":
        yield from fits_spectra(path, correlations)
    elif kind == "votable":
        yield from votable_spectra(path, correlations)
    elif kind == "avro":
        yield from avro_spectra(path, correlations)
    elif kind == "zip":
        for member in _continuous(path):
            yield from _spectra(member, correlations)
    else:
        raise NoSpectraError(
            f"{path} is a {kind} file; XP continuous spectra come as csv, ecsv, FITS, VOTable, "
            "avro or a zip of them"
        )


def _continuous(path: Source) -> list[Member]:
    members = zip_members(path)
    chosen = [member for member in members if "XP_CONTINUOUS" in member.name.upper()]
    if not chosen:
        names = ", ".join(member.name for member in members) or "nothing"
        raise ValueError(
            f"{path} holds no XP_CONTINUOUS file but {names}; ask the archive for "
            "retrieval_type XP_CONTINUOUS"
        )
    return chosen
