"""How a long list of stars, or a large part of the sky, becomes queries that archives can bear."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from astropy.table import Table
from jaxtyping import Int

from starloom.archives import queries
from starloom.archives.tap import Columns, Tap, TapError

BLOCK = 20_000
"""Stars in one query with an uploaded table."""


def blocks(ids: Int[np.ndarray, " n"], size: int) -> Iterator[Int[np.ndarray, " block"]]:
    """
    A long list of stars in pieces.

    Args:
        ids: source ids; each is asked for once, in rising order.
        size: longest piece.
    """
    ids = np.unique(ids)
    for first in range(0, len(ids), size):
        yield ids[first : first + size]


def ask(tap: Tap, adql: str, stars: Table) -> list[Columns]:
    """
    Ask about uploaded stars; where that is too much for the service, about each half of them.

    Args:
        tap: the service.
        adql: a query of `tap_upload.stars`.
        stars: the table to upload.

    Returns:
        The answers, one or more.

    Raises:
        TapError: if the service fails, or a single star is too much for it.
    """
    try:
        return [tap.query(adql, {"stars": stars})]
    except TapError as error:
        if not error.too_much or len(stars) < 2:
            raise
        middle = len(stars) // 2
        print(f"{tap.dataset.name}: {len(stars)} stars are too much at once; asking for halves")
        halves = (stars[:middle], stars[middle:])
        return [answer for half in halves for answer in ask(tap, adql, half)]


def ask_pixels(
    tap: Tap, adql: Callable[[str], str], first_pixel: int, last_pixel: int
) -> list[Columns]:
    """
    Ask about all sources of some pixels; where that is too much, about each half of the pixels.

    Args:
        tap: the service.
        adql: makes the query from its condition; `queries.gaia_source` or `queries.twomass`.
        first_pixel: nested HEALPix level 8.
        last_pixel: included.

    Returns:
        The answers, in the order of the pixels.

    Raises:
        TapError: if the service fails, or a single pixel is too much for it.
    """
    try:
        return [tap.query(adql(queries.by_range(first_pixel, last_pixel)))]
    except TapError as error:
        if not error.too_much or first_pixel == last_pixel:
            raise
    middle = (first_pixel + last_pixel) // 2
    return [
        *ask_pixels(tap, adql, first_pixel, middle),
        *ask_pixels(tap, adql, middle + 1, last_pixel),
    ]


def joined(answers: Iterable[Columns]) -> Columns:
    """
    Answers to one query below each other.

    Args:
        answers: one or more.

    Returns:
        Their columns.
    """
    answers = list(answers)
    return {name: np.concatenate([answer[name] for answer in answers]) for name in answers[0]}
