"""What a download job needs: the table of sources, a fetcher with its manifest, the services."""

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import requests

from starloom.archives.datasets import Datasets
from starloom.archives.fetch import Fetcher
from starloom.archives.gaia_client import log_in
from starloom.archives.logins import Logins
from starloom.archives.manifest import Manifest
from starloom.archives.tap import Tap
from starloom.archives.transfer import Patience

RAW = Path("results/raw")
GAIA_SERVICES = ("gaia_tap", "gaia_datalink")


@dataclass(frozen=True)
class Access:
    """
    The archives as one job sees them.

    Attributes:
        datasets: the sources.
        fetcher: brings files and enters them in the manifest.
        parts: folder of the job's answers, kept until the job has succeeded.
    """

    datasets: Datasets
    fetcher: Fetcher
    parts: Path

    def tap(self, name: str) -> Tap:
        """The TAP service of a row of config/datasets.csv."""
        dataset = self.datasets[name]
        return Tap(dataset, self.session_for(name), self.parts)

    def session_for(self, name: str) -> Fetcher:
        """The fetcher, logged in to the Gaia archive for its services."""
        if name not in GAIA_SERVICES:
            return self.fetcher
        addresses = self.datasets[name].addresses()

        def prepare(session: requests.Session) -> None:
            log_in(session, addresses, self.fetcher.logins)

        return replace(self.fetcher, prepare=prepare)

    def enter(self, path: str | Path, name: str, what: str) -> None:
        """
        Enter a raw file that was made from answers of a service.

        Args:
            path: the file, complete.
            name: the service's row of config/datasets.csv.
            what: what was asked, in a few words.
        """
        dataset = self.datasets[name]
        self.fetcher.manifest.add(path, f"{dataset.address} ({what})", dataset.release)

    def close(self) -> None:
        """Remove the answers, when the files made from them are complete."""
        shutil.rmtree(self.parts, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.parts.parent.rmdir()  # works when no other job has answers there


def access(
    datasets: str | Path, job: str, workers: int = 4, patience: Mapping[str, float] | None = None
) -> Access:
    """
    Open the archives for a job.

    Args:
        datasets: the table of sources.
        job: its name, for the folder of its answers.
        workers: files at once.
        patience: values that differ from those of `Patience`.

    Raises:
        FileNotFoundError: if the table is not there.
        ValueError: if it is faulty.
    """
    fetcher = Fetcher(
        Manifest(RAW / "manifest.csv"), Patience(**(patience or {})), workers, Logins()
    )
    return Access(Datasets(datasets), fetcher, RAW / ".parts" / job)
