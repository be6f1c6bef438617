"""A user's own files, checked and brought into the archives' names and forms."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from starloom.archives import write_fits, write_text
from starloom.archives.gaia import iter_xp, read_gaia_source
from starloom.archives.raw_text import file_kind, pieces
from starloom.archives.schema import archive_columns
from starloom.archives.sdss import read_allstar
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.archives.write_columns import given_only
from starloom.columns import XP_FLAGS
from starloom.tables import atomic

_ROWS = 1024


def adopt_xp(path: str | Path, target: str | Path) -> dict:
    """
    Check a user's file of XP continuous spectra and store it as a bulk file.

    Args:
        path: the file, in any form that `archives.gaia.read_xp` reads.
        target: `XpContinuousMeanSpectrum_*.csv.gz`. Text is taken as it is, and gzipped if it is
            not; other forms are converted, then a star that comes twice is stored once.

    Returns:
        A row for the manifest: `path` (the target), `origin`, `origin_sha256`, `sha256`, `bytes`,
        `converted`; `rows`, and of them by flag of `columns.XP_FLAGS` how many.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no whole file of XP continuous spectra.
    """
    counts = dict.fromkeys(("rows", *XP_FLAGS), 0)

    def counted() -> Iterator[dict[str, np.ndarray]]:
        for block in iter_xp(path, _ROWS):
            counts["rows"] += len(block["source_id"])
            for name, flag in XP_FLAGS.items():
                counts[name] += int(np.sum(block["xp_flag"] & flag.mask > 0))
            yield block

    converted = file_kind(path)[1] != "text"
    if converted:
        write_text.write_xp_bulk(target, counted(), _note(path))
    else:
        for _ in counted():
            pass
        _copy(path, target)
    return _row(path, target, converted) | counts


def adopt_gaia_source(path: str | Path, target: str | Path) -> dict:
    """
    Check a user's gaia_source table and store it as a bulk file.

    Args:
        path: the file, in any form that `archives.gaia.read_gaia_source` reads.
        target: `GaiaSource_*.csv.gz`. Text is taken as it is; of other forms the columns that
            the archive has are converted.

    Returns:
        A row for the manifest, as `adopt_xp`, without flags.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no whole table of Gaia sources, or a source_id is missing.
    """
    ids = read_gaia_source(path, ())["source_id"]
    if np.any(ids <= 0):
        row = int(np.argmax(ids <= 0)) + 1
        raise ValueError(f"{path}, row {row}: no source_id; every row needs its star's")
    write = write_text.write_gaia_source
    return _adopt(path, target, "gaia_source", "text", read_gaia_source, write, len(ids))


def adopt_twomass(path: str | Path, target: str | Path) -> dict:
    """Check a user's 2MASS table and store it as csv; see `adopt_gaia_source`."""
    rows = len(read_twomass(path)["ra"])
    return _adopt(path, target, "twomass", "text", read_twomass, write_text.write_twomass, rows)


def adopt_unwise(path: str | Path, target: str | Path) -> dict:
    """Check a user's unWISE catalogue and store it as FITS; see `adopt_gaia_source`."""
    rows = len(read_unwise(path)["ra"])
    return _adopt(path, target, "unwise", "fits", read_unwise, write_fits.write_unwise, rows)


def adopt_allstar(path: str | Path, target: str | Path) -> dict:
    """Check a user's allStar table and store it as FITS; see `adopt_gaia_source`."""

    def read_all(path: str | Path) -> dict[str, np.ndarray]:
        return read_allstar(path, archive_columns("allstar"))

    rows = len(read_allstar(path)["RA"])
    return _adopt(path, target, "allstar", "fits", read_all, write_fits.write_allstar, rows)


ADOPT: Mapping[str, Callable[[str | Path, str | Path], dict]] = {
    "xp": adopt_xp,
    "gaia_source": adopt_gaia_source,
    "twomass": adopt_twomass,
    "unwise": adopt_unwise,
    "allstar": adopt_allstar,
}
"""How each kind of file is adopted, by its key of config `files`."""


def _adopt(path, target, name, kept_kind, read, write, rows) -> dict:
    """Take a checked file as it is if it is of the kept kind, else write its columns anew."""
    converted = file_kind(path)[1] != kept_kind
    if converted:
        write(target, given_only(read(path), name), _note(path))
    else:
        _copy(path, target)
    return _row(path, target, converted) | {"rows": rows}


def _copy(path: str | Path, target: str | Path) -> None:
    """Copy a file; gzip it or undo that if the two names ask for it."""
    if (file_kind(path)[0] == "gzip") != str(target).endswith(".gz"):
        write_text.write_gzipped(target, pieces(path))
        return
    with atomic(target) as temporary:
        shutil.copyfile(path, temporary)


def _note(path: str | Path) -> str:
    name = Path(path).name.encode("ascii", "replace").decode()
    return f"converted by starloom from {name}"


def _row(path: str | Path, target: str | Path, converted: bool) -> dict:
    return {
        "path": str(target),
        "origin": str(path),
        "origin_sha256": _sha256(path),
        "sha256": _sha256(target),
        "bytes": Path(target).stat().st_size,
        "converted": converted,
    }


def _sha256(path: str | Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
