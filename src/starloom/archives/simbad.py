"""What SIMBAD knows of Gaia sources: asked gently, a chunk at a time, and never twice."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from astropy.table import Table
from jaxtyping import Int

from starloom.archives import asking, queries
from starloom.archives.tap import Columns, Tap
from starloom.tables import atomic

CHUNK, PAUSE_S = 1000, 5.0
"""Stars in a query, and seconds between two: SIMBAD refuses clients that hurry."""

NAMES = ("source_id", "main_id", "otype", "sp_type", "rvz_radvel")
"""Columns of the cache; a star that SIMBAD does not know has empty ones."""


def ask_simbad(
    tap: Tap,
    ids: Int[np.ndarray, " n"],
    cache: Path,
    chunk: int = CHUNK,
    pause_s: float = PAUSE_S,
    sleep: Callable[[float], object] = time.sleep,
) -> list[dict[str, str]]:
    """
    Main name and type of stars by their Gaia DR3 name.

    Args:
        tap: SIMBAD.
        ids: source ids.
        cache: csv of all answers so far; it grows, and each star is asked for once.
        chunk: stars in a query.
        pause_s: between two queries [s].
        sleep: how to wait.

    Returns:
        One row of `NAMES` for each star, in the order of `ids`.

    Raises:
        TapError: if the service fails; answers that came are in the cache.
    """
    known = read_cache(cache)
    new = np.setdiff1d(ids, np.fromiter(known, np.int64, len(known)))
    for number, some in enumerate(asking.blocks(new, chunk)):
        if number:
            sleep(pause_s)
        names = np.char.add("Gaia DR3 ", some.astype(str))
        answers = asking.ask(tap, queries.simbad(), Table({"source_id": some, "name": names}))
        known |= _rows(some, answers)
        write_cache(cache, known)
    return [known[int(one)] for one in ids]


def read_cache(path: Path) -> dict[int, dict[str, str]]:
    """
    Rows of the cache by source_id.

    Raises:
        ValueError: if the file has other columns.
    """
    if not path.exists():
        return {}
    with open(path, newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != NAMES:
            raise ValueError(f"{path}: its columns must be {','.join(NAMES)}; remove it")
        return {int(row["source_id"]): row for row in reader}


def write_cache(path: Path, rows: dict[int, dict[str, str]]) -> None:
    """Write rows by source_id, in the order of the ids."""
    with atomic(path) as temporary, open(temporary, "w", newline="") as handle:
        writer = csv.DictWriter(handle, NAMES, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[one] for one in sorted(rows))


def _rows(asked: np.ndarray, answers: list[Columns]) -> dict[int, dict[str, str]]:
    rows = {int(one): dict.fromkeys(NAMES, "") | {"source_id": str(one)} for one in asked}
    for answer in answers:
        cells = zip(*(answer[name].tolist() for name in NAMES), strict=True)
        for row in cells:
            text = ["" if cell != cell else str(cell) for cell in row]
            rows[int(row[0])] = dict(zip(NAMES, text, strict=True))
    return rows
