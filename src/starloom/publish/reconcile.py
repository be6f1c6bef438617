"""Where each star was lost: from the rows of the raw files to those of the products."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy.table import Table

from starloom.columns import AGE_FLAGS, MATCH_FLAGS, XP_FLAGS
from starloom.publish.merge import KEY

SURVEYS = {"gaia": "Gaia", "apogee": "APOGEE", "twomass": "2MASS", "unwise": "unWISE"}
WORDS = {
    "matched": "matched to a star",
    "matched_by_source_id": "matched by source_id",
    "matched_by_position": "matched by position",
    "unmatched": "no star of the sample there",
    "source": "a star",
    "extratarg_duplicate": "repeated visit, by EXTRATARG",
    "no_quality_a": "2MASS quality below A",
}
"""Outcomes of the cross-match in words; the others keep their names."""

SEVERAL_RESULTS = {
    "latent_ages": {"latent positions of latent_ages": "z0", "ages of latent_ages": "LogAge"}
}
"""Catalogues with several results, each with the column that has it; else any column is one."""

KEPT = ("matched", "source", "matched_by_source_id", "matched_by_position")
HARMLESS = ("synthetic_g", "duplicate", "out_of_range")
"""Bits of `xp_flag` that do not keep a spectrum from being used."""


@dataclass(frozen=True)
class Part:
    """
    Some rows, and what became of every one of them.

    Args:
        name: of the rows.
        total: how many there are.
        outcomes: what became of them, how many each, and whether they went on.

    Raises:
        ValueError: if the outcomes do not add up to the total.
    """

    name: str
    total: int
    outcomes: tuple[tuple[str, int, bool], ...]

    def __post_init__(self):
        found = sum(count for _, count, _ in self.outcomes)
        if found != self.total:
            raise ValueError(f"{self.name}: {self.total} rows, but {found} are accounted for")


def raw_parts(spectra: Mapping[str, np.ndarray], counts: Mapping[str, Mapping]) -> list[Part]:
    """
    What became of the raw rows of each survey.

    Args:
        spectra: `source_id` and `xp_flag` of every XP spectrum of the raw files.
        counts: of the cross-match, by survey: `rows` by outcome, with their `total`.
    """
    repeated = len(spectra[KEY]) - len(np.unique(spectra[KEY]))
    stars = len(spectra[KEY]) - repeated
    outcomes = (("a star", stars, True), ("repeated source_id", repeated, False))
    parts = [Part("XP spectra in the raw files", len(spectra[KEY]), _some(outcomes))]
    for survey, words in SURVEYS.items():
        rows = counts.get(survey, {}).get("rows")
        if rows:
            outcomes = tuple(
                (WORDS.get(name, name.replace("_", " ")), count, name in KEPT)
                for name, count in sorted(rows.items(), key=lambda item: item[0] not in KEPT)
                if name != "total"
            )
            parts.append(Part(f"{words} rows in the raw files", rows["total"], _some(outcomes)))
    return parts


def cut_parts(cuts: Mapping[str, list[Mapping]]) -> list[Part]:
    """
    What each quality cut removed, in the order of the cuts.

    Args:
        cuts: by sample, the stars `removed` by each cut and those `left` after it.
    """
    parts = []
    for sample, records in cuts.items():
        if len(records) < 2:
            continue
        removed = [(f"not {one['criterion']}", one["removed"], False) for one in records[1:]]
        outcomes = (("pass all cuts", records[-1]["left"], True), *removed)
        parts.append(Part(f"stars for the {sample} sample", records[0]["left"], _some(outcomes)))
    return parts


def catalog_parts(
    merged: Table, counts: Mapping[str, Mapping[str, int]], own: Mapping[str, list[str]]
) -> list[Part]:
    """
    What each study's catalogue has of all stars, and of the stars it lacks, why.

    Args:
        merged: the merged catalogue.
        counts: rows of each catalogue, as `merge` counted them.
        own: columns in the merged catalogue that are the catalogue's results.

    Returns:
        For each catalogue, and each of its `SEVERAL_RESULTS`, the stars. A flag is a reason if no
        star with a result has it.
    """
    parts = []
    for name, rows in counts.items():
        outcomes = (
            ("a star", rows["stars"], True),
            ("row without a Gaia source", rows["without_source_id"], False),
            ("another row of the same star", rows["repeated"], False),
        )
        if rows["rows"] != rows["stars"]:
            parts.append(Part(f"rows of the catalogue {name}", rows["rows"], _some(outcomes)))
        whole = {f"the catalogue {name}": own.get(name, [])}
        several = {words: [f"{name}_{key}"] for words, key in SEVERAL_RESULTS.get(name, {}).items()}
        for words, columns in (several or whole).items():
            outcomes = _outcomes(merged, np.asarray(merged[f"in_{name}"]), columns)
            parts.append(Part(f"stars and {words}", len(merged), _some(outcomes)))
    return parts


def _outcomes(merged, inside, columns):
    """How many stars have a value in one of the columns, and why the others have none."""
    result = inside & _any_value(merged, columns)
    reasons = {name: true for name, true in _reasons(merged).items() if not any(true & result)}
    outcomes = [("with a result", int(np.sum(result)), True)]
    for here, words in ((inside & ~result, "no result"), (~inside, "not in it")):
        left = here.copy()
        for reason, true in reasons.items():
            outcomes.append((f"{words}: {reason}", int(np.sum(left & true)), False))
            left &= ~true
        outcomes.append((f"{words}: not selected by the study", int(np.sum(left)), False))
    return outcomes


def as_rows(parts: list[Part]) -> dict[str, list]:
    """The parts as columns of a table: rows, total, outcome, count, kept."""
    lines = [(part.name, part.total, *outcome) for part in parts for outcome in part.outcomes]
    names = ("rows", "total", "outcome", "count", "kept")
    return {name: [line[index] for line in lines] for index, name in enumerate(names)}


def _some(outcomes) -> tuple:
    """The outcomes that happened; of several, the first stays though it did not."""
    return tuple(one for index, one in enumerate(outcomes) if one[1] or not index)


def _any_value(merged: Table, names: list[str]) -> np.ndarray:
    """Rows that have at least one finite number among some columns."""
    found = np.zeros(len(merged), bool)
    for name in names:
        values = np.ma.asarray(merged[name])
        if values.dtype.kind == "f":
            filled = np.ma.filled(values, np.nan).reshape(len(merged), -1)
            found |= np.isfinite(filled).any(axis=1)
    return found


def _reasons(merged: Table) -> dict[str, np.ndarray]:
    """By reason, the stars that it keeps from a result, most telling first."""
    reasons = {}
    every = (("xp_flag", XP_FLAGS), ("match_flag", MATCH_FLAGS), ("age_flag", AGE_FLAGS))
    for column, flags in every:
        name = next((one for one in merged.colnames if one.endswith(column)), None)
        if name is None:
            continue
        bits = np.ma.filled(np.ma.asarray(merged[name]), 0)
        for flag in flags.values():
            missing = flag.name.startswith("no_") or column != "match_flag"
            if missing and flag.name not in HARMLESS:
                reasons[flag.name.replace("_", " ")] = (bits & flag.mask) > 0
    return reasons
