"""The table of sources, config/datasets.csv: every address of the downloads, read strictly."""

import csv
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import quote, urlsplit

from starloom.archives.logins import ARCHIVES
from starloom.archives.wanted import Wanted

_CHECKSUM = re.compile(r"(md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64})?")


@dataclass(frozen=True)
class Dataset:
    """
    One source.

    Attributes:
        name: of the row.
        release: of the archive.
        address: of a file, or of a service; parts in braces are filled in for each file.
        mirror: another place of the same; '' for none.
        checksum: of the file, for example `sha1:7aa2...`; '' where the archive gives none.
        bytes: size of the file, or of a typical one, to plan with; 0 where unknown.
        login: archive whose login it may need; '' for none.
        reference: what to cite.
        note: what else a reader should know; (?) marks an address that was not seen in use.
    """

    name: str
    release: str
    address: str
    mirror: str
    checksum: str
    bytes: int
    login: str
    reference: str
    note: str

    def addresses(self, **parts: object) -> tuple[str, ...]:
        """
        The address and the mirror with their parts filled in.

        Args:
            parts: a value for each name in braces.

        Raises:
            KeyError: if a part is missing.
        """
        quoted = {name: quote(str(value), safe="+/") for name, value in parts.items()}
        return tuple(text.format(**quoted) for text in (self.address, self.mirror) if text)

    def wanted(self, path: str | Path, **parts: object) -> Wanted:
        """
        What to fetch to have a file of this source.

        Args:
            path: its final name.
            parts: a value for each name in braces in the address; without any, the row's
                checksum belongs to the file.
        """
        return Wanted(
            path=Path(path),
            addresses=self.addresses(**parts),
            dataset=self.name,
            release=self.release,
            checksum=None if parts else self.checksum or None,
            login=self.login,
        )


class Datasets(Mapping):
    """
    The sources by name.

    Args:
        path: the table.

    Raises:
        FileNotFoundError: if it is not there.
        ValueError: if a row is not as it must be; the message gives line and column.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._rows = dict(_read(self.path))

    def __getitem__(self, name: str) -> Dataset:
        if name not in self._rows:
            raise KeyError(f"{self.path} has no row '{name}'; it has {', '.join(self._rows)}")
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _read(path: Path) -> Iterator[tuple[str, Dataset]]:
    names = [field.name for field in fields(Dataset)]
    seen = set()
    with open(path, newline="") as handle:
        reader = csv.DictReader(handle, strict=True)
        if reader.fieldnames != names:
            raise ValueError(f"{path}: the columns must be {','.join(names)}")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise ValueError(f"{where}: {len(names)} cells are needed")
            dataset = _dataset(row, where)
            if dataset.name in seen:
                raise ValueError(f"{where}: a second row '{dataset.name}'")
            seen.add(dataset.name)
            yield dataset.name, dataset


def _dataset(row: dict[str, str], where: str) -> Dataset:
    row = {name: value.strip() for name, value in row.items()}
    where = f"{where}, row '{row['name']}'"
    for name in ("name", "release", "address", "reference"):
        if not row[name]:
            raise ValueError(f"{where}: {name} is empty")
    if not re.fullmatch(r"[a-z0-9_]+", row["name"]):
        raise ValueError(f"{where}: a name has small letters, digits and _ only")
    for name in ("address", "mirror"):
        _check_address(row[name], f"{where}, {name}")
    if not _CHECKSUM.fullmatch(row["checksum"]):
        raise ValueError(f"{where}: checksum must be md5:, sha1: or sha256: and its digits")
    if not re.fullmatch(r"\d*", row["bytes"]):
        raise ValueError(f"{where}: bytes must be a whole number or empty")
    if row["login"] not in ("", *ARCHIVES):
        raise ValueError(f"{where}: login must be empty or one of {', '.join(ARCHIVES)}")
    if _parts(row["mirror"]) - _parts(row["address"]):
        raise ValueError(f"{where}: the mirror has parts in braces that the address has not")
    return Dataset(**{**row, "bytes": int(row["bytes"] or 0)})


def _check_address(address: str, where: str) -> None:
    if not address:
        return
    try:
        split, _ = urlsplit(address), _parts(address)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if split.scheme not in ("http", "https") or not split.hostname:
        raise ValueError(f"{where}: {address!r} is no http address")
    if split.username or split.password:
        raise ValueError(f"{where}: no name or password here; see `starloom.archives.logins`")


def _parts(address: str) -> set[str]:
    """Names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(address) if name is not None}
