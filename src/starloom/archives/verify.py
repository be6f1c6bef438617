"""Whether a file that came over the network is whole, and is what its name says."""

import gzip
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from starloom.archives.raw_text import kind_of

_END_BYTES = 4096
_BLOCK = 2880
_EMPTY_ZIP = b"PK\x05\x06"
_WANTED = {
    ".fits": "fits",
    ".gz": "gzip",
    ".zip": "zip",
    ".npz": "zip",
    ".vot": "votable",
    ".xml": "votable",
    ".csv": "text",
    ".txt": "text",
    ".tsv": "text",
    ".sha1sum": "text",
}
SELF_PROVING = ("fits", "gzip", "zip", "votable", "page", "json")
"""Kinds whose own form shows when bytes are missing at the end."""


class BadFile(ValueError):
    """A file is cut, damaged, or another thing than it should be."""


def wanted_kind(path: str | Path) -> str:
    """
    What a file has to be, from its name.

    Returns:
        One of fits, gzip, zip, votable, text; `any` for another suffix.
    """
    return _WANTED.get(Path(path).suffix.lower(), "any")


def check_content(path: str | Path, kind: str) -> None:
    """
    Read a file to its end and refuse it if it is not whole.

    Args:
        path: the file.
        kind: as `wanted_kind` gives it, `page` for a web page, or `json`. A VOTable may be gzipped.

    Raises:
        BadFile: if it is empty, an error page, another kind, cut or damaged.
    """
    path = Path(path)
    with open(path, "rb") as handle:
        head = handle.read(1024)
    if kind == "page":
        return _check_end(path, b"html>")
    if kind == "json":
        return _check_json(path)
    found = _found_kind(head, path)
    if kind == "votable" and found == "gzip":
        _check_gzip(path)
    elif kind not in ("any", found):
        raise BadFile(f"it is {found}, not {kind}")
    elif found in _CHECKS:
        _CHECKS[found](path)


def _found_kind(head: bytes, path: Path) -> str:
    if head.startswith(_EMPTY_ZIP):
        return "zip"
    try:
        return kind_of(head, path)
    except ValueError as error:
        what = "empty" if not head.strip() else "a web page or an error message, not data"
        raise BadFile(f"it is {what}") from error


def _check_fits(path: Path) -> None:
    """Walk from header to header: the last one's data must end where the file does."""
    from astropy.io import fits

    size, end = path.stat().st_size, 0
    with open(path, "rb") as handle:
        while end < size:
            try:
                header = fits.Header.fromfile(handle)
            except (OSError, ValueError, EOFError) as error:
                raise BadFile(f"it has no FITS header at byte {end} ({error})") from error
            start = handle.tell()
            end = start + _data_bytes(header)
            if end > size:
                raise BadFile(f"its FITS headers say {end} bytes or more, it has {size}")
            stored = str(header.get("DATASUM", "")).strip()
            if stored.isdigit() and int(stored) != _datasum(handle, end - start):
                raise BadFile(
                    f"the data of HDU {header.get('EXTNAME', 0)} do not fit their DATASUM"
                )
            handle.seek(end)


def _data_bytes(header: Mapping) -> int:
    """Bytes of an HDU's data with their padding (FITS Standard 4.0, Eq. 1 and 2)."""
    sides = [header[f"NAXIS{axis}"] for axis in range(1, header["NAXIS"] + 1)]
    points = math.prod(sides) if sides else 0
    values = header.get("GCOUNT", 1) * (header.get("PCOUNT", 0) + points)
    bytes_used = abs(header["BITPIX"]) // 8 * values
    return -(-bytes_used // _BLOCK) * _BLOCK


def _datasum(handle: BinaryIO, count: int) -> int:
    """Sum of 32-bit words in ones' complement (FITS Standard 4.0, appendix J)."""
    total = 0
    while count:
        piece = handle.read(min(count, _BLOCK * 512))
        count -= len(piece)
        total += int(np.frombuffer(piece, ">u4").sum(dtype=np.uint64))
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def _check_gzip(path: Path) -> None:
    try:
        with gzip.open(path, "rb") as handle:
            head = handle.read(1024)
            _found_kind(head, path)
            while handle.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"its gzip stream is cut or damaged ({error})") from error


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise BadFile(f"its zip directory is cut or damaged ({error})") from error
    if broken:
        raise BadFile(f"its member {broken} is damaged")


def _check_votable(path: Path) -> None:
    _check_end(path, b"votable>")


def _check_json(path: Path) -> None:
    try:
        json.loads(path.read_bytes())
    except ValueError as error:
        raise BadFile(f"it is not JSON ({error})") from error


def _check_end(path: Path, tag: bytes) -> None:
    with open(path, "rb") as handle:
        handle.seek(max(0, path.stat().st_size - _END_BYTES))
        end = handle.read().rstrip().lower()
    if not end.endswith(tag):
        raise BadFile(f"it ends before its closing tag ({tag.decode()})")


_CHECKS = {
    "fits": _check_fits,
    "gzip": _check_gzip,
    "zip": _check_zip,
    "votable": _check_votable,
}
