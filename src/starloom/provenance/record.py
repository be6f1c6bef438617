"""The record a job leaves: what ran, on which code, on which files, and what came out."""

import hashlib
import json
import math
import numbers
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

from starloom.provenance.code import code_digest, module_digests
from starloom.provenance.files import file_digest, fingerprint, work_tree

FOLDER = Path("results/provenance")
"""Where the records lie, from the working directory."""

PACKAGE = Path(__file__).resolve().parents[1]


class Recorder:
    """
    Writes the provenance record of one job.

    Args:
        job: the `snakemake` object of a script: input, output, params, wildcards, config, rule,
            threads and scriptdir. The code is digested now, while it is what Python has loaded.
    """

    def __init__(self, job: object):
        self._job = job
        self._started = _now()
        self._script = _script_of(job)
        self._tree = work_tree(self._script.parent)
        self._code = {
            "script": stored_path(self._script, self._tree),
            "digest": code_digest(self._script, PACKAGE),
            "modules": module_digests(self._script, PACKAGE),
            **_git_state(self._tree),
        }

    def write(self) -> Path:
        """
        Write `results/provenance/<rule>[-<wildcards>].json`; call it when the job has succeeded.

        Returns:
            The record's path.

        Raises:
            FileNotFoundError: if an output is missing.
        """
        from starloom.tables import write_json

        job = self._job
        record = {
            "rule": job.rule,
            "wildcards": {name: str(value) for name, value in job.wildcards.items()},
            "code": self._code,
            "params": _plain(dict(job.params.items())),
            "survey": job.config.get("survey"),
            "lock": file_digest(self._tree / "envs" / "base.lock"),
            "threads": job.threads,
            "inputs": self._files(job.input, may_be_gone=True),
            "outputs": self._files(job.output, may_be_gone=False),
            "host": _host(),
            "versions": _versions(),
            "started": self._started,
            "ended": _now(),
        }
        path = FOLDER / f"{record_key(record)}.json"
        write_json(path, record | {"seal": seal(record)})
        return path

    def _files(self, paths: Iterable[str], may_be_gone: bool) -> list[dict]:
        """Paths with sha256 and bytes; null for a temporary input that is gone already."""
        entries = []
        for path in sorted({str(path) for path in paths}):
            gone = may_be_gone and not Path(path).exists()
            content = {"sha256": None, "bytes": None} if gone else fingerprint(path)
            entries.append({"path": stored_path(path, self._tree), **content})
        return entries


def read_records(folder: str | Path) -> dict[str, dict]:
    """
    Read all records of a folder.

    Args:
        folder: for example `results/provenance`.

    Returns:
        Records by key (`<rule>[-<wildcards>]`), sorted.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if a record is not JSON or its seal does not fit; the message names the file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not there: run the workflow first (make demo)")
    records = {}
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith("."):
            continue
        records[path.stem] = _read_record(path)
    return records


def record_key(record: Mapping) -> str:
    """The name of a record: its rule, then its wildcards as `name=value`."""
    wildcards = ",".join(f"{name}={value}" for name, value in sorted(record["wildcards"].items()))
    return "-".join(part for part in (record["rule"], quote(wildcards, safe="=,+")) if part)


def seal(record: Mapping) -> str:
    """The sha256 of a record's own content, without the seal, so that an edit shows."""
    content = {name: value for name, value in record.items() if name != "seal"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stored_path(path: str | Path, tree: Path) -> str:
    """
    A path as records keep it.

    Args:
        path: absolute, or from the working directory.
        tree: the root of the work tree.

    Returns:
        From the working directory when the path lies there or in the work tree; otherwise from
        the home folder (`~/`) when it lies there, so that no user name is kept; else absolute.
    """
    absolute = Path(os.path.abspath(path))
    if absolute.is_relative_to(Path.cwd()) or absolute.is_relative_to(tree):
        return Path(os.path.relpath(absolute)).as_posix()
    if absolute.is_relative_to(Path.home()):
        return "~/" + absolute.relative_to(Path.home()).as_posix()
    return absolute.as_posix()


def _read_record(path: Path) -> dict:
    from starloom.tables import json_text

    try:
        text = path.read_text()
        record = json.loads(text)
        sealed = record["seal"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} has changed: it is not a provenance record ({error})") from error
    if sealed != seal(record) or text != json_text(record):
        raise ValueError(f"{path} has changed: its content does not fit its seal")
    return record


def _script_of(job: object) -> Path:
    """The script that runs: Python's main file when it lies with the scripts, else `<rule>.py`."""
    folder = Path(job.scriptdir).resolve()
    main = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
    return main.resolve() if main.resolve().parent == folder else folder / f"{job.rule}.py"


def _git_state(tree: Path) -> dict:
    """Commit of the work tree and whether files differ from it; nulls where there is no git."""
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(tree), *arguments],
                capture_output=True,
                text=True,
                env=environment,
            )
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = git("status", "--porcelain")
    return {"commit": git("rev-parse", "HEAD"), "dirty": None if changes is None else bool(changes)}


def _plain(value: object) -> object:
    """Params as JSON: mappings and lists stay, numbers stay, all else becomes text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, str):
        home = str(Path.home())
        return f"~{value[len(home) :]}" if value.startswith(f"{home}/") else str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return _plain(str(value))


def _host() -> dict:
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
    }


def _versions() -> dict[str, str | None]:
    found = {"python": platform.python_version()}
    for package in ("starloom", "jax", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
