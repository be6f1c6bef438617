"""Positions on the sky: carried between epochs and matched one to one."""

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord, angular_separation, search_around_sky
from jaxtyping import Bool, Float, Int

Degrees = Float[np.ndarray, " n"]
OtherDegrees = Float[np.ndarray, " m"]

MATCHED, NO_CANDIDATE, LOST, NO_POSITION = range(4)
"""What became of a row: see `Match.outcome`."""


@dataclass(frozen=True)
class Match:
    """
    The outcome of a one-to-one match for each row of the first catalogue.

    Attributes:
        row: row of the second catalogue, -1 for none.
        separation_arcsec: distance to it [arcsec], NaN for none.
        candidates: rows of the second catalogue within the radius.
        outcome: MATCHED, NO_CANDIDATE (nothing within the radius), LOST (its nearest candidate is
            nearer to another row) or NO_POSITION (ra or dec is not finite).
    """

    row: Int[np.ndarray, " n"]
    separation_arcsec: Degrees
    candidates: Int[np.ndarray, " n"]
    outcome: Int[np.ndarray, " n"]

    def counts(self) -> dict[str, int]:
        """Rows by outcome; they add up to all rows."""
        by_outcome = np.bincount(self.outcome, minlength=4).tolist()
        names = ("matched", "no_candidate", "lost_to_closer", "no_position")
        return dict(zip(names, by_outcome, strict=True))


def carry(
    ra: Degrees,
    dec: Degrees,
    pmra: Degrees,
    pmdec: Degrees,
    from_epoch: float | Degrees,
    to_epoch: float | Degrees,
) -> tuple[Degrees, Degrees, Bool[np.ndarray, " n"]]:
    """
    Carry positions along their proper motions, in straight lines through space.

    Parallax and radial velocity are left out: they move no star by 0.01 arcsec in 20 years but a
    few of the nearest. Works at the poles, where ra moves by any amount.

    Args:
        ra: right ascension [deg].
        dec: declination [deg].
        pmra: proper motion in ra times cos(dec) [mas/yr].
        pmdec: proper motion in dec [mas/yr].
        from_epoch: epoch of `ra` and `dec` [Julian year], one or one a star.
        to_epoch: epoch to carry to [Julian year], one or one a star.

    Returns:
        ra in [0, 360) and dec [deg] at `to_epoch`, and which stars were left where they were for
        want of a finite proper motion.

    References:
        The Hipparcos and Tycho Catalogues (ESA SP-1200), Vol. 1, Sec. 1.5.5, without the radial
        terms.
    """
    still = ~(np.isfinite(pmra) & np.isfinite(pmdec))
    years = np.subtract(to_epoch, from_epoch)
    east, north = (np.where(still, 0.0, pm) * years / 1000 for pm in (pmra, pmdec))
    return *displace(ra, dec, east, north), still


def displace(
    ra: Degrees, dec: Degrees, east_arcsec: float | Degrees, north_arcsec: float | Degrees
) -> tuple[Degrees, Degrees]:
    """
    Move positions in the plane that touches the sky at each of them.

    Args:
        ra: right ascension [deg].
        dec: declination [deg].
        east_arcsec: shift towards the east, on the sky (not in ra) [arcsec].
        north_arcsec: shift towards the north [arcsec].

    Returns:
        ra in [0, 360) and dec [deg].
    """
    alpha, delta = np.radians(ra), np.radians(dec)
    east, north = np.radians(east_arcsec) / 3600, np.radians(north_arcsec) / 3600
    outward = np.cos(delta) - north * np.sin(delta)
    new_ra = np.degrees(alpha + np.arctan2(east, outward)) % 360
    new_dec = np.arctan2(np.sin(delta) + north * np.cos(delta), np.hypot(outward, east))
    return np.where(new_ra == 360, 0.0, new_ra), np.degrees(new_dec)


def match_one_to_one(
    ra1: Degrees,
    dec1: Degrees,
    ra2: OtherDegrees,
    dec2: OtherDegrees,
    radius_arcsec: float,
) -> Match:
    """
    Pair the rows of two catalogues that are each other's nearest within a radius.

    Equal separations are decided by the lowest row of the first, then of the second catalogue. A
    row whose nearest candidate belongs to another row is lost: it does not take its second best.

    Args:
        ra1: right ascension in the first catalogue [deg]; NaN for none.
        dec1: declination in the first catalogue [deg].
        ra2: right ascension in the second catalogue [deg], at the same epoch.
        dec2: declination in the second catalogue [deg].
        radius_arcsec: largest separation [arcsec].

    Returns:
        What became of each row of the first catalogue.

    Raises:
        ValueError: if the radius is not positive.
    """
    pairs = close_pairs(ra1, dec1, ra2, dec2, radius_arcsec)
    return resolve(*pairs, has_position=np.isfinite(ra1 + dec1))


