"""
The one way in which files come from archives.

A file gathers in a hidden folder beside its place. Only when its size, checksum and content are
right is it renamed to its final name and entered in the manifest; so whatever lies under a final
name is whole, and a second run asks for what is missing only.
"""

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from starloom.archives.logins import Logins
from starloom.archives.manifest import Manifest, without_login
from starloom.archives.transfer import Lasting, Passing, Patience, Transfer
from starloom.archives.verify import SELF_PROVING, BadFile, check_content, wanted_kind
from starloom.archives.wanted import Failure, FetchError, Wanted

_PROGRESS_BYTES = 1 << 20
"""An attempt that brought so much is not counted as a failure."""

_BAD_ATTEMPTS = 3
"""How often a file is fetched anew that came whole but wrong."""


@dataclass
class Fetcher:
    """
    Fetches files, several at once.

    Attributes:
        manifest: where files are entered; None to enter none.
        patience: time limits and attempts.
        workers: files at once.
        logins: names and passwords by archive.
        prepare: done to each new session, a login for example.
        quiet: show no progress bar.
    """

    manifest: Manifest | None = None
    patience: Patience = field(default_factory=Patience)
    workers: int = 4
    logins: Logins = field(default_factory=Logins)
    prepare: Callable[[requests.Session], object] = lambda session: None
    quiet: bool = False
    _local: threading.local = field(default_factory=threading.local, repr=False, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, repr=False, init=False)

    def __post_init__(self):
        # pooch reports each file in two lines; the progress bar says it in one for all.
        pooch.get_logger().setLevel(logging.WARNING)

    def fetch(self, wanted: Iterable[Wanted], what: str = "files") -> list[Path]:
        """
        Bring all files, those that can be had at least.

        Args:
            wanted: the files. Those that lie there already are not asked for again.
            what: name on the progress bar.

        Returns:
            The files that were brought now; not those that were there.

        Raises:
            FetchError: after all others are there, if some could not be had. It gives for each
                the address, the reason and the row of config/datasets.csv to mend.
            OSError: if a file cannot be written, a full disk for example.
        """
        known = self.manifest.rows() if self.manifest else {}
        missing = [one for one in wanted if not self._there(one, known)]
        self._stop.clear()
        failures = []
        sizes = [one.bytes for one in missing]
        with (
            tqdm(
                total=sum(sizes) if all(sizes) else None,
                desc=what,
                unit="B",
                unit_scale=True,
                dynamic_ncols=True,
                mininterval=1.0,
                disable=self.quiet or not missing,
            ) as bar,
            ThreadPoolExecutor(self.workers) as pool,
        ):
            jobs = [pool.submit(self._fetch_one, one, bar.update) for one in missing]
            try:
                for done, job in enumerate(as_completed(jobs), start=1):
                    failures += job.result()
                    bar.set_postfix_str(f"{done} of {len(jobs)} files", refresh=False)
            except BaseException:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if failures:
            raise FetchError(failures)
        return [one.path for one in missing]

    def session(self) -> requests.Session:
        """The connections of this thread."""
        if not hasattr(self._local, "session"):
            session = requests.Session()
            self.prepare(session)
            self._local.session = session
        return self._local.session

    def _there(self, wanted: Wanted, known: Mapping) -> bool:
        """Whether a file lies there already; one that nobody entered is checked and entered."""
        if not wanted.path.exists():
            return False
        row = known.get(self.manifest.key(wanted.path)) if self.manifest else None
        if row and row.bytes == wanted.path.stat().st_size:
            return True
        try:
            self._check(wanted, wanted.path)
        except BadFile:
            return False
        shutil.rmtree(_staging(wanted), ignore_errors=True)
        self._enter(wanted, wanted.addresses[0])
        return True

    def _fetch_one(self, wanted: Wanted, on_bytes: Callable[[int], object]) -> list[Failure]:
        """Bring one file from the first address that gives it; its failure if none does."""
        reasons, gone = [], False
        for address in wanted.addresses:
            # An archive that says it has no such file is believed, unless a mirror has it at once.
            attempts = _BAD_ATTEMPTS if gone else self.patience.attempts
            try:
                staged = self._from_address(wanted, address, attempts, on_bytes)
            except (Passing, Lasting, BadFile) as error:
                reasons.append(f"  {without_login(address)}: {error}")
                gone = gone or getattr(error, "gone", False)
                continue
            with open(staged, "rb") as handle:
                os.fsync(handle.fileno())
            os.replace(staged, wanted.path)
            shutil.rmtree(staged.parent)
            self._enter(wanted, address)
            return []
        remedy = (
            f"  mend the row '{wanted.dataset}' of config/datasets.csv (address, mirror or "
            "checksum), or put the file there yourself; then start again: what is there is kept"
        )
        head = f"{wanted.path} could not be fetched:"
        return [Failure(wanted, "\n".join([head, *reasons, remedy]), gone)]

    def _from_address(
        self, wanted: Wanted, address: str, attempts: int, on_bytes: Callable
    ) -> Path:
        """Try one address until it works, fails for good, or patience ends."""
        folder = _staging(wanted)
        came = 0

        def count(size: int) -> None:
            nonlocal came
            came += size
            on_bytes(size)
            if self._stop.is_set():
                raise Lasting("stopped")

        transfer = Transfer(
            session=self.session(),
            partial=folder / "partial",
            patience=self.patience,
            form=wanted.form,
            auth=self.logins.basic(wanted.login),
            needs_length=not wanted.checksum and self._kind(wanted) not in SELF_PROVING,
            on_bytes=count,
        )
        failures = 0
        while True:
            before = came
            try:
                return self._attempt(wanted, address, transfer, folder)
            except (Passing, BadFile) as error:
                passing = isinstance(error, Passing)
                moved = passing and came - before >= _PROGRESS_BYTES
                failures = 1 if moved else failures + 1
                if failures >= min(attempts, attempts if passing else _BAD_ATTEMPTS):
                    raise
                if self._stop.wait(self.patience.pause_s(failures, getattr(error, "wait_s", None))):
                    raise

    def _attempt(self, wanted: Wanted, address: str, transfer: Transfer, folder: Path) -> Path:
        try:
            staged = Path(
                pooch.retrieve(
                    address,
                    known_hash=wanted.checksum,
                    fname=wanted.path.name,
                    path=folder,
                    downloader=transfer,
                )
            )
        except ValueError as error:
            if not wanted.checksum:
                raise
            raise BadFile(f"its checksum is not {wanted.checksum}") from error
        try:
            self._check(replace(wanted, checksum=None), staged)
        except BadFile:
            staged.unlink()
            raise
        return staged

    def _check(self, wanted: Wanted, path: Path) -> None:
        size = path.stat().st_size
        if wanted.bytes is not None and size != wanted.bytes:
            raise BadFile(f"it has {size} bytes, not {wanted.bytes}")
        if wanted.checksum and not pooch.hashes.hash_matches(path, wanted.checksum):
            raise BadFile(f"its checksum is not {wanted.checksum}")
        check_content(path, self._kind(wanted))

    def _kind(self, wanted: Wanted) -> str:
        return wanted.kind or wanted_kind(wanted.path)

    def _enter(self, wanted: Wanted, address: str) -> None:
        if self.manifest and wanted.listed:
            self.manifest.add(wanted.path, address, wanted.release)


def _staging(wanted: Wanted) -> Path:
    """The hidden folder in which a file gathers."""
    return wanted.path.with_name(f".{wanted.path.name}.fetch")
