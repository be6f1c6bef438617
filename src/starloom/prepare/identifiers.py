"""Joins by identifier, and which of a star's repeated rows counts."""

import numpy as np
from jaxtyping import Bool, Int

EXTRATARG_DUPLICATE = 1 << 4
"""Bit of EXTRATARG: the row repeats a star whose main row is another one."""


def rows_of(ids: Int[np.ndarray, " n"], other: Int[np.ndarray, " m"]) -> Int[np.ndarray, " n"]:
    """
    Row of each identifier in a table that holds all of them.

    Raises:
        KeyError: if one is missing; the message names the first and how many there are.
    """
    rows = join_ids(ids, other)
    if np.any(rows < 0):
        missing = np.asarray(ids)[rows < 0]
        raise KeyError(f"{len(missing)} stars have no row in the table, the first is {missing[0]}")
    return rows


def join_ids(ids: Int[np.ndarray, " n"], other: Int[np.ndarray, " m"]) -> Int[np.ndarray, " n"]:
    """
    Row of each identifier in another table.

    Args:
        ids: identifiers; zero and negative ones stand for none.
        other: identifiers of the other table, where the first of equal ones counts.

    Returns:
        Rows of `other`, -1 where it lacks the identifier.
    """
    if len(other) == 0:
        return np.full(len(ids), -1)
    unique, first = np.unique(other, return_index=True)
    at = np.minimum(np.searchsorted(unique, ids), len(unique) - 1)
    return np.where((unique[at] == ids) & (ids > 0), first[at], -1)


def best_of_each(key: np.ndarray, value: np.ndarray) -> Bool[np.ndarray, " n"]:
    """Which rows have the highest value among those of equal key; NaN is lowest, ties go first."""
    rank = -np.asarray(value, float)
    order = np.lexsort((np.arange(len(key)), np.where(np.isnan(rank), np.inf, rank), key))
    best = np.zeros(len(key), bool)
    best[order[np.unique(np.asarray(key)[order], return_index=True)[1]]] = True
    return best


def best_apogee_rows(
    apogee_id: np.ndarray, extratarg: Int[np.ndarray, " n_row"], snrev: np.ndarray
) -> tuple[Bool[np.ndarray, " n_row"], dict[str, int]]:
    """
    One row a star of allStar: no EXTRATARG duplicate, then the highest SNREV, then the lowest row.

    Args:
        apogee_id: name of the star, padded or not; rows without a name are stars of their own.
        extratarg: bits; bit 4 marks the repetition of a star.
        snrev: signal-to-noise ratio; NaN counts as lowest.

    Returns:
        Which rows are kept, and how many fell to each rule.
    """
    kept = (np.asarray(extratarg) & EXTRATARG_DUPLICATE) == 0
    best = kept.copy()
    best[kept] = best_of_each(star_codes(apogee_id)[kept], np.asarray(snrev)[kept])
    counts = {"extratarg_duplicate": int(np.sum(~kept)), "repeated_star": int(np.sum(kept & ~best))}
    return best, counts


def star_codes(names: np.ndarray) -> Int[np.ndarray, " n_row"]:
    """A number for each distinct name, blanks at its end ignored; one for each empty name."""
    names = np.char.rstrip(np.asarray(names).astype(str))
    _, codes = np.unique(names, return_inverse=True)
    return np.where(names == "", len(names) + np.arange(len(names)), codes)


def occurrences(codes: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """How many rows share each row's code."""
    _, inverse, count = np.unique(codes, return_inverse=True, return_counts=True)
    return count[inverse]
