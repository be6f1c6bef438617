"""What a download would bring: files, bytes, time at a rate, and whether the disk holds it."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starloom.archives.chunks import BULK_LISTS, read_bulk_chunks
from starloom.archives.datasets import Datasets

GAIA_ROW_BYTES, XP_ROW_BYTES = 600, 17_000
TWOMASS_ROW_BYTES, UNWISE_ROW_BYTES = 100, 120
"""Bytes of a star in our compressed files, for what is queried: measured on simulated files."""

XP_BULK_FILES, SPARE = 3386, 1.1
"""Gaia DR3's bulk files where their list is not there, and room for what is being fetched."""


@dataclass(frozen=True)
class Item:
    """One kind of file: how many, how many bytes in all, and how many of both lie there."""

    name: str
    files: int
    bytes: int
    there: int = 0
    bytes_there: int = 0

    @property
    def missing(self) -> int:
        """Bytes to fetch yet."""
        return max(0, self.bytes - self.bytes_there)


def plan(archives: Mapping, datasets: Datasets, results: str | Path = "results") -> list[Item]:
    """
    What `snakemake download` would fetch for survey dr17.

    Args:
        archives: section `archives` of the configuration.
        datasets: the sources, with their sizes.
        results: the results folder; what lies in it is not fetched again.

    Returns:
        Kinds of files. Sizes of queried files are estimates, those of others from the table.
    """
    raw = Path(results) / "raw"
    bulk = archives["gaia"] == "bulk"
    chunks = archives["xp_files"]
    if bulk:
        known = raw.parent.parent / BULK_LISTS["gaia_xp_bulk"]
        chunks = len(read_bulk_chunks(known)) if known.exists() else XP_BULK_FILES
    stars = archives["stars"]
    sizes = {
        "XP spectra": ("gaia/xp_continuous/*.csv.gz", chunks, stars * XP_ROW_BYTES),
        "Gaia sources": ("gaia/gaia_source/*.csv.gz", chunks, stars * GAIA_ROW_BYTES),
        "2MASS": ("twomass/twomass.csv.gz", 1, stars * TWOMASS_ROW_BYTES),
        "unWISE": ("unwise/unwise.cat.fits", 1, stars * UNWISE_ROW_BYTES),
        "APOGEE allStar": ("apogee/allStar.fits", 1, datasets["apogee_allstar"].bytes),
    }
    if bulk:
        for name, dataset in (("XP spectra", "gaia_xp_bulk"), ("Gaia sources", "gaia_source_bulk")):
            pattern, files, _ = sizes[name]
            sizes[name] = (pattern, files, files * datasets[dataset].bytes)
    return [_item(name, raw, *size) for name, size in sizes.items()]


def say(items: Iterable[Item], rate_mb_s: float, free_bytes: int) -> str:
    """
    The plan as a table.

    Args:
        items: of `plan`.
        rate_mb_s: of the network [MB/s].
        free_bytes: on the disk.
    """
    items = list(items)
    lines = [f"{'':<16}{'files':>8}{'there':>8}{'to fetch':>12}{'time':>10}"]
    total = Item(
        "all",
        sum(item.files for item in items),
        sum(item.missing for item in items),
        sum(item.there for item in items),
    )
    for item in [*items, total]:
        seconds = item.missing / (rate_mb_s * 1e6)
        lines.append(
            f"{item.name:<16}{item.files:>8}{item.there:>8}"
            f"{say_bytes(item.missing):>12}{say_time(seconds):>10}"
        )
    lines.append(f"at {rate_mb_s:g} MB/s; the disk has {say_bytes(free_bytes)} free")
    return "\n".join(lines)


def free_bytes(folder: str | Path) -> int:
    """Free bytes on the disk of a folder, which need not be there yet."""
    place = Path(folder).absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def require_room(items: Iterable[Item], folder: str | Path) -> None:
    """
    Refuse a download that the disk cannot hold.

    Args:
        items: of `plan`.
        folder: where it goes.

    Raises:
        ValueError: if the disk is too small; the message says by how much.
    """
    free = free_bytes(folder)
    needed = int(sum(item.missing for item in items) * SPARE)
    if needed > free:
        raise ValueError(
            f"the disk of {folder} has {say_bytes(free)} free, and {say_bytes(needed)} are needed: "
            "free some, link results/raw to a larger disk, or ask for less (archives/gaia: query)"
        )


def say_bytes(count: float) -> str:
    """Bytes in the largest unit that leaves a number above one."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def say_time(seconds: float) -> str:
    """A length of time in days, hours, minutes or seconds."""
    for length, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _item(name: str, raw: Path, pattern: str, files: int, size: int) -> Item:
    there = [path.stat().st_size for path in raw.glob(pattern)]
    # What is complete counts as it was planned: estimates must not leave a rest for ever.
    share = len(there) / files
    return Item(name, files, int(size), len(there), int(size * min(1.0, share)))
