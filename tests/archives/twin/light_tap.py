"""
A small TAP service: UWS jobs over HTTP, uploads, VOTable answers, ADQL run by SQLite.

It knows the ADQL that our queries use, no more; the real server of `dachs.py` judges the rest.
"""

import email.parser
import io
import itertools
import math
import re
import sqlite3
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import numpy as np
from astropy.io.votable import from_table, parse_single_table, writeto
from astropy.io.votable.tree import Info
from astropy.table import MaskedColumn, Table

from twin.server import Answer

_RENAMED = re.compile(r'\w+\."?(\w+)"? AS (\w+)')
_UWS = """<?xml version="1.0"?>
<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink"
 version="1.1"><uws:jobId>{id}</uws:jobId><uws:ownerId/><uws:phase>{phase}</uws:phase>
<uws:quote/><uws:startTime/><uws:endTime/><uws:executionDuration>0</uws:executionDuration>
<uws:destruction>2026-01-01T00:00:00Z</uws:destruction><uws:parameters/>
<uws:results>{results}</uws:results>{error}</uws:job>"""


@dataclass
class Job:
    """One query and what became of it."""

    query: str
    uploads: dict[str, Table]
    phase: str = "PENDING"
    answer: bytes = b""
    message: str = ""
    polls: int = 0


