"""
unWISE rows near Gaia sources, from whichever archive serves the catalogue.

The archives name its table and columns differently, so each is asked for its names first.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table
from jaxtyping import Int

from starloom.archives import asking, queries
from starloom.archives.tap import Columns, Tap
from starloom.archives.write_fits import write_unwise

EPOCH = 2014.9
"""Mean epoch of the exposures of 2010 and 2014 to 2017 [Julian year]."""

RADIUS_ARCSEC = 15.0
"""Radius of the cones: chance matches are measured by shifting the sky by up to 12 arcsec."""

BLOCK = 5000

MATCHED_CATALOGUE = "unwise_dr1.object"
MATCHED_PREFIX = "unwise_dr1.x1p5__object__gaia"
MATCHED_BLOCK = 500
"""The Data Lab's catalogue, its pairs with Gaia within 1.5 arcsec, and stars in a query (?)."""

COLUMNS = {
    "ra": ("ra", "RAdeg", "RAJ2000"),
    "dec": ("dec", "DEdeg", "DEJ2000"),
    "flux_w1": ("flux_w1", "flux_1", "w1flux", "FW1"),
    "flux_w2": ("flux_w2", "flux_2", "w2flux", "FW2"),
    "dflux_w1": ("dflux_w1", "dflux_1", "e_FW1"),
    "dflux_w2": ("dflux_w2", "dflux_2", "e_FW2"),
    "qf_w1": ("qf_w1", "qf_1", "q_W1", "qfW1"),
    "qf_w2": ("qf_w2", "qf_2", "q_W2", "qfW2"),
    "fracflux_w1": ("fracflux_w1", "fracflux_1", "fFW1"),
    "fracflux_w2": ("fracflux_w2", "fracflux_2", "fFW2"),
    "flags_unwise_w1": ("flags_unwise_w1", "flags_unwise_1", "f_W1"),
    "flags_unwise_w2": ("flags_unwise_w2", "flags_unwise_2", "f_W2"),
    "unwise_objid": ("unwise_objid", "objID", "objid"),
}
"""Names that archives give to the columns, ours first."""

REQUIRED = ("ra", "dec", "flux_w1", "flux_w2", "unwise_objid")


@dataclass(frozen=True)
class Place:
    """Where a service has the catalogue: how tap_schema calls the table, and how a query does."""

    listed: str
    queried: str


PLACES = {
    "unwise_irsa": Place("unwise_2019", "unwise_2019"),
    "vizier_tap": Place("II/363/unwise", '"II/363/unwise"'),
}
"""Services with cones, by their row of config/datasets.csv."""


def query_near(
    tap: Tap, stars: Table, radius_arcsec: float = RADIUS_ARCSEC, block: int = BLOCK
) -> list[Columns]:
    """
    Fetch the unWISE rows near some stars.

    Args:
        tap: one of the services of `PLACES`.
        stars: source_id; ra, dec [deg] at `EPOCH`.
        radius_arcsec: of the cones.
        block: stars a query.

    Returns:
        Answers with source_id and the columns of `COLUMNS` that the service has.

    Raises:
        TapError: if the service fails.
        KeyError: if it has no such columns; the message lists what it has.
    """
    place = PLACES[tap.dataset.name]
    names = column_names(tap, place.listed)
    adql = queries.cones(place.queried, names, names["ra"], names["dec"], radius_arcsec)
    stars = stars[np.argsort(stars["source_id"])]
    return [
        answer
        for first in range(0, len(stars), block)
        for answer in asking.ask(tap, adql, stars[first : first + block])
    ]


def query_matched(
    tap: Tap, ids: Int[np.ndarray, " n"], block: int = MATCHED_BLOCK
) -> list[Columns]:
    """
    Fetch the unWISE rows that the Data Lab has matched with Gaia sources, without proper motion.

    Its ADQL has no cones, so this is its only way; stars that move fast are lost.

    Args:
        tap: row `unwise_noirlab`.
        ids: source ids.
        block: stars a query, which lists them.

    Returns:
        Answers with source_id and the columns of `COLUMNS` that the service has.

    Raises:
        TapError: if the service fails.
        KeyError: if it has no table of pairs, or no such columns; the message lists what it has.
    """
    answer = tap.query(queries.tables_like(MATCHED_PREFIX))
    there = sorted(answer["table_name"].tolist())
    match = next((name for name in there if "gaia_dr3" in name), None)
    if match is None:
        raise KeyError(
            f"{tap.dataset.name} has no table {MATCHED_PREFIX}*gaia_dr3* but "
            f"{', '.join(there) or 'none'}; choose another of the services for archives/unwise"
        )
    names = column_names(tap, MATCHED_CATALOGUE)
    return [
        tap.query(queries.matched(MATCHED_CATALOGUE, match, names, some.tolist()))
        for some in asking.blocks(ids, block)
    ]


def column_names(tap: Tap, table: str) -> dict[str, str]:
    """
    How a service spells the catalogue's columns, by our names.

    Args:
        tap: the service.
        table: as its tap_schema has it.

    Raises:
        KeyError: if a required one is not there under any known name.
    """
    answer = tap.query(queries.columns_of(table))
    present = {name.strip('"').lower(): name for name in answer["column_name"].tolist()}
    found = {}
    for ours, known in COLUMNS.items():
        match = next((present[name.lower()] for name in known if name.lower() in present), None)
        if match:
            found[ours] = match if re.fullmatch(r"\w+|\".*\"", match) else f'"{match}"'
    # A catalogue file holds both bands of a column or neither.
    pairs = {"_w1": "_w2", "_w2": "_w1"}
    found = {
        name: theirs
        for name, theirs in found.items()
        if name[:-3] + pairs.get(name[-3:], name[-3:]) in found
    }
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise KeyError(
            f"{tap.dataset.name}: {table} has no column for {', '.join(missing)}; it has "
            f"{', '.join(sorted(present.values())) or 'none: is that the table?'}. Add its name to "
            "unwise_client.COLUMNS, or choose another of the services for archives/unwise"
        )
    return found


def write_near(path: str | Path, answers: Iterable[Columns]) -> int:
    """
    Write unWISE rows as the raw file, each once, in the order of their ids.

    Args:
        path: `unwise.cat.fits`.
        answers: of `query_near`.

    Returns:
        The number of rows.

    Raises:
        ValueError: if there is no row.
    """
    table = asking.joined(answers)
    if not len(table["ra"]):
        raise ValueError(f"{path}: none of the stars has an unWISE source near it")
    order = np.unique(table["unwise_objid"], return_index=True)[1]
    columns = {name: table[name][order] for name in COLUMNS if name in table}
    write_unwise(path, columns, "unWISE sources near Gaia sources, by query")
    return len(order)
