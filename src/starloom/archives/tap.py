"""
Queries to the archives' TAP services: asynchronous always, with own time limits, answers on disk.

An answer is a VOTable that was fetched like any other file. It lies under a name made from the
query and its uploads, so that a run that was stopped asks again only for what it has not got.
"""

import gzip
import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import requests
from astropy.table import Table
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from starloom.archives.datasets import Dataset
from starloom.archives.fetch import Fetcher
from starloom.archives.raw_tables import NO_INTEGER
from starloom.archives.transfer import Patience
from starloom.archives.verify import BadFile
from starloom.archives.wanted import FetchError, Wanted

Columns = dict[str, np.ndarray]

_WAITING = ("PENDING", "QUEUED", "EXECUTING", "RUN", "HELD", "SUSPENDED", "UNKNOWN")
_FIRST_POLL_S, _LONGEST_POLL_S = 0.2, 20.0
_RESULT_PAUSES_S = (0.0, 0.3, 1.0, 3.0, 10.0)
_TOO_MUCH = ("timeout", "timed out", "time limit", "time out", "exceed", "quota", "out of memory")
"""Words of a service that gave up on a query which a smaller one may not overtax."""


class TapError(RuntimeError):
    """A query that a service did not answer; `too_much` if a smaller one may work."""

    def __init__(self, message: str, too_much: bool = False):
        super().__init__(message)
        self.too_much = too_much


@dataclass
class Tap:
    """
    One TAP service.

    Attributes:
        dataset: row of config/datasets.csv with its address, and a mirror perhaps.
        fetcher: brings the answers; its manifest is not used for them.
        folder: where answers are kept.
        deadline_s: longest time for a query to be executed.
    """

    dataset: Dataset
    fetcher: Fetcher
    folder: Path
    deadline_s: float = 7200.0

    def query(self, adql: str, uploads: Mapping[str, Table] | None = None) -> Columns:
        """
        Ask, wait, and read the answer; from disk if it was asked before.

        Args:
            adql: the query.
            uploads: tables by the name that the query has for them after `tap_upload.`.

        Returns:
            Columns by the names of the answer; see `read_answer`.

        Raises:
            TapError: if the service fails, is too slow, or cuts the answer short.
            FetchError: if the answer cannot be had.
        """
        path = Path(self.folder) / f"{_digest(adql, uploads)}.vot"
        if not path.exists():
            self._ask_all(adql, uploads, path)
        try:
            return read_answer(path)
        except TapError:
            path.unlink()
            raise

    def _ask_all(self, adql: str, uploads: Mapping | None, path: Path) -> None:
        """Ask the service, or its mirror where the service itself cannot be reached."""
        reasons = []
        for address in self.dataset.addresses():
            try:
                return self._ask(address, adql, uploads, path)
            except (_Unreachable, FetchError) as error:
                reasons.append(f"  {address}: {error}")
        raise TapError(
            "a TAP service does not work:\n"
            + "\n".join(reasons)
            + f"\n  mend the row '{self.dataset.name}' of config/datasets.csv, or start again "
            "later: answers that came are kept"
        )

    def _ask(self, address: str, adql: str, uploads: Mapping | None, path: Path) -> None:
        import pyvo

        session = self._session()
        job = None
        try:
            job = pyvo.dal.tap.AsyncTAPJob.create(
                address, adql, session=session, uploads=dict(uploads or {})
            )
            job.run()
            self._wait(job)
            job.raise_if_error()
            self._fetch_answer(_result(job), path)
        except pyvo.dal.DALQueryError as error:
            text = str(error)
            raise TapError(
                f"{address} refuses a query: {text}\n{adql}", too_much=_is_too_much(text)
            ) from error
        except (pyvo.dal.DALServiceError, requests.RequestException) as error:
            raise _Unreachable(str(error)) from error
        finally:
            _delete(job)

    def _wait(self, job: object) -> None:
        """Ask for the job's phase until it ends, ever less often."""
        pause, end = _FIRST_POLL_S, time.monotonic() + self.deadline_s
        while job.phase in _WAITING:
            if time.monotonic() > end:
                raise TapError(f"{job.url} is not done after {self.deadline_s:.0f} s", True)
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL_S)

    def _fetch_answer(self, uri: str, path: Path) -> None:
        fetcher = replace(self.fetcher, manifest=None, quiet=True)
        fetcher.fetch(
            [Wanted(path, (uri,), self.dataset.name, self.dataset.release, kind="votable")]
        )

    def _session(self) -> requests.Session:
        session = _PatientSession(self.fetcher.patience)
        self.fetcher.prepare(session)
        return session