@dataclass
class LightTap:
    """
    The service; call it with a request as `twin.server.Service`.

    Attributes:
        polls: how often a job says EXECUTING before it is done.
        largest_upload: stars above which a query runs out of time.
        most_rows: rows above which an answer is cut, with the mark that the standard demands.
        never: jobs do not end.
        queries: all that was asked.
    """

    polls: int = 1
    largest_upload: int = 10**9
    most_rows: int = 10**9
    never: bool = False
    queries: list[str] = field(default_factory=list)

    def __post_init__(self):
        self._lock = threading.Lock()
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        self._schemas = {"main"}
        self._types: dict[str, np.dtype] = {}
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self._base.create_function("POINT", 3, lambda _, ra, dec: f"{ra!r} {dec!r}")
        self._base.create_function("CIRCLE", 4, lambda _, ra, dec, r: f"{ra!r} {dec!r} {r!r}")
        self._base.create_function("CONTAINS", 2, _contains)
        self.add("tap_schema.columns", Table(names=("table_name", "column_name"), dtype=("U", "U")))
        self.add("tap_schema.tables", Table(names=("table_name",), dtype=("U",)))

    def add(self, name: str, table: Table) -> None:
        """Serve a table, for example as `gaiadr3.gaia_source` or `"II/363/unwise"`."""
        plain = name.strip('"')
        with self._lock:
            self._store(name, table)
            if not plain.startswith("tap_schema."):
                rows = [(plain, column) for column in table.colnames]
                self._base.executemany("INSERT INTO tap_schema.columns VALUES (?, ?)", rows)
                self._base.execute("INSERT INTO tap_schema.tables VALUES (?)", (plain,))

    def __call__(self, method: str, rest: str, headers: dict, body: bytes) -> Answer:
        parts = urlsplit(rest).path.strip("/").split("/")
        if parts[0] != "async":
            return Answer(b"<html><body>no such page</body></html>", 404, "text/html")
        if len(parts) == 1:
            return self._create(headers, body)
        job = self._jobs.get(parts[1])
        if job is None:
            return Answer(b"<html><body>no such job</body></html>", 404, "text/html")
        if method == "DELETE":
            del self._jobs[parts[1]]
            return Answer(b"", 200)
        if parts[2:] == ["phase"] and method == "POST":
            job.phase = "EXECUTING"
            return Answer(b"", 303, headers={"Location": f"../{parts[1]}"})
        if parts[2:] == ["results", "result"]:
            return Answer(job.answer, kind="application/x-votable+xml")
        self._advance(job)
        return Answer(self._describe(parts[1], job), kind="application/xml")

    def _create(self, headers: dict, body: bytes) -> Answer:
        kind = next(value for name, value in headers.items() if name.lower() == "content-type")
        fields, files = _form(kind, body)
        uploads = {}
        for pair in filter(None, fields.get("UPLOAD", "").split(";")):
            name, _, place = pair.partition(",")
            content = io.BytesIO(files[place.removeprefix("param:")])
            uploads[name] = parse_single_table(content).to_table(use_names_over_ids=True)
        identifier = str(next(self._numbers))
        self._jobs[identifier] = Job(fields["QUERY"], uploads)
        self.queries.append(fields["QUERY"])
        return Answer(b"", 303, headers={"Location": f"async/{identifier}"})

    def _advance(self, job: Job) -> None:
        if job.phase != "EXECUTING" or self.never:
            return
        job.polls += 1
        if job.polls <= self.polls:
            return
        if max(map(len, job.uploads.values()), default=0) > self.largest_upload:
            job.phase, job.message = "ERROR", "canceling statement due to statement timeout"
            return
        try:
            job.answer = self._run(job)
            job.phase = "COMPLETED"
        except sqlite3.Error as error:
            job.phase, job.message = "ERROR", f"cannot parse query: {error}"

    def _describe(self, identifier: str, job: Job) -> bytes:
        result = f'<uws:result id="result" xlink:href="{identifier}/results/result"/>'
        error = (
            '<uws:errorSummary type="fatal" hasDetail="false"><uws:message>'
            f"{job.message}</uws:message></uws:errorSummary>"
        )
        return _UWS.format(
            id=identifier,
            phase=job.phase,
            results=result if job.phase == "COMPLETED" else "",
            error=error if job.message else "",
        ).encode()

    def _run(self, job: Job) -> bytes:
        with self._lock:
            for name, table in job.uploads.items():
                self._store(f"tap_upload.{name}", table)
            cursor = self._base.execute(job.query)
            names = [entry[0] for entry in cursor.description]
            rows = cursor.fetchall()
            for name in job.uploads:
                self._base.execute(f"DROP TABLE tap_upload.{name}")
        renamed = {new: old for old, new in _RENAMED.findall(job.query)}
        cut = len(rows) > self.most_rows
        columns = list(zip(*rows[: self.most_rows], strict=True)) or [()] * len(names)
        table = Table(
            [
                self._column(name, cells, renamed.get(name, name))
                for name, cells in zip(names, columns, strict=True)
            ]
        )
        document = from_table(table)
        document.get_first_table().format = "binary2"
        infos = document.resources[0].infos
        infos.append(Info(name="QUERY_STATUS", value="OVERFLOW" if cut else "OK"))
        handle = io.BytesIO()
        writeto(document, handle)
        return handle.getvalue()

    def _column(self, name: str, cells: tuple, stored: str) -> MaskedColumn:
        missing = [cell is None for cell in cells]
        dtype = self._types[stored]
        fill = "" if dtype.kind == "U" else 0
        values = [fill if cell is None else cell for cell in cells]
        data = np.array(values, "U" if dtype.kind == "U" else dtype)
        return MaskedColumn(data, name=name, mask=missing)

    def _store(self, name: str, table: Table) -> None:
        schema = "main" if name.startswith('"') else name.rpartition(".")[0] or "main"
        if schema not in self._schemas:
            self._base.execute(f"ATTACH DATABASE ':memory:' AS {schema}")
            self._schemas.add(schema)
        names = ", ".join(f'"{column}"' for column in table.colnames)
        self._base.execute(f"DROP TABLE IF EXISTS {name}")
        self._base.execute(f"CREATE TABLE {name} ({names})")
        for column in table.colnames:
            self._types[column] = table[column].dtype
        cells = [_cells(table[column]) for column in table.colnames]
        marks = ", ".join("?" * len(cells))
        self._base.executemany(f"INSERT INTO {name} VALUES ({marks})", zip(*cells, strict=True))
        if "source_id" in table.colnames:
            place, _, bare = name.rpartition(".")
            index = f"{place}.by_id_{bare}" if place else f"by_id_{bare}"
            self._base.execute(f"CREATE INDEX {index} ON {bare} (source_id)")


def _contains(point: str, circle: str) -> int:
    ra, dec = map(float, point.split())
    ra0, dec0, radius = map(float, circle.split())
    if abs(dec - dec0) > radius:
        return 0
    a, b = math.radians(dec), math.radians(dec0)
    half = math.sin((a - b) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(ra - ra0) / 2) ** 2
    return int(2 * math.asin(min(1.0, math.sqrt(half))) <= math.radians(radius))


def _cells(column: MaskedColumn) -> list:
    values = np.ma.asarray(column)
    if values.dtype.kind == "f":
        values = np.ma.masked_invalid(values)
    if values.dtype.kind == "O":
        values = values.astype(str)
    return values.tolist()


def _form(kind: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """Fields and files of a posted form."""
    if not kind.startswith("multipart/"):
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}, {}
    message = email.parser.BytesParser().parsebytes(
        b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
    )
    fields, files = {}, {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename():
            files[name] = content
        else:
            fields[name] = content.decode()
    return fields, files
