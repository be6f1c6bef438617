"""What a download is asked to bring, and what is said of it when it could not be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wanted:
    """
    One file to fetch.

    Attributes:
        path: its final name.
        addresses: where it is; the later ones are mirrors.
        dataset: row of config/datasets.csv to mend when the addresses are dead.
        release: of the archive, for the manifest.
        checksum: for example `sha1:7aa2...`; None where the archive gives none.
        bytes: its size where known.
        kind: what it must be (see `verify.wanted_kind`); from its name by default.
        form: fields to post, for a service that makes the file.
        login: archive whose login it needs, for example `sdss`; '' for none.
        listed: enter it in the manifest; False for the pieces that a raw file is made from.
    """

    path: Path
    addresses: tuple[str, ...]
    dataset: str
    release: str = ""
    checksum: str | None = None
    bytes: int | None = None
    kind: str | None = None
    form: Mapping[str, str] | None = None
    login: str = ""
    listed: bool = True


@dataclass(frozen=True)
class Failure:
    """A file that could not be had: what was wanted, why not, and whether an archive says 404."""

    wanted: Wanted
    reason: str
    gone: bool


class FetchError(RuntimeError):
    """Files that could not be had; `failures` has each, the message the first of them."""

    shown = 10

    def __init__(self, failures: Sequence[Failure]):
        self.failures = sorted(failures, key=lambda failure: str(failure.wanted.path))
        more = len(self.failures) - self.shown
        lines = [failure.reason for failure in self.failures[: self.shown]]
        super().__init__("\n".join([*lines, f"and {more} more files"] if more > 0 else lines))
