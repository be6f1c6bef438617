"""Gaia's table of sources: by query for some stars, as bulk files for all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import requests
from astropy.table import Table
from jaxtyping import Int

from starloom.archives import asking, queries
from starloom.archives.logins import Logins
from starloom.archives.names import SOURCE_ID_TO_LEVEL8, chunk_range
from starloom.archives.raw_tables import read_columns
from starloom.archives.schema import archive_columns
from starloom.archives.tap import Tap
from starloom.archives.write_text import write_gaia_source


def in_chunk(source_id: Int[np.ndarray, " n"], chunk: str) -> Int[np.ndarray, " m"]:
    """
    The sources of a bulk file.

    Args:
        source_id: any sources.
        chunk: the file's pixels, as in `names.bulk_chunks`.

    Returns:
        Those in its pixels, each once, in rising order.

    Raises:
        ValueError: if there are none.
    """
    low, high = chunk_range(chunk)
    pixel = source_id >> SOURCE_ID_TO_LEVEL8
    found = np.unique(source_id[(source_id > 0) & (pixel >= low) & (pixel <= high)])
    if not len(found):
        raise ValueError(
            f"no star of the sample lies in the pixels {chunk}: choose fewer archives/xp_files"
        )
    return found


def read_ids(path: str | Path) -> Int[np.ndarray, " n"]:
    """
    Read source ids, from any table that the readers know.

    Raises:
        ValueError: if it has no column source_id, or no rows.
    """
    columns = read_columns(path, archive_columns("gaia_source"), ("source_id",), ())
    return columns["source_id"].astype(np.int64)


def with_xp(gaia: Mapping[str, np.ndarray]) -> Int[np.ndarray, " n"]:
    """
    Sources that have an XP continuous spectrum.

    Args:
        gaia: source_id; has_xp_continuous where the table has it, else all are taken.

    Returns:
        Their ids, in rising order.
    """
    return np.sort(gaia["source_id"][gaia.get("has_xp_continuous", slice(None))])


def query_sources(
    tap: Tap, ids: Int[np.ndarray, " n"], path: str | Path, block: int = asking.BLOCK
) -> Int[np.ndarray, " missing"]:
    """
    Fetch rows of gaia_source for some stars and write them in the order of source_id.

    Args:
        tap: the Gaia archive.
        ids: source ids.
        path: `GaiaSource_{chunk}.csv.gz`.
        block: stars a query.

    Returns:
        The ids of which the archive knows nothing.

    Raises:
        TapError: if the archive fails.
        ValueError: if it knows none of the stars.
    """
    answers = []
    for some in asking.blocks(ids, block):
        stars = Table({"source_id": some})
        answers += asking.ask(tap, queries.gaia_source(queries.by_upload()), stars)
    return np.setdiff1d(ids, _write_sources(answers, path))


def query_ids_near(
    tap: Tap, ra: np.ndarray, dec: np.ndarray, radius_arcsec: float, block: int = 2000
) -> Int[np.ndarray, " n"]:
    """
    Sources near positions, for rows of other surveys that do not name theirs.

    Args:
        tap: the Gaia archive.
        ra: right ascension [deg].
        dec: declination [deg].
        radius_arcsec: allow for proper motion between the epochs [arcsec].
        block: positions a query.

    Returns:
        Ids, each once, in rising order.

    Raises:
        TapError: if the archive fails.
    """
    there = np.flatnonzero(np.isfinite(ra + dec))
    stars = Table({"source_id": there, "ra": ra[there], "dec": dec[there]})
    adql = queries.gaia_ids(queries.near(radius_arcsec))
    answers = [
        answer["source_id"].astype(np.int64)
        for first in range(0, len(stars), block)
        for answer in asking.ask(tap, adql, stars[first : first + block])
    ]
    return np.unique(np.concatenate([np.zeros(0, np.int64), *answers]))


def query_pixels(tap: Tap, chunk: str, path: str | Path) -> None:
    """
    Fetch all rows of gaia_source in the pixels of a chunk.

    Args:
        tap: the Gaia archive.
        chunk: first and last pixel, as in `names.bulk_chunks`.
        path: `GaiaSource_{chunk}.csv.gz`.

    Raises:
        TapError: if the archive fails, or a single pixel is too much for it.
        ValueError: if there is no source.
    """
    _write_sources(asking.ask_pixels(tap, queries.gaia_source, *chunk_range(chunk)), path)


def read_sums(path: str | Path) -> dict[str, str]:
    """
    Read a list of checksums: a sum and a file's name in each line, as md5sum and sha1sum write.

    Raises:
        ValueError: if a line is something else; the message gives it.
    """
    sums = {}
    for line in Path(path).read_text().splitlines():
        if not line.strip():
            continue
        digits, _, name = line.strip().partition(" ")
        if len(digits) not in (32, 40, 64) or not name.strip(" *"):
            raise ValueError(f"{path}: {line!r} is no checksum with a file's name; get it again")
        sums[name.strip(" *").rsplit("/", 1)[-1]] = digits.lower()
    return sums


def log_in(session: requests.Session, addresses: tuple[str, ...], logins: Logins) -> None:
    """
    Log a session in to the Gaia archive, if the environment has a name and password.

    Args:
        session: it keeps the cookie.
        addresses: of the services, TAP and data; the login lies beside them.
        logins: where name and password are.

    Raises:
        PermissionError: if the archive refuses; the message has neither name nor password.
    """
    who = logins.basic("gaia")
    for address in addresses if who else ():
        login = address.rsplit("/", 1)[0] + "/login"
        form = {"username": who[0], "password": who[1]}
        answer = session.post(login, data=form, timeout=(30, 120), auth=lambda request: request)
        if not answer.ok:
            raise PermissionError(
                f"{login} answers {answer.status_code}: check STARLOOM_GAIA_USER and "
                "STARLOOM_GAIA_PASSWORD"
            )


def _write_sources(answers: list[dict[str, np.ndarray]], path: str | Path) -> np.ndarray:
    table = asking.joined(answers)
    ids = table["source_id"]
    if not len(ids):
        raise ValueError(f"{path}: the archive has no such source; are these Gaia DR3 ids?")
    order = np.unique(ids, return_index=True)[1]
    columns = {name: table[name][order] for name in queries.GAIA_COLUMNS}
    write_gaia_source(path, columns, "rows of gaiadr3.gaia_source, by query")
    return ids
