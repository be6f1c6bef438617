"""Names of the raw files: the same for the archives, the simulated sky and a user's own files."""

import re
from itertools import pairwise
from pathlib import PurePath

LEVEL8_PIXELS = 12 * 4**8
"""Pixels of the nested HEALPix level 8, by which Gaia names its bulk files."""

SOURCE_ID_TO_LEVEL8 = 43
"""Bits to shift a Gaia source_id to the right to get its level-8 pixel."""


def bulk_chunks(count: int) -> list[str]:
    """
    Names of `count` bulk files of equal HEALPix ranges, as `{first}-{last}` level-8 pixels.

    Args:
        count: number of files; Gaia DR3 has 3,386 of unequal ranges.

    Returns:
        For example `['000000-393215', '393216-786431']` for two.
    """
    edges = [LEVEL8_PIXELS * index // count for index in range(count + 1)]
    return [f"{low:06d}-{high - 1:06d}" for low, high in pairwise(edges)]


def chunk_range(chunk: str) -> tuple[int, int]:
    """First and last level-8 pixel of a bulk file's name part."""
    low, high = chunk.split("-")
    return int(low), int(high)


def user_chunks(paths: list[str]) -> list[str]:
    """
    A chunk name for each of a user's XP files, from the file's own name.

    Raises:
        ValueError: if two files would get the same name; the message gives both.
    """
    names: dict[str, str] = {}
    for path in paths:
        name = re.sub(r"[^A-Za-z0-9_.+-]", "_", PurePath(path).name)
        if name in names:
            raise ValueError(f"files/xp: {path} and {names[name]} have the same name; rename one")
        names[name] = path
    return list(names)
