"""How well the surveys were matched, measured and made into numbers."""

from collections.abc import Mapping

import numpy as np

from starloom.numbers import Number, share_error
from starloom.prepare.crossmatch import Options, Table
from starloom.prepare.match_quality import by_position, false_match_rate, profile, score
from starloom.prepare.twomass import point_sources
from starloom.tables import stack

STUDY = "match"

SURVEYS = {"apogee": "APOGEE", "twomass": "2MASS", "unwise": "unWISE", "kepler": "Kepler"}

EDGES_ARCSEC = np.linspace(0.0, 3.0, 31)
"""Limits of the separations in the profile of pairs [arcsec]."""


def evaluate(
    gaia: Table,
    matches: Table,
    tables: Mapping[str, Table | None],
    options: Mapping[str, float],
    truth: Mapping[str, np.ndarray] | None = None,
) -> tuple[dict[str, dict], dict[str, np.ndarray]]:
    """
    Measure a cross-match: separations, chance pairs and, on a simulated sky, right and wrong ones.

    Args:
        gaia: ra, dec [deg], pmra, pmdec [mas/yr] of the sources that the surveys were asked about.
        matches: columns of `crossmatch`.
        tables: twomass, unwise and kepler as `crossmatch` took them, or None.
        options: as for `crossmatch`.
        truth: by survey, the source_id whose star each row of its table is, -1 for nobody's.

    Returns:
        By survey: `sources`, `matched`, the median `separation_arcsec` with its error; for what is
        matched by position `radius_arcsec`, `false_rate` and its error; with a truth the results
        of `score`, over rows that are good enough to be matched. And the columns of `profile`,
        with the `survey`, below each other.
    """
    places = by_position(gaia, Options(**options), **tables)
    found, profiles = {}, []
    for survey in SURVEYS:
        row, separation = (matches[f"{survey}_{name}"] for name in ("row", "separation_arcsec"))
        if survey not in places and not (row >= 0).any():
            continue
        found[survey] = {"sources": len(row), "matched": int(np.sum(row >= 0))}
        if np.isfinite(separation).any():
            found[survey] |= _median(separation[np.isfinite(separation)])
        if survey in places:
            rate = false_match_rate(*places[survey])
            found[survey] |= {"false_rate": rate.rate, "false_rate_error": rate.error}
            found[survey] |= {"shifted": len(gaia["ra"]), "radius_arcsec": places[survey][-1]}
            pairs = profile(*places[survey][:-1], EDGES_ARCSEC)
            profiles.append({"survey": np.full(len(EDGES_ARCSEC) - 1, survey)} | pairs)
        if truth and survey in truth:
            whose = np.asarray(truth[survey])
            if survey == "twomass":
                whose = np.where(point_sources(tables[survey], len(whose))[0], whose, -1)
            found[survey] |= score(matches["source_id"], row, whose)
    return found, stack(profiles) if profiles else {"survey": np.zeros(0, str)}


def numbers(evaluation: Mapping[str, Mapping[str, float]]) -> list[Number]:
    """
    Numbers of the match.

    Args:
        evaluation: of `evaluate`.

    Returns:
        By survey, what was measured of: separation, rate of chance matches, completeness, purity.
    """
    found = []
    for survey, measured in evaluation.items():
        name, matched = SURVEYS[survey], int(measured["matched"])

        def add(what, value, unit, definition, error, n, survey=survey):
            found.append(Number(f"match.{survey}_{what}", STUDY, value, unit, definition, error, n))

        if "separation_arcsec" in measured:
            definition = (
                f"median distance of matched Gaia sources to their {name} row, at its epoch"
            )
            separation, error = (measured[f"separation_{key}"] for key in ("arcsec", "error"))
            add("separation", separation, "arcsec", definition, error, matched)
        if "false_rate" in measured:
            definition = (
                f"share of Gaia sources that match a {name} row within "
                f"{measured['radius_arcsec']:g} arcsec after all were shifted by 8 and 12 arcsec "
                "in four directions, mean of the eight; error from their spread"
            )
            rate, error = (100 * measured[key] for key in ("false_rate", "false_rate_error"))
            add("false_rate", rate, "percent", definition, error, int(measured["shifted"]))
        if "right" in measured:
            right, wrong, missed = (measured[key] for key in ("right", "wrong", "missed"))
            definition = (
                f"share of Gaia sources with a usable {name} row of their own, by the simulated "
                "truth, that are matched with it"
            )
            if right + missed:
                add("completeness", *_share(right, right + missed, definition))
            definition = f"share of the {name} matches that are right, by the simulated truth"
            if right + wrong:
                add("purity", *_share(right, right + wrong, definition))
    return found


def _share(part, whole, definition):
    """A share in percent with its error."""
    whole, share = int(whole), part / whole
    return 100 * share, "percent", definition, 100 * share_error(share, whole), whole


def _median(values):
    low, middle, high = np.percentile(values, [15.865, 50, 84.135])
    error = np.sqrt(np.pi / 2) * (high - low) / 2 / np.sqrt(len(values))
    return {"separation_arcsec": float(middle), "separation_error": float(error)}
