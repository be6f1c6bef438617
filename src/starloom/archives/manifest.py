"""The manifest of raw files: where each one came from, when, and its checksum."""

import csv
import fcntl
import hashlib
import io
import os
import threading
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit


@dataclass(frozen=True)
class Row:
    """
    One raw file.

    Attributes:
        path: from the folder that holds `results`.
        address: where it came from, without a name or password.
        sha256: of its bytes.
        bytes: its size.
        time: when it was complete, UTC.
        release: of the archive.
    """

    path: str
    address: str
    sha256: str
    bytes: int
    time: str
    release: str


class Manifest:
    """
    `results/raw/manifest.csv`, to which any number of threads and processes append.

    Args:
        path: the table; it is made with the first row.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path).absolute()
        self._base = self.path.parents[2]
        self._lock = threading.Lock()

    def add(self, file: str | Path, address: str, release: str) -> Row:
        """
        Append the row of a file that lies there, whole and under its final name.

        Args:
            file: the raw file.
            address: where it came from.
            release: of the archive.

        Returns:
            The row.
        """
        with open(file, "rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        row = Row(
            path=self.key(file),
            address=without_login(address),
            sha256=sha256,
            bytes=Path(file).stat().st_size,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            release=release,
        )
        self._append(row)
        return row

    def rows(self) -> dict[str, Row]:
        """
        The newest row of each file, by its path in the table.

        Raises:
            ValueError: if a row is broken; the message gives its line.
        """
        if not self.path.exists():
            return {}
        rows = {}
        with open(self.path, newline="") as handle:
            for line, entry in enumerate(csv.DictReader(handle), start=2):
                try:
                    row = Row(**{**entry, "bytes": int(entry["bytes"])})
                except (TypeError, ValueError) as error:
                    raise ValueError(f"{self.path}, line {line}: {error}; delete it") from error
                rows[row.path] = row
        return rows

    def key(self, file: str | Path) -> str:
        """The path of a file as the table has it."""
        return Path(os.path.relpath(os.path.abspath(file), self._base)).as_posix()

    def _append(self, row: Row) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, open(self.path, "ab+") as handle:
            fcntl.lockf(handle, fcntl.LOCK_EX)
            _drop_unfinished_line(handle)
            text = io.StringIO()
            writer = csv.DictWriter(
                text, [field.name for field in fields(Row)], lineterminator="\n"
            )
            if not handle.tell():
                writer.writeheader()
            writer.writerow(asdict(row))
            handle.write(text.getvalue().encode())
            handle.flush()
            os.fsync(handle.fileno())


def without_login(address: str) -> str:
    """An address without the user and password that may stand in it."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _drop_unfinished_line(handle: io.BufferedRandom) -> None:
    """A process that was killed while it appended may have left part of a line."""
    handle.seek(0)
    text = handle.read()
    handle.truncate(text.rfind(b"\n") + 1)
    handle.seek(0, os.SEEK_END)
