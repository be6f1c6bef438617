"""The order that names are read in: numbers in them by size, many of them by what they share."""

import re
from collections.abc import Iterable, Sequence

GROUP, SMALLEST = 30, 10
"""Names of one group beyond which it is parted; and how many make a group of their own."""


def natural(name: str) -> list[str | int]:
    """A key to sort by: `z9` before `z10`, capitals as small letters."""
    parts = re.split(r"(\d+)", name.lower())
    return [int(part) if number % 2 else part for number, part in enumerate(parts)]


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """
    Group names by the words that they begin with.

    Args:
        names: words joined by `_`, behind a prefix with a point, for example
            `tagging.fader_feh_rmse_linear_o`.

    Returns:
        Names by what those of a group begin with, in order; what begins like no others comes under
        the prefix alone.
    """
    words = {name: tuple(name.partition(".")[2].split("_")) for name in sorted(names, key=natural)}
    prefix = next(iter(words), "").partition(".")[0]
    found = {
        prefix + "." * bool(begin) + "_".join(begin): own
        for begin, own in _parted((), list(words), words)
    }
    return dict(sorted(found.items(), key=lambda pair: natural(pair[0])))


def _parted(
    begin: tuple[str, ...], names: Sequence[str], words: dict[str, tuple[str, ...]]
) -> Iterable[tuple[tuple[str, ...], list[str]]]:
    """Groups of the names that share their first words, and what is left of them."""
    left = list(names)
    if len(names) > GROUP:
        more: dict[str, list[str]] = {}
        for name in names:
            more.setdefault((*words[name], "")[len(begin)], []).append(name)
        for word, own in more.items():
            if word and len(own) >= SMALLEST:
                yield from _parted((*begin, word), own, words)
                left = [name for name in left if name not in own]
    if left:
        yield begin, left
