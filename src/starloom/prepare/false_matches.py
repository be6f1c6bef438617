"""How often two catalogues match by chance, measured by shifting one of them on the sky."""

from dataclasses import dataclass

import numpy as np

from starloom.prepare.positions import Degrees, displace, match_one_to_one


@dataclass(frozen=True)
class FalseMatches:
    """
    How often two catalogues match by chance.

    Attributes:
        rate: chance matches a row of the first catalogue.
        rate_error: standard error of the rate, from its spread over the shifts.
        expected: chance matches among the pairs of the unshifted match.
        shifts: how many shifts were made.
    """

    rate: float
    rate_error: float
    expected: float
    shifts: int


def false_match_rate(
    ra1: Degrees,
    dec1: Degrees,
    ra2: Degrees,
    dec2: Degrees,
    radius_arcsec: float,
    distances_arcsec: tuple[float, ...] = (30.0, 60.0),
    directions: int = 4,
) -> FalseMatches:
    """
    Measure the rate of chance matches by matching again with one catalogue shifted on the sky.

    Args:
        ra1: right ascension in the first catalogue, the one that is shifted [deg].
        dec1: declination in the first catalogue [deg].
        ra2: right ascension in the second catalogue [deg].
        dec2: declination in the second catalogue [deg].
        radius_arcsec: largest separation of the match [arcsec].
        distances_arcsec: lengths of the shifts [arcsec]; many radii, and well below the scale on
            which the density of sources changes.
        directions: position angles, evenly spread, at each distance.

    Returns:
        The rate, its standard error, and what it makes of the rows without a counterpart of their
        own: with M of N rows matched at rate p, these are (N - M) / (1 - p), and p of them match.
        An upper bound, since here no true counterpart takes a candidate away.

    Raises:
        ValueError: if a distance is under two radii: such a shift keeps true pairs.
    """
    if min(distances_arcsec) < 2 * radius_arcsec:
        raise ValueError(
            f"shifts of {distances_arcsec} arcsec are too short for a radius of {radius_arcsec} "
            "arcsec: use at least twice the radius"
        )
    usable = int(np.sum(np.isfinite(ra1 + dec1)))
    angles = 2 * np.pi * np.arange(directions) / directions
    shares = []
    for distance in distances_arcsec:
        for angle in angles:
            shifted = displace(ra1, dec1, distance * np.sin(angle), distance * np.cos(angle))
            match = match_one_to_one(*shifted, ra2, dec2, radius_arcsec)
            shares.append(match.counts()["matched"] / max(usable, 1))
    rate = float(np.mean(shares))
    error = float(np.std(shares, ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else np.nan
    real = match_one_to_one(ra1, dec1, ra2, dec2, radius_arcsec).counts()["matched"]
    expected = rate * (usable - real) / (1 - rate) if rate < 1 else float(real)
    return FalseMatches(rate, error, expected, len(shares))