def close_pairs(
    ra1: Degrees, dec1: Degrees, ra2: OtherDegrees, dec2: OtherDegrees, radius_arcsec: float
) -> tuple[Int[np.ndarray, " n_pair"], Int[np.ndarray, " n_pair"], Float[np.ndarray, " n_pair"]]:
    """Rows of both catalogues nearer than a radius, and their separations [arcsec]; any order."""
    if not radius_arcsec > 0:
        raise ValueError(f"the radius of a match must be positive, not {radius_arcsec} arcsec")
    rows1, rows2 = (np.flatnonzero(np.isfinite(a + d)) for a, d in ((ra1, dec1), (ra2, dec2)))
    if not (len(rows1) and len(rows2)):
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    first = SkyCoord(ra1[rows1], dec1[rows1], unit=u.deg)
    second = SkyCoord(ra2[rows2], dec2[rows2], unit=u.deg)
    one, two, separation, _ = search_around_sky(first, second, radius_arcsec * u.arcsec)
    return rows1[one], rows2[two], separation.to_value(u.arcsec)


def close_pairs_in_motion(
    ra1: Degrees,
    dec1: Degrees,
    pmra: Degrees,
    pmdec: Degrees,
    epoch1: float | Degrees,
    ra2: OtherDegrees,
    dec2: OtherDegrees,
    epoch2: float | OtherDegrees,
    radius_arcsec: float,
) -> tuple[Int[np.ndarray, " n_pair"], Int[np.ndarray, " n_pair"], Float[np.ndarray, " n_pair"]]:
    """
    Rows nearer than a radius at the epoch of the second catalogue's row, whatever that is.

    Args:
        ra1: right ascension in the catalogue with proper motions [deg].
        dec1: declination in it [deg].
        pmra: proper motion in ra times cos(dec) [mas/yr]; NaN moves nothing.
        pmdec: proper motion in dec [mas/yr].
        epoch1: epoch of the first catalogue [Julian year].
        ra2: right ascension in the second catalogue [deg].
        dec2: declination in it [deg].
        epoch2: epoch of the second catalogue [Julian year], one or one a row.
        radius_arcsec: largest separation [arcsec].

    Returns:
        Row of the first, row of the second catalogue and separation [arcsec] of each pair.
    """
    epoch1, epoch2 = np.broadcast_to(epoch1, ra1.shape), np.broadcast_to(epoch2, ra2.shape)
    low, high = (np.min(epoch2), np.max(epoch2)) if epoch2.size else (0.0, 0.0)
    middle_ra, middle_dec, _ = carry(ra1, dec1, pmra, pmdec, epoch1, (low + high) / 2)
    # The search at the middle epoch reaches as far as a star moves until the last one.
    motion = np.nan_to_num(np.hypot(pmra, pmdec)) / 1000 * (high - low) / 2
    fast = motion > radius_arcsec
    found = []
    for group in (np.flatnonzero(~fast), np.flatnonzero(fast)):
        reach = (radius_arcsec + np.max(motion[group], initial=0.0)) * (1 + 1e-6)
        one, two, _ = close_pairs(middle_ra[group], middle_dec[group], ra2, dec2, reach)
        found.append((group[one], two))
    one, two = (np.concatenate(rows) for rows in zip(*found, strict=True))
    at_ra, at_dec, _ = carry(ra1[one], dec1[one], pmra[one], pmdec[one], epoch1[one], epoch2[two])
    separation = separation_arcsec(at_ra, at_dec, ra2[two], dec2[two])
    near = separation <= radius_arcsec
    return one[near], two[near], separation[near]


def separation_arcsec(ra1: Degrees, dec1: Degrees, ra2: Degrees, dec2: Degrees) -> Degrees:
    """Distance on the sky between positions of equal row [arcsec]."""
    angle = angular_separation(*(np.radians(value) for value in (ra1, dec1, ra2, dec2)))
    return np.degrees(angle) * 3600


def resolve(
    one: Int[np.ndarray, " n_pair"],
    two: Int[np.ndarray, " n_pair"],
    separation_arcsec: Float[np.ndarray, " n_pair"],
    has_position: Bool[np.ndarray, " n"],
) -> Match:
    """
    Keep the pairs whose members are each other's nearest; see `match_one_to_one`.

    Args:
        one: row of the first catalogue, of each candidate pair.
        two: row of the second catalogue.
        separation_arcsec: their distance [arcsec].
        has_position: of each row of the first catalogue.

    Returns:
        What became of each row of the first catalogue.
    """
    order = np.lexsort((two, one, separation_arcsec))
    one, two, separation_arcsec = one[order], two[order], separation_arcsec[order]
    nearest = np.zeros((2, len(one)), bool)
    for side, rows in enumerate((one, two)):
        nearest[side, np.unique(rows, return_index=True)[1]] = True
    kept = nearest.all(axis=0)
    n_row = len(has_position)
    row, separation = np.full(n_row, -1), np.full(n_row, np.nan)
    row[one[kept]], separation[one[kept]] = two[kept], separation_arcsec[kept]
    candidates = np.bincount(one, minlength=n_row)
    outcome = np.select(
        [~has_position, row >= 0, candidates > 0], [NO_POSITION, MATCHED, LOST], NO_CANDIDATE
    )
    return Match(row, separation, candidates, outcome)