def read_answer(path: str | Path) -> Columns:
    """
    Read a TAP answer.

    Args:
        path: a VOTable, plain or gzipped.

    Returns:
        Columns by name, in the type of the answer; what is missing is NaN, `NO_INTEGER`, false or
        empty.

    Raises:
        TapError: if the service says in it that it failed, or that rows are missing.
        BadFile: if it is no VOTable with a table.
    """
    from astropy.io import votable

    try:
        document = votable.parse(io.BytesIO(_plain(path)), verify="ignore")
        table = document.get_first_table()
    except (ValueError, IndexError, OSError) as error:
        raise BadFile(f"{path} is not the answer of a TAP service ({error})") from error
    for resource in document.resources:
        for info in resource.infos:
            if info.name == "QUERY_STATUS" and info.value.upper() == "OVERFLOW":
                raise TapError(
                    f"{path}: the service cut the answer at {len(table.array)} rows", True
                )
            if info.name == "QUERY_STATUS" and info.value.upper() == "ERROR":
                raise TapError(f"{path}: {info.content}", _is_too_much(str(info.content)))
    return {field.name: _values(table.array[field.ID]) for field in table.fields}


def _values(column: np.ma.MaskedArray) -> np.ndarray:
    column = np.ma.asarray(column)
    if column.dtype.kind in "OSU":
        return np.array([str(cell) for cell in column.filled("")], dtype=str)
    missing = {"f": np.nan, "i": NO_INTEGER, "b": False}[column.dtype.kind]
    return column.filled(missing)


def _plain(path: str | Path) -> bytes:
    data = Path(path).read_bytes()
    return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


def _result(job: object) -> str:
    """Address of a job's result; some services complete a job a moment before they list it."""
    for pause in _RESULT_PAUSES_S:
        time.sleep(pause)
        if pause:
            job.phase  # noqa: B018, asks the service anew
        if job.result_uri is not None:
            return job.result_uri
    raise _Unreachable(f"job {job.url} is complete but has no result")


class _Unreachable(Exception):
    """The service, not the query, is at fault."""


class _PatientSession(requests.Session):
    """A session with time limits that tries again on faults that pass."""

    def __init__(self, patience: Patience):
        super().__init__()
        self._timeout = (patience.connect_s, patience.read_s)
        retry = Retry(
            total=patience.attempts - 1,
            backoff_factor=patience.first_pause_s,
            backoff_max=patience.longest_pause_s,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self.mount(scheme, HTTPAdapter(max_retries=retry))

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        """As of `requests`, but never without a time limit, and never with ~/.netrc."""
        options["timeout"] = self._timeout
        options.setdefault("auth", lambda request: request)
        return super().request(method, url, **options)


def _is_too_much(message: str) -> bool:
    return any(words in message.lower() for words in _TOO_MUCH)


def _delete(job: object) -> None:
    """Tidy up at the service; that it fails to is no reason to lose an answer."""
    import pyvo

    if job is not None:
        try:
            job.delete()
        except (pyvo.dal.DALServiceError, requests.RequestException) as error:
            print(f"{error}: a finished job stays at the service")


def _digest(adql: str, uploads: Mapping[str, Table] | None) -> str:
    """A name for an answer, from all that makes it."""
    digest = hashlib.sha256(adql.encode())
    for name, table in sorted((uploads or {}).items()):
        digest.update(name.encode())
        for column in table.colnames:
            digest.update(column.encode() + np.asarray(table[column]).tobytes())
    return digest.hexdigest()[:32]
