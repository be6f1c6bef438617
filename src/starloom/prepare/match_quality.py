"""How good a match is: chance pairs measured by shifting the sky, and the score against truth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from starloom.prepare.crossmatch import Options, Table
from starloom.prepare.positions import (
    Degrees,
    OtherDegrees,
    carry,
    close_pairs,
    displace,
    match_one_to_one,
)
from starloom.prepare.twomass import point_sources

SHIFTS_ARCSEC = (8.0, 12.0)
"""
How far the sky is shifted to measure chance [arcsec]: beyond the 6 arcsec in which unWISE blends
sources, within the cones of the raw files, well below the scale on which densities change.
"""

DIRECTIONS = 4
"""Position angles of the shifts, evenly spread, at each distance."""


@dataclass(frozen=True)
class FalseMatchRate:
    """
    How often a row of the first catalogue matches by chance.

    Attributes:
        rate: chance matches a row.
        error: standard error of the rate, from its spread over the shifts.
        shifts: how many shifts were made.
    """

    rate: float
    error: float
    shifts: int

    def expected(self, matched: int, total: int) -> float:
        """
        False pairs in a match of `total` rows, `matched` of them.

        At rate p, (total - matched) / (1 - p) rows have no counterpart of their own and p of them
        match nevertheless. An upper bound: counterparts of others are rarely free to be taken.
        """
        return min(self.rate * (total - matched) / max(1 - self.rate, 1e-9), float(matched))


def false_match_rate(
    ra1: Degrees,
    dec1: Degrees,
    ra2: OtherDegrees,
    dec2: OtherDegrees,
    radius_arcsec: float,
    distances_arcsec: tuple[float, ...] | None = None,
) -> FalseMatchRate:
    """
    Measure the rate of chance matches by matching again with one catalogue shifted on the sky.

    Args:
        ra1: right ascension in the first catalogue, the one that is shifted [deg].
        dec1: declination in the first catalogue [deg].
        ra2: right ascension in the second catalogue [deg].
        dec2: declination in the second catalogue [deg].
        radius_arcsec: largest separation of the match [arcsec].
        distances_arcsec: lengths of the shifts [arcsec]; by default `SHIFTS_ARCSEC`, or 2 and 3
            radii if these are more.

    Returns:
        The rate and its standard error.

    Raises:
        ValueError: if a distance is under two radii: such a shift keeps true pairs.
    """
    if distances_arcsec is None:
        short, long = SHIFTS_ARCSEC
        distances_arcsec = (max(short, 2 * radius_arcsec), max(long, 3 * radius_arcsec))
    if min(distances_arcsec) < 2 * radius_arcsec:
        raise ValueError(
            f"shifts of {distances_arcsec} arcsec are too short for a radius of {radius_arcsec} "
            "arcsec: use at least twice the radius"
        )
    usable = max(int(np.sum(np.isfinite(ra1 + dec1))), 1)
    shares = [
        match_one_to_one(*at, ra2, dec2, radius_arcsec).counts()["matched"] / usable
        for at in shifted(ra1, dec1, distances_arcsec)
    ]
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    return FalseMatchRate(float(np.mean(shares)), float(error), len(shares))


def shifted(
    ra: Degrees, dec: Degrees, distances_arcsec: tuple[float, ...]
) -> Iterator[tuple[Degrees, Degrees]]:
    """Positions [deg] moved by each of some distances [arcsec] in each of `DIRECTIONS`."""
    for distance in distances_arcsec:
        for angle in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
            yield displace(ra, dec, distance * np.sin(angle), distance * np.cos(angle))


def by_position(
    gaia: Table, options: Options, **surveys: Table | None
) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]]:
    """
    What `crossmatch` matches by position: the surveys' places beside Gaia's at their epoch.

    Args:
        gaia: ra, dec [deg]; pmra, pmdec [mas/yr] where it has them.
        options: of the match.
        surveys: twomass, unwise, kepler, with columns as for `crossmatch`; 2MASS rows that Gaia's
            table of neighbours gave are left out, and so is what is None.

    Returns:
        By survey: ra and dec [deg] of the sources at the survey's mean epoch, ra and dec of its
        usable rows, and the radius [arcsec].
    """
    found = {}
    for survey, table in surveys.items():
        if table is None or (survey == "twomass" and "source_id" in table):
            continue
        unknown = np.full(len(gaia["ra"]), np.nan)
        names = ("ra", "dec", "pmra", "pmdec")
        moving = (np.asarray(gaia.get(name, unknown), float) for name in names)
        epoch = getattr(options, f"{survey}_epoch")
        at_ra, at_dec, _ = carry(*moving, options.gaia_epoch, epoch)
        usable = np.ones(len(table["ra"]), bool)
        if survey == "twomass":
            usable, _ = point_sources(table, len(usable))
        rows = (np.asarray(table[name], float)[usable] for name in ("ra", "dec"))
        found[survey] = (at_ra, at_dec, *rows, getattr(options, f"{survey}_radius_arcsec"))
    return found


def chance_matches(
    gaia: Table, options: Mapping[str, float] | None = None, **surveys: Table | None
) -> dict[str, FalseMatchRate]:
    """Rates of chance matches in `crossmatch`, by survey; arguments as for `by_position`."""
    places = by_position(gaia, Options(**(options or {})), **surveys)
    return {survey: false_match_rate(*place) for survey, place in places.items()}


def profile(
    ra1: Degrees,
    dec1: Degrees,
    ra2: OtherDegrees,
    dec2: OtherDegrees,
    edges_arcsec: Float[np.ndarray, " n_edge"],
) -> dict[str, Float[np.ndarray, " n_edge-1"]]:
    """
    Pairs of two catalogues by separation, beside those that there are by chance.

    Args:
        ra1: right ascension in the first catalogue [deg].
        dec1: declination in the first catalogue [deg].
        ra2: right ascension in the second catalogue, at the same epoch [deg].
        dec2: declination in the second catalogue [deg].
        edges_arcsec: rising limits of the bins [arcsec]; at most 3, the shifts of `SHIFTS_ARCSEC`
            stay clear of true pairs then.

    Returns:
        `radius_arcsec` (upper edges), and `pairs` and `chance` per star of the first catalogue and
        square arcsec; `chance` is the mean over the shifts.
    """
    usable = max(int(np.sum(np.isfinite(ra1 + dec1))), 1)
    cells = np.pi * np.diff(np.square(edges_arcsec)) * usable

    def density(ra, dec):
        separation = close_pairs(ra, dec, ra2, dec2, edges_arcsec[-1])[2]
        return np.histogram(separation, edges_arcsec)[0] / cells

    return {
        "radius_arcsec": edges_arcsec[1:],
        "pairs": density(ra1, dec1),
        "chance": np.mean([density(*at) for at in shifted(ra1, dec1, SHIFTS_ARCSEC)], axis=0),
    }


def score(
    source_id: Int[np.ndarray, " n_source"],
    row: Int[np.ndarray, " n_source"],
    true_source_id: Int[np.ndarray, " n_row"],
) -> dict[str, float]:
    """
    Completeness and purity of a match whose truth is known.

    Args:
        source_id: the Gaia sources.
        row: matched row of each in the other survey, -1 for none.
        true_source_id: whose star each row of that survey is, -1 for nobody's; a star may have
            several rows, and any of them is right.

    Returns:
        `completeness` (right matches over sources with a row), `purity` (right matches over
        matches), NaN where there is none to divide by, and the counts `right`, `wrong`, `missed`.
    """
    matched = row >= 0
    right = int(np.sum(true_source_id[row[matched]] == source_id[matched]))
    true = int(np.sum(np.isin(source_id, true_source_id)))
    return {
        "completeness": right / true if true else np.nan,
        "purity": right / int(matched.sum()) if matched.any() else np.nan,
        "right": right,
        "wrong": int(matched.sum()) - right,
        "missed": true - right,
    }
