"""
A real TAP server on loopback: DaCHS over a private Postgres, started and ended by the tests.

Both run as children that die with this process. Everything lies in one folder.
"""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from astropy.table import Table

from twin.tables import write_cells

POSTGRES = Path("/usr/lib/postgresql/15/bin")
DACHS = Path("/usr/bin/dachs")
PARTS = (
    DACHS,
    POSTGRES / "postgres",
    Path("/usr/share/postgresql/15/extension/q3c.control"),
    Path("/usr/share/postgresql/15/extension/pg_sphere.control"),
)
"""Files that Debian's packages bring; see install_dachs.sh."""

LONGEST_START_S = 90.0
_TYPES = {"i": {1: "smallint", 2: "smallint", 4: "integer", 8: "bigint"}, "b": {1: "boolean"}}
_TYPES["f"] = {4: "real", 8: "double precision"}


def missing_parts() -> list[str]:
    """What of the server is not installed."""
    return [str(part) for part in PARTS if not part.exists()]


@contextlib.contextmanager
def dachs(folder: Path, tables: Mapping[str, Table]) -> Iterator[str]:
    """
    Run a TAP server with some tables until the block ends.

    Args:
        folder: an empty one.
        tables: by schema and name, for example `gaiadr3.gaia_source`; those of the schema
            `public` can be queried without it. `ra` and `dec` get an index.

    Yields:
        The service's address.
    """
    place = _Place(folder)
    with place.child([POSTGRES / "postgres", "-D", place.data, *_FAST, *place.listen]):
        place.wait_for_postgres()
        place.run(POSTGRES / "createdb", "-h", "127.0.0.1", "-p", place.pg_port, "gavo")
        place.run(DACHS, "init", "--dsn", f"host=127.0.0.1 port={place.pg_port} dbname=gavo")
        place.load(tables)
        with place.child([DACHS, "serve", "start", "-f"]):
            place.wait_for_server()
            yield f"{place.address}/tap"


_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")


class _Place:
    def __init__(self, folder: Path):
        self.folder = folder
        self.user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self.data = folder / "pg"
        self.pg_port, port = str(_free_port()), _free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.listen = ("-k", folder, "-p", self.pg_port, "-h", "127.0.0.1")
        group = grp.getgrgid(pwd.getpwnam(self.user).pw_gid).gr_name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings").write_text(
            f"[general]\nrootDir: {folder}/gavo\ngroup: {group}\ngavoGroup: {group}\n"
            "maintainerAddress: nobody@localhost\n"
            f"[web]\nbindAddress: 127.0.0.1\nserverPort: {port}\nserverURL: {self.address}\n"
            f"user: {self.user}\n"
            "[async]\nmaxTAPRunning: 4\nmaxUserUWSRunningDefault: 4\ndefaultMAXREC: 20000000\n"
            "[ivoa]\nauthority: x-twin\n"
            f"[db]\nprofilePath: {folder}/gavo/etc\n"
        )
        self._give_away()
        self.run(POSTGRES / "initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--no-sync")

    def load(self, tables: Mapping[str, Table]) -> None:
        """Describe the tables, schema by schema, and import them."""
        by_schema: dict[str, dict[str, Table]] = {}
        for full, table in tables.items():
            schema, _, name = full.rpartition(".")
            by_schema.setdefault(schema or "public", {})[name] = table
        for schema, some in by_schema.items():
            home = self.folder / "gavo" / "inputs" / schema
            (home / "data").mkdir(parents=True)
            for name, table in some.items():
                write_cells(home / "data" / f"{name}.csv", table)
            (home / "q.rd").write_text(_descriptor(schema, some))
        self._give_away()
        for schema in by_schema:
            self.run(DACHS, "imp", f"{schema}/q")

    def run(self, *command: object) -> None:
        done = subprocess.run(
            self._as_user(command),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=LONGEST_START_S,
        )
        if done.returncode:
            raise RuntimeError(f"{command} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")

    @contextlib.contextmanager
    def child(self, command: list) -> Iterator[None]:
        """Run a server, and end it by its own process id."""
        with open(self.folder / f"{Path(command[0]).name}.log", "wb") as log:
            process = subprocess.Popen(
                self._as_user(command), cwd=self.folder, stdout=log, stderr=log
            )
        try:
            yield
        finally:
            for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
                process.send_signal(how)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                    break

    def wait_for_postgres(self) -> None:
        self._until(lambda: socket.create_connection(("127.0.0.1", int(self.pg_port)), 1).close())
        # It listens a moment before it lets anyone in.
        self._until(
            lambda: self.run(
                *(POSTGRES / "psql", "-h", "127.0.0.1", "-p", self.pg_port),
                *("-c", "select 1", "postgres"),
            )
        )

    def wait_for_server(self) -> None:
        address = f"{self.address}/tap/availability"
        self._until(lambda: urllib.request.urlopen(address, timeout=2).read())

    def _until(self, works: object) -> None:
        end = time.monotonic() + LONGEST_START_S
        while True:
            try:
                return works()
            except (OSError, RuntimeError):
                if time.monotonic() > end:
                    logs = [path.read_text()[-2000:] for path in self.folder.glob("*.log")]
                    raise RuntimeError("a server does not start:\n" + "\n".join(logs)) from None
                time.sleep(0.1)

    def _as_user(self, command: tuple | list) -> list[str]:
        """A command as the user who may run Postgres, which dies with this process."""
        become = ["setpriv", "--pdeathsig", "KILL"]
        if os.geteuid() == 0:
            become += [f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        variables = {
            "HOME": self.folder,
            "GAVOSETTINGS": self.folder / "settings",
            "PATH": "/usr/bin:/bin",
        }
        settings = [f"{name}={value}" for name, value in variables.items()]
        return [*become, "env", "-i", *settings, *map(str, command)]

    def _give_away(self) -> None:
        if os.geteuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, self.user, self.user)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _descriptor(schema: str, tables: Mapping[str, Table]) -> str:
    """DaCHS's description of a schema's tables, and how to load them."""
    parts = [f'<resource schema="{schema}"><meta name="title">{schema}</meta>']
    parts += ['<meta name="description">twin</meta><meta name="creationDate">2020-01-01</meta>']
    for name, table in tables.items():
        where = {"ra", "dec"} <= set(table.colnames)
        mixin = ' mixin="//scs#q3cindex"' if where else ""
        parts.append(f'<table id="{name}" onDisk="True" adql="True"{mixin}>')
        parts.append('<meta name="description">twin</meta>')
        if "source_id" in table.colnames:
            parts.append('<index columns="source_id"/>')
        parts += [_column(column, table[column], where) for column in table.colnames]
        parts.append("</table>")
        parts.append(
            f'<data id="import_{name}"><sources>data/{name}.csv</sources><csvGrammar/>'
            f'<make table="{name}"/></data>'
        )
    return "\n".join([*parts, "</resource>"])


def _column(name: str, values: object, where: bool) -> str:
    kind = np.dtype(values.dtype).kind
    size = np.dtype(values.dtype).itemsize
    type_ = _TYPES[kind][size] if kind in _TYPES else "text"
    ucd = f' ucd="pos.eq.{name};meta.main"' if where and name in ("ra", "dec") else ""
    null = '<values nullLiteral="-1"/>' if kind == "i" else ""
    return f'<column name="{name}" type="{type_}"{ucd} description="twin">{null}</column>'
