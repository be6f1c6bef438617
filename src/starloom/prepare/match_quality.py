"""How good a match is: chance pairs measured by shifting the sky, and the score against truth."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from starloom.prepare.crossmatch import Options, Table
from starloom.prepare.positions import Degrees, OtherDegrees, carry, displace, match_one_to_one
from starloom.prepare.twomass import point_sources


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
    directions: int = 4,
) -> FalseMatchRate:
    """
    Measure the rate of chance matches by matching again with one catalogue shifted on the sky.

    Args:
        ra1: right ascension in the first catalogue, the one that is shifted [deg].
        dec1: declination in the first catalogue [deg].
        ra2: right ascension in the second catalogue [deg].
        dec2: declination in the second catalogue [deg].
        radius_arcsec: largest separation of the match [arcsec].
        distances_arcsec: lengths of the shifts [arcsec]; beyond the 6 arcsec in which unWISE
            blends sources, well below the scale on which their density changes. By default 8 and
            12, or 4 and 6 radii if these are more.
        directions: position angles, evenly spread, at each distance.

    Returns:
        The rate and its standard error.

    Raises:
        ValueError: if a distance is under two radii: such a shift keeps true pairs.
    """
    if distances_arcsec is None:
        distances_arcsec = (max(8.0, 4 * radius_arcsec), max(12.0, 6 * radius_arcsec))
    if min(distances_arcsec) < 2 * radius_arcsec:
        raise ValueError(
            f"shifts of {distances_arcsec} arcsec are too short for a radius of {radius_arcsec} "
            "arcsec: use at least twice the radius"
        )
    usable = max(int(np.sum(np.isfinite(ra1 + dec1))), 1)
    shares = []
    for distance in distances_arcsec:
        for angle in 2 * np.pi * np.arange(directions) / directions:
            shifted = displace(ra1, dec1, distance * np.sin(angle), distance * np.cos(angle))
            match = match_one_to_one(*shifted, ra2, dec2, radius_arcsec)
            shares.append(match.counts()["matched"] / usable)
    error = np.std(shares, ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else np.nan
    return FalseMatchRate(float(np.mean(shares)), float(error), len(shares))


def chance_matches(
    gaia: Table,
    twomass: Table | None = None,
    unwise: Table | None = None,
    options: Mapping[str, float] | None = None,
) -> dict[str, FalseMatchRate]:
    """
    Rates of chance matches in `crossmatch`, for each survey that it matches by position.

    Args:
        gaia: source_id, ra, dec [deg], pmra, pmdec [mas/yr].
        twomass: 2MASS columns as for `crossmatch`, or None.
        unwise: unWISE columns as for `crossmatch`, or None.
        options: as for `crossmatch`.

    Returns:
        The rate by survey, at the survey's mean epoch.
    """
    options = Options(**(options or {}))
    rates = {}
    for survey, table in (("twomass", twomass), ("unwise", unwise)):
        if table is None:
            continue
        moving = (np.asarray(gaia[name], float) for name in ("ra", "dec", "pmra", "pmdec"))
        epoch = getattr(options, f"{survey}_epoch")
        at_ra, at_dec, _ = carry(*moving, options.gaia_epoch, epoch)
        usable = np.ones(len(table["ra"]), bool)
        if survey == "twomass":
            usable, _ = point_sources(table, len(usable))
        radius = getattr(options, f"{survey}_radius_arcsec")
        rates[survey] = false_match_rate(
            at_ra, at_dec, table["ra"][usable], table["dec"][usable], radius
        )
    return rates


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
