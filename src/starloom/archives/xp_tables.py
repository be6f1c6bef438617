"""XP spectra from FITS and VOTable files, and from the avro files of Gaia's own processing."""

import io
import warnings
from collections.abc import Iterator

import fastavro
import numpy as np
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.io.votable.exceptions import VOWarning

from starloom.archives.raw_fits import open_fits
from starloom.archives.raw_text import Source, open_raw, raw_bytes
from starloom.archives.xp_columns import (
    ARRAYS,
    BANDS,
    INTEGERS,
    REALS,
    Ragged,
    RawXp,
    require_columns,
)

_ROWS = 4096


def fits_spectra(source: Source, correlations: bool) -> Iterator[RawXp]:
    """
    Stream the spectra of a FITS table, arrays in cells or one coefficient a column.

    Args:
        source: the file; `bp_coeff_0`, `e_bp_coeff_0`, ... stand for arrays when there are none.
        correlations: whether to read the correlations.

    Yields:
        Blocks of rows, in the order of the file.

    Raises:
        ValueError: if the file is cut, has no table or lacks a column.
    """
    with open_fits(source) as hdus:
        tables = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)]
        if not tables or not len(tables[0].data):
            raise ValueError(f"{source} holds no rows of a table; get it again")
        data = tables[0].data
        for first in range(0, len(data), _ROWS):
            yield _columns(_by_name(data[first : first + _ROWS]), source, correlations)


def votable_spectra(source: Source, correlations: bool) -> Iterator[RawXp]:
    """
    The spectra of a VOTable in one block.

    Raises:
        ValueError: if the file is damaged, lacks a column or has no rows.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VOWarning)
        try:
            table = parse_single_table(io.BytesIO(raw_bytes(source)))
        except (ValueError, IndexError, EOFError) as error:
            raise ValueError(f"{source} is a damaged VOTable ({error}); get it again") from error
    names = [f.name for f in table.fields]
    if not len(table.array):
        raise ValueError(f"{source} has no rows; get it again")
    columns = {n: table.array[k] for n, k in zip(names, table.array.dtype.names, strict=True)}
    yield _columns(columns, source, correlations)


def avro_spectra(source: Source, correlations: bool) -> Iterator[RawXp]:
    """
    Stream the spectra of an avro file of Gaia's processing, of DR3 or of the cycle after it.

    Covariances there lack the standard deviation of the fit that the archive's errors hold:
    `coefficient_errors` = sqrt(diagonal) x `standard_deviation`.

    Raises:
        ValueError: if the file is cut or has other records.

    References:
        De Angeli et al. (2023), Gaia DR3: Processing and validation of BP/RP low-resolution data.
    """
    records: list[dict] = []
    try:
        with open_raw(source) as handle:
            for record in fastavro.reader(handle):
                records.append(record)
                if len(records) == _ROWS:
                    yield _from_avro(records, correlations)
                    records = []
        if records:
            yield _from_avro(records, correlations)
    except (KeyError, EOFError, ValueError) as error:
        raise ValueError(
            f"{source} is cut, or no avro file of XP continuous spectra ({error!r}); get it again"
        ) from error


def _by_name(data: fits.FITS_rec) -> dict[str, np.ndarray]:
    """Columns by name; numbered coefficient columns joined."""
    columns = {name: data[name] for name in data.names}
    for band in BANDS:
        for sign, kind in (("", "coefficients"), ("e_", "coefficient_errors")):
            prefix = f"{sign}{band}_coeff_"
            numbered = [name for name in data.names if name.startswith(prefix)]
            if numbered:
                numbered = [f"{prefix}{index}" for index in range(len(numbered))]
                columns[f"{band}_{kind}"] = np.column_stack([data[name] for name in numbered])
    return columns


def _columns(columns: dict[str, np.ndarray], source: Source, correlations: bool) -> RawXp:
    require_columns(list(columns), source)
    if columns["source_id"].dtype.kind not in "iu":
        raise ValueError(
            f"{source}: source_id is not an integer column ({columns['source_id'].dtype}), so its "
            "last digits are lost; get the file with integers"
        )
    wanted = [n for n in ARRAYS if n in columns and (correlations or "correlations" not in n)]
    scalars = {
        name: np.ma.filled(np.ma.asarray(columns[name], np.float64), np.nan)
        for name in (*INTEGERS, *REALS)
        if name in columns
    }
    arrays = {name: _ragged(columns[name]) for name in wanted}
    return RawXp(np.array(columns["source_id"], np.int64), scalars, arrays)


def _ragged(column: np.ndarray) -> Ragged:
    """Arrays of a column, whether all of one length or each of its own."""
    if column.ndim == 2:
        count = np.full(len(column), column.shape[1])
        values = np.ma.filled(np.ma.asarray(column, np.float64), np.nan).ravel()
        return Ragged(values, np.arange(len(column)) * column.shape[1], count)
    cells = [np.ma.filled(cell, np.nan) for cell in column]
    return _joined(cells)


def _joined(cells: list[np.ndarray]) -> Ragged:
    count = np.fromiter(map(len, cells), np.int64, len(cells))
    values = np.concatenate(cells, dtype=np.float64)
    return Ragged(values, np.cumsum(count) - count, count)


def _from_avro(records: list[dict], correlations: bool) -> RawXp:
    arrays: dict[str, list[np.ndarray]] = {name: [] for name in ARRAYS}
    scalars: dict[str, list[float]] = {name: [] for name in (*INTEGERS, *REALS[:2])}
    for record in records:
        for band in BANDS:
            spectrum = record[f"{band}Spec"] or {}
            solution = spectrum.get("solution") or {}
            deviation = solution.get("standardDeviation", np.nan)
            scalars[f"{band}_n_relevant_bases"].append(spectrum.get("NRelevantBases", np.nan))
            scalars[f"{band}_standard_deviation"].append(deviation)
            errors, correlation = _errors(solution.get("covariance") or [], deviation)
            arrays[f"{band}_coefficients"].append(np.array(solution.get("parameters") or [], float))
            arrays[f"{band}_coefficient_errors"].append(errors)
            arrays[f"{band}_coefficient_correlations"].append(correlation)
    ids = np.array([record["sourceId"] for record in records], np.int64)
    kept = [name for name in ARRAYS if correlations or not name.endswith("correlations")]
    return RawXp(
        ids,
        {name: np.array(values, float) for name, values in scalars.items()},
        {name: _joined(arrays[name]) for name in kept},
    )


def _errors(covariance: list[float], deviation: float) -> tuple[np.ndarray, np.ndarray]:
    """Errors and correlations of a lower triangle with its diagonal, row by row."""
    packed = np.array(covariance, float)
    size = int((np.sqrt(8 * len(packed) + 1) - 1) / 2)
    row, column = np.tril_indices(size)
    sigma = np.sqrt(packed[row == column])
    strict = row > column
    return sigma * deviation, packed[strict] / (sigma[row[strict]] * sigma[column[strict]])
