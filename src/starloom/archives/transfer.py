"""One file over HTTP: resumed where it stopped, and given up when it stands still."""

import email.utils
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import requests
import urllib3

_PIECE_BYTES = 1 << 18
_PASSING = {202, 204, 408, 423, 425, 429, 500, 502, 503, 504, 507, 509, 520, 522, 524}
"""Answers that another attempt may mend; 202 and 204 come without a body."""


class Passing(Exception):
    """A fault that may pass: try again, after `wait_s` seconds if the server says so."""

    def __init__(self, message: str, wait_s: float | None = None):
        super().__init__(message)
        self.wait_s = wait_s


class Lasting(Exception):
    """A fault that no repetition mends: a refused login, or a file that is `gone`."""

    def __init__(self, message: str, gone: bool = False):
        super().__init__(message)
        self.gone = gone


@dataclass(frozen=True)
class Patience:
    """
    How long to wait for an archive, and how often.

    Attributes:
        attempts: in a row without progress, at one address.
        first_pause_s: before the second attempt; each later one is twice as long.
        longest_pause_s: the pause grows no further; a server's Retry-After is kept to it as well.
        connect_s: for a connection.
        read_s: for the next bytes.
        slow_bytes_per_s: a transfer under this rate is given up and resumed.
        slow_s: the time over which that rate is measured.
    """

    attempts: int = 7
    first_pause_s: float = 1.0
    longest_pause_s: float = 300.0
    connect_s: float = 30.0
    read_s: float = 120.0
    slow_bytes_per_s: float = 500.0
    slow_s: float = 120.0

    def pause_s(self, failures: int, asked_s: float | None) -> float:
        """Seconds to wait after so many failures in a row."""
        grown = self.first_pause_s * 2 ** (failures - 1)
        return min(self.longest_pause_s, max(grown, asked_s or 0.0))


@dataclass
class Transfer:
    """
    A downloader for pooch: it makes or completes `partial` and moves it to pooch's file.

    Attributes:
        session: of this thread.
        partial: where bytes gather; what is there from an earlier run is resumed.
        patience: time limits.
        form: fields to post, for a service that makes the file; such a file is not resumed.
        auth: name and password, or None.
        needs_length: refuse an answer that does not say its length.
        on_bytes: told how many bytes came.
    """

    session: requests.Session
    partial: Path
    patience: Patience
    form: Mapping[str, str] | None = None
    auth: tuple[str, str] | None = None
    needs_length: bool = True
    on_bytes: Callable[[int], object] = lambda count: None

    def __call__(self, url: str, output_file: str, pooch: object = None) -> None:
        """
        Bring the file of an address to `output_file`.

        Raises:
            Passing: if it may work another time.
            Lasting: if it will not.
        """
        # An answer may refuse the range that was asked for; then the file starts anew, once.
        if not self._receive(url) and not self._receive(url):
            raise Passing("the server refuses the range that it offered")
        self._card.unlink(missing_ok=True)
        self.partial.replace(output_file)

    @property
    def _card(self) -> Path:
        return self.partial.with_name(self.partial.name + ".json")

    def discard(self) -> None:
        """Forget what came so far."""
        self.partial.unlink(missing_ok=True)
        self._card.unlink(missing_ok=True)

    def _receive(self, url: str) -> bool:
        """One answer of the server; False if the range was refused and must be given up."""
        have, validator = self._resumable(url)
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        with self._ask(url, headers) as response:
            if response.status_code == 416 and have:
                whole = response.headers.get("Content-Range", "") == f"bytes */{have}"
                if not whole:
                    self.discard()
                return whole
            _judge(response)
            start, total = _extent(response, have)
            if total is None and self.needs_length:
                raise Passing("the server does not say how long the file is")
            self._note(url, response)
            self._write(response, start, total)
        return True

    def _ask(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        try:
            return self.session.request(
                "GET" if self.form is None else "POST",
                url,
                data=self.form,
                headers=headers,
                # Without this, requests would look into ~/.netrc.
                auth=self.auth or _no_login,
                stream=True,
                timeout=(self.patience.connect_s, self.patience.read_s),
            )
        except (
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
            requests.exceptions.InvalidURL,
        ) as error:
            raise Lasting(f"{url} is no http address") from error
        except requests.RequestException as error:
            raise Passing(_short(error)) from error

    def _resumable(self, url: str) -> tuple[int, str | None]:
        """Bytes that are there already and can be continued, and the mark of their version."""
        try:
            card = json.loads(self._card.read_text())
            have = self.partial.stat().st_size
        except (FileNotFoundError, ValueError):
            card, have = {}, 0
        validator = card.get("validator")
        if self.form is None and have and validator and card.get("address") == url:
            return have, validator
        self.discard()
        return 0, None

    def _note(self, url: str, response: requests.Response) -> None:
        """Keep what a later run needs to continue: an ETag that is strong, or else the date."""
        etag = response.headers.get("ETag", "")
        validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")
        self.partial.parent.mkdir(parents=True, exist_ok=True)
        self._card.write_text(json.dumps({"address": url, "validator": validator}))

    def _write(self, response: requests.Response, start: int, total: int | None) -> None:
        count = start
        with open(self.partial, "r+b" if start else "wb") as handle:
            handle.seek(start)
            for piece in self._pieces(response):
                handle.write(piece)
                count += len(piece)
                self.on_bytes(len(piece))
        if total is not None and count != total:
            raise Passing(f"{count} of {total} bytes came")

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        """The body as it comes; a rate that stays too low ends it."""
        since, window = time.monotonic(), 0
        while piece := _next(response):
            yield piece
            window += len(piece)
            elapsed = time.monotonic() - since
            if elapsed > self.patience.slow_s:
                if window < self.patience.slow_bytes_per_s * elapsed:
                    raise Passing(f"only {window} bytes came in {elapsed:.0f} s")
                since, window = time.monotonic(), 0


def _next(response: requests.Response) -> bytes:
    try:
        return response.raw.read1(_PIECE_BYTES, decode_content=False) or b""
    except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
        raise Passing(f"the connection broke ({_short(error)})") from error


def _judge(response: requests.Response) -> None:
    """Raise unless the answer brings data."""
    code = response.status_code
    said = f"{code} {response.reason}".strip()
    if code in (200, 206):
        return
    if code in _PASSING or (code >= 500 and code not in (501, 505)):
        raise Passing(f"the server answers {said}", _retry_after(response))
    raise Lasting(f"the server answers {said}", gone=code in (404, 410))


def _extent(response: requests.Response, have: int) -> tuple[int, int | None]:
    """Where the bytes of an answer belong, and how long the whole file is, if it says so."""
    length = response.headers.get("Content-Length")
    if response.status_code == 200:
        return 0, int(length) if length is not None else None
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    place, _, total = span.partition("/")
    if unit != "bytes" or place.partition("-")[0] != str(have) or not total.isdigit():
        raise Passing(f"the server sends another range ({span or 'none'}) than asked for")
    return have, int(total)


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that a server asks to wait; it may give a number or a date."""
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _no_login(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _short(error: Exception) -> str:
    """The innermost cause, which is what a user can act on."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    return f"{type(error).__name__}: {error}"
