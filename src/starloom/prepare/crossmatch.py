"""Which rows of APOGEE, 2MASS, unWISE and Kepler are which Gaia source, every row accounted for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from starloom.columns import MATCH_FLAGS
from starloom.prepare.identifiers import (
    best_apogee_rows,
    best_of_each,
    join_ids,
    occurrences,
    star_codes,
)
from starloom.prepare.positions import (
    LOST,
    MATCHED,
    carry,
    close_pairs_in_motion,
    resolve,
    separation_arcsec,
)
from starloom.prepare.twomass import best_neighbours, point_sources

Table = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Options:
    """
    How to match: radii, and the mean epochs of surveys whose rows do not say theirs.

    Attributes:
        apogee_radius_arcsec: for allStar rows without a source_id [arcsec].
        twomass_radius_arcsec: [arcsec].
        unwise_radius_arcsec: [arcsec].
        kepler_radius_arcsec: [arcsec].
        gaia_epoch: DR3's reference epoch [Julian year].
        apogee_epoch: allStar's positions are 2MASS's [Julian year].
        twomass_epoch: middle of the survey, 1997.4 to 2001.2 [Julian year].
        unwise_epoch: mean of the exposures of 2010 and 2014 to 2017 [Julian year].
        kepler_epoch: the input catalogue's positions of bright stars are 2MASS's [Julian year].
    """

    apogee_radius_arcsec: float = 1.0
    twomass_radius_arcsec: float = 1.0
    unwise_radius_arcsec: float = 1.0
    kepler_radius_arcsec: float = 2.0
    gaia_epoch: float = 2016.0
    apogee_epoch: float = 1999.5
    twomass_epoch: float = 1999.5
    unwise_epoch: float = 2014.9
    kepler_epoch: float = 2000.0


def crossmatch(
    gaia: Table,
    apogee: Table | None = None,
    twomass: Table | None = None,
    unwise: Table | None = None,
    kepler: Table | None = None,
    options: Mapping[str, float] | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    """
    One row a Gaia source, with its row in every other survey.

    APOGEE joins by source_id where allStar gives one and by position else; repeated rows of a star
    are resolved by `best_apogee_rows`, and once more by source_id. 2MASS joins by source_id where
    its table has that column (Gaia's best neighbours; the smallest angular_distance wins) and by
    position else. unWISE and Kepler join by position. Every position is carried to the other row's
    epoch.

    Args:
        gaia: source_id; ra, dec [deg], pmra, pmdec [mas/yr], ref_epoch [yr] where it has them.
        apogee: allStar's APOGEE_ID, GAIAEDR3_SOURCE_ID, RA, DEC [deg], EXTRATARG, SNREV.
        twomass: ra, dec [deg]; where it has them ph_qual, ext_key, jdate or j_date (IRSA's and
            the Gaia archive's name of the Julian day), source_id with designation.
        unwise: ra, dec [deg].
        kepler: kic, ra, dec [deg]; see `kepler_places.places`.
        options: values that differ from the defaults, by the names of `Options`.

    Returns:
        Columns source_id, gaia_row, for each survey {survey}_row (-1 none) and
        {survey}_separation_arcsec (NaN none), kic where there is a `kepler` (-1 none), and
        match_flag (bits of `columns.MATCH_FLAGS`).
        And for each survey the counts of what became of its `rows` and of the Gaia `sources`,
        each with their `total`, to which the others add up.

    Raises:
        KeyError: if a table lacks a column that it must have; the message names both.
    """
    options = Options(**(options or {}))
    gaia_ids = np.asarray(_column("gaia_source", gaia, "source_id"))
    gaia_row = np.sort(np.unique(gaia_ids, return_index=True)[1])
    sky = _Sources.of(gaia, gaia_row, options)
    flags = {"no_proper_motion": sky.at_rest, "no_position": ~sky.has_position}
    columns = {"source_id": sky.source_id, "gaia_row": gaia_row}
    rows = {"source": len(gaia_row), "repeated_source_id": len(gaia_ids) - len(gaia_row)}
    counts = {"gaia": {"rows": {"total": len(gaia_ids)} | rows}}
    for survey, table, match in (
        ("apogee", apogee, _match_apogee),
        ("twomass", twomass, _match_twomass),
        ("unwise", unwise, _match_unwise),
        ("kepler", kepler, _match_kepler),
    ):
        row, separation = np.full(len(gaia_row), -1), np.full(len(gaia_row), np.nan)
        if table is not None:
            found = match(sky, table, options)
            row, separation = found.row, found.separation_arcsec
            counts[survey] = {"rows": found.rows, "sources": found.sources}
            flags |= found.flags
        columns |= {f"{survey}_row": row, f"{survey}_separation_arcsec": separation}
        flags[f"no_{survey}"] = row < 0
    if kepler is not None:
        numbers = np.append(np.asarray(_column("Kepler", kepler, "kic"), np.int64), -1)
        columns["kic"] = numbers[columns["kepler_row"]]
    match_flag = np.zeros(len(gaia_row), np.int32)
    for name, raised in flags.items():
        match_flag |= np.where(raised, MATCH_FLAGS[name].mask, 0).astype(np.int32)
    return columns | {"match_flag": match_flag}, counts


@dataclass(frozen=True)
class _Found:
    """A survey's row of each source, and the account of the survey's rows and of the sources."""

    row: np.ndarray
    separation_arcsec: np.ndarray
    rows: dict[str, int]
    sources: dict[str, int]
    flags: dict[str, np.ndarray]


@dataclass(frozen=True)
class _Sources:
    """Gaia sources, one row each; NaN where the table has no such column."""

    source_id: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    pmra: np.ndarray
    pmdec: np.ndarray
    epoch: np.ndarray

    @classmethod
    def of(cls, gaia, rows, options):
        def column(name):
            return (
                np.asarray(gaia[name], float)[rows] if name in gaia else np.full(len(rows), np.nan)
            )

        epoch = column("ref_epoch")
        return cls(
            np.asarray(gaia["source_id"])[rows],
            *(column(name) for name in ("ra", "dec", "pmra", "pmdec")),
            np.where(np.isfinite(epoch), epoch, options.gaia_epoch),
        )

    @property
    def has_position(self):
        return np.isfinite(self.ra + self.dec)

    @property
    def at_rest(self):
        return ~np.isfinite(self.pmra + self.pmdec)

    def near(self, ra, dec, epoch, radius_arcsec):
        """Pairs of a source and a row of another survey within the radius, at that row's epoch."""
        return close_pairs_in_motion(
            self.ra, self.dec, self.pmra, self.pmdec, self.epoch, ra, dec, epoch, radius_arcsec
        )

    def separation_arcsec(self, row, ra, dec, epoch):
        """Distance of each source to its row, at that row's epoch; NaN where it has none."""
        distance = np.full(len(row), np.nan)
        has = np.flatnonzero(row >= 0)
        if len(has):
            to_epoch = np.broadcast_to(epoch, ra.shape)[row[has]]
            moving = (self.ra, self.dec, self.pmra, self.pmdec, self.epoch)
            at_ra, at_dec, _ = carry(*(value[has] for value in moving), to_epoch)
            distance[has] = separation_arcsec(at_ra, at_dec, ra[row[has]], dec[row[has]])
        return distance


def _match_apogee(sky, table, options):
    names = ("RA", "DEC", "SNREV", "APOGEE_ID", "EXTRATARG")
    ra, dec, snrev, star, extratarg = (_column("allStar", table, name) for name in names)
    ids = np.asarray(table.get("GAIAEDR3_SOURCE_ID", np.zeros(len(ra), np.int64)))
    best, rows = best_apogee_rows(star, extratarg, snrev)
    named = np.flatnonzero(best & (ids > 0))
    first = best_of_each(ids[named], snrev[named])
    rows["repeated_source_id"] = int(np.sum(~first))
    source = join_ids(ids[named[first]], sky.source_id)
    row = np.full(len(sky.source_id), -1)
    row[source[source >= 0]] = named[first][source >= 0]
    rows["matched_by_source_id"] = int(np.sum(source >= 0))
    rows["source_id_not_in_gaia"] = int(np.sum(source < 0))

    nameless = np.flatnonzero(best & ~(ids > 0))
    epoch, radius = options.apogee_epoch, options.apogee_radius_arcsec
    one, two, distance = sky.near(ra[nameless], dec[nameless], epoch, radius)
    match = resolve(two, one, distance, np.isfinite(ra[nameless] + dec[nameless]))
    outcomes = match.counts()
    free = match.outcome == MATCHED
    free[free] = row[match.row[free]] < 0
    row[match.row[free]] = nameless[free]
    rows["matched_by_position"] = int(np.sum(free))
    rows["source_has_a_row_already"] = outcomes["matched"] - rows["matched_by_position"]
    rows |= {name: outcomes[name] for name in ("no_candidate", "lost_to_closer", "no_position")}

    repeated = np.maximum(occurrences(star_codes(star)), np.where(ids > 0, occurrences(ids), 1)) > 1
    separation = sky.separation_arcsec(row, ra, dec, epoch)
    flags = {
        "apogee_by_position": np.isin(row, nameless),
        "apogee_several": (row >= 0) & _taken(repeated, row),
        "apogee_far": separation > radius,
    }
    return _Found(row, separation, {"total": len(ra)} | rows, _sources(row), flags)


def _match_twomass(sky, table, options):
    ra, dec = (np.asarray(_column("2MASS", table, name), float) for name in ("ra", "dec"))
    usable, rows = point_sources(table, len(ra))
    epoch = np.full(len(ra), options.twomass_epoch)
    for date in {"jdate", "j_date"} & set(table):
        years = 2000 + (np.asarray(table[date], float) - 2451545.0) / 365.25
        epoch = np.where(np.isfinite(years), years, epoch)
    if "source_id" in table:
        row, lost, more_rows = best_neighbours(sky.source_id, table, usable)
        separation = sky.separation_arcsec(row, ra, dec, epoch)
        several = np.asarray(table.get("number_of_neighbours", np.ones(len(ra)))) > 1
        flags = {"twomass_several": _taken(several, row), "twomass_lost": lost}
        return _Found(row, separation, {"total": len(ra)} | rows | more_rows, _sources(row), flags)
    radius = options.twomass_radius_arcsec
    return _by_position("twomass", sky, np.where(usable, ra, np.nan), dec, epoch, radius, rows)


def _match_unwise(sky, table, options):
    ra, dec = (np.asarray(_column("unWISE", table, name), float) for name in ("ra", "dec"))
    radius = options.unwise_radius_arcsec
    return _by_position("unwise", sky, ra, dec, options.unwise_epoch, radius, {})


def _match_kepler(sky, table, options):
    ra, dec = (np.asarray(_column("Kepler", table, name), float) for name in ("ra", "dec"))
    radius = options.kepler_radius_arcsec
    rows = {"no_position": int(np.sum(~np.isfinite(ra + dec)))}
    return _by_position("kepler", sky, ra, dec, options.kepler_epoch, radius, rows)


def _by_position(survey, sky, ra, dec, epoch, radius_arcsec, rows):
    match = resolve(*sky.near(ra, dec, epoch, radius_arcsec), has_position=sky.has_position)
    sources = match.counts()
    rows = rows | {"matched": sources["matched"]}
    rows["unmatched"] = len(ra) - sum(rows.values())
    flags = {f"{survey}_several": match.candidates > 1, f"{survey}_lost": match.outcome == LOST}
    return _Found(
        match.row,
        match.separation_arcsec,
        {"total": len(ra)} | rows,
        {"total": len(match.row), **sources},
        flags,
    )


def _sources(row):
    matched = int(np.sum(row >= 0))
    return {"total": len(row), "matched": matched, "unmatched": len(row) - matched}


def _taken(values, row):
    """`values[row]`, false where there is no row."""
    return np.append(values, False)[row]


def _column(what, table, name):
    if name not in table:
        raise KeyError(f"{what} has no column {name}, which the match needs; it has {list(table)}")
    return np.asarray(table[name])
