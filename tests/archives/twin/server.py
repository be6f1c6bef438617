"""
A small HTTP server on loopback that serves a folder the way archives do, and misbehaves on demand.

It knows ranges with If-Range, entity tags, folder listings, and further services by prefix. What a
path suffers is queued in `faults`: each request takes one fault, and after the last the path is
served well; a fault that is `for_ever` stays.
"""

import contextlib
import hashlib
import html
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

LONGEST_WAIT_S = 20.0
"""However silent the server is told to be, it gives up after so long."""


@dataclass(frozen=True)
class Fault:
    """
    One way to misbehave.

    Attributes:
        kind: cut, status, page, empty, flipped, short, trickle, silent or lengthless.
        code: the status to answer with.
        at: share of the body after which a connection is cut.
        retry_after: seconds to put into that header.
        for_ever: never served well.
    """

    kind: str
    code: int = 200
    at: float = 0.5
    retry_after: str | None = None
    for_ever: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came and what it got."""

    method: str
    path: str
    first_byte: int
    status: int
    sent: int
    authorization: str | None


@dataclass
class Answer:
    """What a service answers."""

    body: bytes
    status: int = 200
    kind: str = "application/octet-stream"
    headers: dict[str, str] = field(default_factory=dict)


Service = Callable[[str, str, dict, bytes], Answer]
"""(method, rest of the path with query, headers, body) -> answer."""


class Server(ThreadingHTTPServer):
    """The server; see the module. `address` is its root, `asked` the log of all requests."""

    daemon_threads = True

    def __init__(self, root: Path, services: dict[str, Service] | None = None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.services = services or {}
        self.faults: dict[str, list[Fault]] = {}
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        self.pace_bytes_per_s: float | None = None
        self.logins: dict[str, str] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def next_fault(self, path: str) -> Fault | None:
        queue = self.faults.get(path) or self.faults.get("*") or []
        if not queue:
            return None
        return queue[0] if queue[0].for_ever else queue.pop(0)

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the play."""


@contextlib.contextmanager
def serving(root: Path, services: dict[str, Service] | None = None) -> Iterator[Server]:
    """Run a server in a thread until the block ends."""
    with Server(root, services) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *arguments):
        """The log is `server.asked`."""

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def do_DELETE(self):
        self._answer()

    def _answer(self):
        self._sent, self._status, self._first = 0, 0, 0
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            fault = self.server.next_fault(path)
            if fault is None or fault.kind in _BODY_FAULTS:
                self._send(self._content(path, body), fault)
            else:
                self._misbehave(fault)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.server.asked.append(
                Asked(
                    self.command,
                    path,
                    self._first,
                    self._status,
                    self._sent,
                    self.headers.get("Authorization"),
                )
            )

    def _content(self, path: str, body: bytes) -> Answer:
        for prefix, service in self.server.services.items():
            if path.startswith(prefix):
                return service(self.command, self.path[len(prefix) :], dict(self.headers), body)
        for prefix, wanted in self.server.logins.items():
            if path.startswith(prefix) and self.headers.get("Authorization") != wanted:
                return Answer(b"closed", 401)
        file = self.server.root / path.lstrip("/")
        if file.is_dir():
            return Answer(_listing(file), kind="text/html")
        if not file.is_file():
            return Answer(b"<html><body>404 Not Found</body></html>", 404, "text/html")
        data = file.read_bytes()
        tag = hashlib.sha256(data).hexdigest()[:16]
        return Answer(
            data,
            headers={
                "ETag": f'"{tag}"',
                "Last-Modified": formatdate(file.stat().st_mtime, usegmt=True),
                "Accept-Ranges": "bytes",
            },
        )

    def _send(self, answer: Answer, fault: Fault | None) -> None:
        body, status, headers = answer.body, answer.status, dict(answer.headers)
        wanted = self.headers.get("Range", "")
        validators = (headers.get("ETag"), headers.get("Last-Modified"))
        if status == 200 and wanted and self.headers.get("If-Range", validators[0]) in validators:
            self._first = int(wanted.removeprefix("bytes=").partition("-")[0])
            if self._first >= len(body):
                status, headers["Content-Range"] = 416, f"bytes */{len(body)}"
                body = b""
            else:
                status = 206
                end = len(body) - 1
                headers["Content-Range"] = f"bytes {self._first}-{end}/{len(body)}"
                body = body[self._first :]
        if fault and fault.kind == "flipped":
            body = bytes([body[0] ^ 255]) + body[1:]
        if fault and fault.kind == "short":
            body = body[: int(len(body) * fault.at)]
        length = None if fault and fault.kind == "lengthless" else len(body)
        self._head(status, answer.kind, length, headers)
        if fault and fault.kind == "cut":
            self._write(body[: int(len(body) * fault.at)])
            self.close_connection = True
        elif fault and fault.kind == "trickle":
            self._trickle(body)
        else:
            self._write(body)

    def _misbehave(self, fault: Fault) -> None:
        if fault.kind == "silent":
            self.server.stopped.wait(LONGEST_WAIT_S)
            self.close_connection = True
            return
        body = {"page": b"<!DOCTYPE html><html><body>Maintenance</body></html>"}.get(
            fault.kind, b""
        )
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        code = {"page": 200, "empty": 202}.get(fault.kind, fault.code)
        self._head(code, "text/html", len(body), headers)
        self._write(body)

    def _head(self, status: int, kind: str, length: int | None, headers: dict) -> None:
        self._status = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        if length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _write(self, body: bytes) -> None:
        pace = self.server.pace_bytes_per_s
        step = max(1, int(pace / 100)) if pace else 1 << 20
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self._sent += len(body[start : start + step])
            if pace:
                time.sleep(0.01)

    def _trickle(self, body: bytes) -> None:
        end = time.monotonic() + LONGEST_WAIT_S
        for place in range(len(body)):
            if time.monotonic() > end or self.server.stopped.wait(0.05):
                break
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            self._sent += 1
        self.close_connection = True


_BODY_FAULTS = {"cut", "flipped", "short", "trickle", "lengthless"}


def _listing(folder: Path) -> bytes:
    """A folder's page in the manner of Apache."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    links = [
        f'<img src="/icons/unknown.gif" alt="[   ]"> <a href="{html.escape(name)}">{name}</a>'
        "  2015-09-16 10:02  468K"
        for name in names
    ]
    head = '<html><head><title>Index</title></head><body><pre><a href="?C=N;O=D">Name</a> '
    return (
        head + '<a href="../">Parent Directory</a>\n' + "\n".join(links) + "</pre></body></html>"
    ).encode()
