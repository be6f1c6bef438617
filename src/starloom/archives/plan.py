"""What a download would bring: files, bytes, time at a rate, and whether the disk holds it."""

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from starloom.archives.chunks import BULK_LISTS, read_bulk_chunks
from starloom.archives.datasets import Datasets

GAIA_ROW_BYTES, XP_ROW_BYTES = 600, 17_000
TWOMASS_ROW_BYTES, UNWISE_ROW_BYTES = 100, 350
"""Bytes of a star in our files, for what is queried: measured on simulated files."""

KEPLER_STARS, QUARTERS = 17_000, 17
"""Stars of the seismic tables, and how many files one has."""

LABEL_TABLES, LABEL_BYTES = 4, 3_000_000
"""Published tables, and how large one is."""

XP_BULK_FILES, SPARE = 3386, 1.1
"""Gaia DR3's bulk files where their list is not there, and room for what is being fetched."""


@dataclass(frozen=True)
class Item:
    """
    One kind of file: how many, how many bytes in all, and how many of both lie there.

    `rule` fetches them.
    """

    name: str
    rule: str
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
    size = {name: datasets[name].bytes for name in _SIZED}
    xp, sources = stars * XP_ROW_BYTES, stars * GAIA_ROW_BYTES
    if bulk:
        xp, sources = (chunks * size[name] for name in ("gaia_xp_bulk", "gaia_source_bulk"))
    curves, tables = KEPLER_STARS * QUARTERS, LABEL_TABLES
    fields, targets = archives["spectra_batches"], archives["light_curve_batches"]
    kinds = (
        ("XP spectra", "fetch_xp", "gaia/xp_continuous/*.csv.gz", chunks, xp),
        ("Gaia sources", "fetch_gaia_source", "gaia/gaia_source/*.csv.gz", chunks, sources),
        ("2MASS", "fetch_twomass", "twomass/twomass.csv.gz", 1, stars * TWOMASS_ROW_BYTES),
        ("unWISE", "fetch_unwise", "unwise/unwise.cat.fits", 1, stars * UNWISE_ROW_BYTES),
        ("APOGEE allStar", "fetch_allstar", "apogee/allStar.fits", 1, size["apogee_allstar"]),
        ("astroNN", "fetch_astronn", "apogee/apogee_astroNN*", 1, size["apogee_astronn"]),
        (
            "apStar",
            "fetch_spectra",
            "apogee/stars/batch-*",
            stars,
            stars * size["apogee_star"],
            fields,
        ),
        ("seismic tables", "fetch_labels", "labels/*.fits", tables, tables * LABEL_BYTES),
        (
            *("light curves", "fetch_light_curves", "kepler/batch-*", curves),
            *(curves * size["kepler_lightcurve"], targets),
        ),
        (
            *("LAMOST", "fetch_lamost", "lamost/*.fits.gz", 2),
            size["lamost_lrs"] + size["lamost_mrs"],
        ),
    )
    return [_item(raw, *kind) for kind in kinds]


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
        "",
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


def require_room(
    items: Iterable[Item], folder: str | Path, rules: Collection[str] | None = None
) -> None:
    """
    Refuse a download that the disk cannot hold.

    Args:
        items: of `plan`.
        folder: where it goes.
        rules: those that a run will do; None for all.

    Raises:
        ValueError: if the disk is too small; the message says by how much.
    """
    free = free_bytes(folder)
    asked = [item for item in items if rules is None or item.rule in rules]
    needed = int(sum(item.missing for item in asked) * SPARE)
    if needed > free:
        raise ValueError(
            f"the disk of {folder} has {say_bytes(free)} free, and {say_bytes(needed)} are needed: "
            "free some, link results/raw to a larger disk, or ask for less: archives/gaia: query, "
            "or one catalogue without spectra or light curves, for example "
            "`snakemake results/catalogs/scatter_vae.parquet` (the plan says what each kind needs)"
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


_SIZED = (
    *(
        "apogee_allstar",
        "apogee_astronn",
        "apogee_star",
        "kepler_lightcurve",
        "lamost_lrs",
        "lamost_mrs",
    ),
    *("gaia_xp_bulk", "gaia_source_bulk"),
)


def _item(
    raw: Path, name: str, rule: str, pattern: str, files: int, size: int, jobs: int | None = None
) -> Item:
    """Of files that `jobs` share, the lists of what each job has fetched lie at the pattern."""
    # What is complete counts as it was planned: estimates must not leave a rest for ever.
    share = min(1.0, len(list(raw.glob(pattern))) / (jobs or files))
    return Item(name, rule, files, int(size), round(files * share), int(size * share))
