"""
The registry of numbers: each is published once, by one rule, beside what the papers have.

Text, tables, captions and pages read a number here and never copy it by hand.
"""

import csv
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

STUDIES = ("ages", "scatter_vae", "cemp", "tagging", "labels", "match", "sky")
"""Who publishes numbers: the studies, the cross-match, the simulated sky."""

DATA = ("simulated", "files", "dr17")
"""What a number can be made from; the config's `survey`."""


@dataclass(frozen=True)
class Number:
    """
    One number.

    Args:
        id: `<prefix>.<name>`, for example `xpvae.val_loss`.
        study: one of `STUDIES`.
        value: the number.
        unit: as astropy writes it, or `percent`, `stars`, `sigma`, `nat`; `1` for none.
        definition: how it is computed, in one sentence that a reader can check.
        error: its 1-sigma error in the same unit, or None where there is none. An error of 0 is
            published as none: that stars drawn again all agreed does not make a number certain.
        n: how many stars went in, or None where stars do not count.
    """

    id: str
    study: str
    value: float
    unit: str
    definition: str
    error: float | None = None
    n: int | None = None


def share_error(share: float, n: float) -> float:
    """
    One sigma of a share: half the width of Wilson's interval (1927), which is never zero.

    Args:
        share: part of the whole, 0 to 1.
        n: how many make the whole; at least 1.
    """
    return math.sqrt(share * (1 - share) / n + 0.25 / n**2) / (1 + 1 / n)


def write_numbers(
    path: str | Path, numbers: Iterable[Number], data: str, published_path: str | Path
) -> None:
    """
    Write the numbers of a study as a JSON list, sorted by id, and say them.

    Args:
        path: for example `results/numbers/scatter_vae.json`.
        numbers: what the study found.
        data: one of `DATA`; the config's `survey`.
        published_path: the table of published numbers, `config/published_numbers.csv`.

    Raises:
        ValueError: for an id given twice or not of the form `prefix.name`, a value or error that
            is not finite, an unknown study or data label, or a unit that is not the published one.
    """
    from starloom.tables import write_json

    if data not in DATA:
        raise ValueError(f"data label {data!r} is none of {', '.join(DATA)}")
    papers = published(published_path)
    entries: dict[str, dict] = {}
    for number in numbers:
        if number.id in entries:
            raise ValueError(f"number {number.id} is given twice for {path}; publish it once")
        _check(number, papers.get(number.id))
        entries[number.id] = _entry(number, papers.get(number.id), data)
        error = f" +- {number.error:.2g}" if number.error else ""
        print(f"{number.id} = {number.value:.6g}{error} {number.unit}")
    write_json(path, [entries[name] for name in sorted(entries)])


def read_numbers(folder: str | Path) -> list[dict]:
    """
    Read all published numbers.

    Args:
        folder: the folder of the studies' files, for example `results/numbers`.

    Returns:
        Numbers with id, study, value, unit, error, n, definition, published and data, in the
        order of `STUDIES`, then by id.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if two files publish the same number, or a file is broken; the message names it.
    """
    return [number for number, _ in read_numbers_with_files(folder)]


def read_numbers_with_files(folder: str | Path) -> list[tuple[dict, Path]]:
    """The numbers as `read_numbers` gives them, each with the file that publishes it."""
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not there: run the workflow first (make demo)")
    found: dict[str, tuple[dict, Path]] = {}
    for path in sorted(folder.glob("[!.]*.json")):
        for number in _read_file(path):
            if number["id"] in found:
                other = found[number["id"]][1]
                raise ValueError(f"number {number['id']} is in {other} and in {path}")
            found[number["id"]] = (number, path)
    return sorted(found.values(), key=lambda pair: (_rank(pair[0]["study"]), pair[0]["id"]))


def published(path: str | Path) -> dict[str, dict]:
    """
    Read the numbers that the papers published.

    Args:
        path: a CSV table with columns id, study, value, unit, where and note.

    Returns:
        By id: study, value, unit, where (the place in the paper) and note.

    Raises:
        FileNotFoundError: if there is no such table.
        ValueError: if an id is there twice or a value is not a number; the message has the line.
    """
    rows: dict[str, dict] = {}
    with open(path, newline="") as handle:
        for line, row in enumerate(csv.DictReader(handle), start=2):
            name = row.pop("id")
            if name in rows:
                raise ValueError(f"{path}, line {line}: {name} is there twice")
            try:
                row["value"] = float(row["value"])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}, line {line}: {name} has no numeric value") from error
            rows[name] = row
    return rows


def _read_file(path: Path) -> list[dict]:
    keys = {"id", "study", "value", "unit", "error", "n", "definition", "published", "data"}
    try:
        entries = json.loads(path.read_text())
        broken = [entry for entry in entries if set(entry) != keys]
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is not a JSON list of numbers: {error}") from error
    if broken:
        raise ValueError(f"{path} has an entry whose keys are not those of a number: {broken[0]}")
    return entries


def _check(number: Number, paper: dict | None) -> None:
    prefix, dot, name = number.id.partition(".")
    if not (prefix and dot and name):
        raise ValueError(f"number id {number.id!r} is not of the form prefix.name")
    if number.study not in STUDIES:
        raise ValueError(f"{number.id}: study {number.study!r} is none of {', '.join(STUDIES)}")
    for what, value in (("value", number.value), ("error", number.error)):
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{number.id}: the {what} is {value}; a published number is finite")
    if paper and paper["unit"] != number.unit:
        raise ValueError(
            f"{number.id} is in {number.unit!r}, the published value in {paper['unit']!r}; "
            "convert it, or the two cannot stand side by side"
        )


def _entry(number: Number, paper: dict | None, data: str) -> dict:
    """The number as JSON holds it; NumPy scalars become Python's."""
    beside = paper and {name: paper[name] for name in ("value", "unit", "where", "note")}
    return asdict(number) | {
        "value": float(number.value),
        "error": float(number.error) if number.error else None,
        "n": None if number.n is None else int(number.n),
        "published": beside,
        "data": data,
    }


def _rank(study: str) -> int:
    return STUDIES.index(study) if study in STUDIES else len(STUDIES)
