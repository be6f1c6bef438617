"""Columns of Gaia XP continuous spectra: names, ragged arrays to rectangles, flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from starloom.archives.raw_text import Source
from starloom.columns import XP_FLAGS

BANDS = ("bp", "rp")
ARRAYS = tuple(
    f"{band}_{kind}"
    for band in BANDS
    for kind in ("coefficients", "coefficient_errors", "coefficient_correlations")
)
"""Columns with an array in each cell."""

INTEGERS = tuple(f"{band}_n_relevant_bases" for band in BANDS)
REALS = (*(f"{band}_standard_deviation" for band in BANDS), "phot_g_mean_mag", "phot_g_mean_flux")
"""Columns with a real number in each cell; the photometry is in few files only."""

REQUIRED = ("source_id", *(name for name in ARRAYS if not name.endswith("correlations")))


class NoSpectraError(ValueError):
    """A file that may be sound, but is none of XP continuous spectra."""


class Ragged(NamedTuple):
    """One array a row, `values[start : start + count]`; a count of 0 is a missing array."""

    values: np.ndarray
    start: np.ndarray
    count: np.ndarray


@dataclass
class RawXp:
    """Rows as a file holds them: ids, scalars by name (missing = NaN), ragged arrays by name."""

    source_id: np.ndarray
    scalars: dict[str, np.ndarray]
    arrays: dict[str, Ragged]


@dataclass
class Assembler:
    """
    Turn rows of a file into rectangular arrays and flags, block after block.

    The first block with a band settles how many coefficients that band has.
    """

    path: Source
    width: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    repeated: int = 0
    _assumed: dict[str, int] = field(default_factory=dict)
    _seen: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    def add(self, raw: RawXp) -> dict[str, np.ndarray]:
        """
        Rectangles, flags and unique rows of one block.

        Args:
            raw: rows of the file, in its order.

        Returns:
            The columns that `read_xp` describes. A row whose arrays have another length than
            the file's other rows has NaN in that band and the flag `not_finite`.

        Raises:
            ValueError: if most rows of a block have other lengths than the rows before, or the
                numbers of coefficients, errors and correlations do not fit together.
        """
        columns = {"source_id": raw.source_id}
        flag = np.zeros(len(raw.source_id), np.int32)
        self._settle(raw)
        for band in BANDS:
            columns |= self._band(raw, band, flag)
        columns |= _scalars(raw.scalars, len(flag))
        columns["xp_flag"] = flag
        self.rows += len(flag)
        return self._unique(columns)

    def _settle(self, raw: RawXp) -> None:
        """Learn the number of coefficients of each band, or check it."""
        for band in BANDS:
            count = raw.arrays[f"{band}_coefficients"].count
            if np.any(count > 0):
                usual = _usual(count)
                known = self.width.setdefault(band, self._assumed.get(band, usual))
                if usual != known:
                    raise ValueError(
                        f"{self.path}, from row {self.rows + 1}: {band}_coefficients has {usual} "
                        f"numbers a row, and rows before were read with {known}; split the file"
                    )
        if not self.width:
            raise ValueError(
                f"{self.path}: no row has BP or RP coefficients; it is no file of XP continuous "
                "spectra, or its arrays were cut off"
            )
        for band, other in (BANDS, BANDS[::-1]):
            if band not in self.width:
                self._assumed[band] = self.width[other]

    def _band(self, raw: RawXp, band: str, flag: np.ndarray) -> dict[str, np.ndarray]:
        width = self.width.get(band, self._assumed.get(band))
        sizes = dict(zip(ARRAYS[:3], (width, width, width * (width - 1) // 2), strict=True))
        absent = raw.arrays[f"{band}_coefficients"].count == 0
        wrong = np.zeros(len(flag), bool)
        columns = {}
        for like, size in sizes.items():
            name = band + like[2:]
            if name in raw.arrays:
                count = raw.arrays[name].count
                self._check_usual(name, count, size)
                columns[name] = rectangle(raw.arrays[name], size)
                wrong |= ~absent & (count != size) & ((count > 0) | (like == ARRAYS[1]))
        errors = columns[f"{band}_coefficient_errors"]
        for name in columns:
            columns[name][wrong] = np.nan
        finite = np.isfinite(columns[f"{band}_coefficients"]).all(1) & np.isfinite(errors).all(1)
        flag[absent] |= XP_FLAGS[f"no_{band}"].mask
        flag[~absent & ~finite] |= XP_FLAGS["not_finite"].mask
        flag[(errors <= 0).any(1)] |= XP_FLAGS["bad_error"].mask
        return columns

    def _check_usual(self, name: str, count: np.ndarray, size: int) -> None:
        if np.any(count > 0) and _usual(count) != size:
            raise ValueError(
                f"{self.path}: {name} has {_usual(count)} numbers a row where {size} belong to "
                f"the band's coefficients; the file is damaged or not from Gaia, get it again"
            )

    def _unique(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Keep the first row of each source_id and flag it; rows of earlier blocks count."""
        source_id = columns["source_id"]
        kept, first, times = np.unique(source_id, return_index=True, return_counts=True)
        if len(kept) < len(source_id):
            columns["xp_flag"][first[times > 1]] |= XP_FLAGS["duplicate"].mask
        new = ~np.isin(kept, self._seen)
        self._seen = np.concatenate([self._seen, kept[new]])
        self.repeated += len(source_id) - int(new.sum())
        if new.sum() == len(source_id):
            return columns
        rows = np.sort(first[new])
        return {name: values[rows] for name, values in columns.items()}


def require_columns(names: list[str], path: Source) -> None:
    """
    Check that a file has the columns of XP continuous spectra.

    Raises:
        NoSpectraError: if not; the message names what is missing and what the file may be.
    """
    missing = [name for name in REQUIRED if name not in names]
    if not missing:
        return
    hint = "it is no file of XP continuous spectra"
    if "flux" in names:
        hint = "it holds sampled spectra; ask the archive for XP_CONTINUOUS, not XP_SAMPLED"
    raise NoSpectraError(
        f"{path} lacks the columns {', '.join(missing)}; it has {', '.join(names[:30])}: {hint}"
    )


def rectangle(ragged: Ragged, size: int) -> np.ndarray:
    """
    Rows of `size` numbers; NaN where a row has another length.

    Args:
        ragged: one array a row.
        size: numbers in a row.

    Returns:
        A new array (n_row, size), float64.
    """
    values, start, count = ragged
    good = count == size
    if good.all() and len(start) and len(set(np.diff(start).tolist())) <= 1:
        step = int(start[1] - start[0]) if len(start) > 1 else size
        strides = (step * values.itemsize, values.itemsize)
        view = np.lib.stride_tricks.as_strided(values[start[0] :], (len(start), size), strides)
        return view.astype(np.float64)
    rows = np.full((len(start), size), np.nan)
    if good.any():
        rows[good] = values[start[good][:, None] + np.arange(size)]
    return rows


def _usual(count: np.ndarray) -> int:
    """The most frequent length among those that are there."""
    lengths, times = np.unique(count[count > 0], return_counts=True)
    return int(lengths[np.argmax(times)])


def _scalars(scalars: Mapping[str, np.ndarray], rows: int) -> dict[str, np.ndarray]:
    columns = {}
    for name in INTEGERS:
        values = scalars.get(name, np.full(rows, np.nan))
        columns[name] = np.where(np.isfinite(values) & (values >= 0), values, -1).astype(np.int32)
    for name in REALS:
        if name in scalars or name.endswith("deviation"):
            columns[name] = np.asarray(scalars.get(name, np.full(rows, np.nan)), np.float64)
    return columns
