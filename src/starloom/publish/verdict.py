"""What to think of a number beside the published one, in plain words."""

import csv
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path

ERRORS = 2.0
"""How many of its errors a number may lie from the published one and agree."""

SHARE = 0.05
"""Where a number has no error: how far it may lie, as a share of the published value."""

AGREES, DIFFERS, ALONE = "agrees", "differs", "nothing published"
INCOMPARABLE = {"simulated": "not comparable: simulated", "files": "not comparable: other stars"}
"""The verdicts; the last ones by what the numbers are made from."""


def verdict(number: Mapping, reasons: Mapping[str, str]) -> tuple[str, str]:
    """
    Compare a number with what the papers have.

    Args:
        number: as the registry has it.
        reasons: of `read_reasons`.

    Returns:
        One of `AGREES`, `DIFFERS`, `ALONE` and those of `INCOMPARABLE`; and why, '' where there
        is nothing to say.
    """
    paper = number["published"]
    if not paper:
        return ALONE, ""
    why = next((words for name, words in reasons.items() if fnmatch(number["id"], name)), "")
    if number["data"] in INCOMPARABLE:
        return INCOMPARABLE[number["data"]], why
    distance = abs(number["value"] - paper["value"])
    if number["error"] is None:
        allowed = SHARE * abs(paper["value"])
        measure = f"within {100 * SHARE:.0f} %"
    else:
        allowed = ERRORS * number["error"]
        measure = f"within {ERRORS:g} errors"
    if distance <= allowed:
        return AGREES, measure
    return DIFFERS, why or "no reason is known yet"


def read_reasons(path: str | Path) -> dict[str, str]:
    """
    Read why numbers differ from the papers' by the way that they are computed.

    Args:
        path: a CSV table with columns `id` (a number's, or a pattern with *) and `why`.

    Raises:
        FileNotFoundError: if there is no such table.
        ValueError: if an id is there twice or a reason is empty; the message has the line.
    """
    reasons: dict[str, str] = {}
    with open(path, newline="") as handle:
        for line, row in enumerate(csv.DictReader(handle), start=2):
            if row["id"] in reasons or not row["why"]:
                raise ValueError(f"{path}, line {line}: {row['id']} is there twice or has no why")
            reasons[row["id"]] = row["why"]
    return reasons
