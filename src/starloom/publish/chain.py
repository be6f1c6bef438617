"""The way from a published file back to raw files, as the records of the jobs tell it."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from starloom.provenance import read_records

TEMPORARY = "temp"
"""The folder of results whose files Snakemake deletes when the last reader is done."""


@dataclass(frozen=True)
class Provenance:
    """
    All that a results folder says about where its files come from.

    Args:
        results: the folder.
        records: the jobs' records by key.
        writers: the key of the job that wrote a file, by the file's path.
        manifest: rows of the manifest of raw files, by path: address, sha256, bytes, time, release.
    """

    results: Path
    records: dict[str, dict]
    writers: dict[str, str]
    manifest: dict[str, dict]

    @property
    def base(self) -> Path:
        """The folder that recorded paths start from."""
        return self.results.parent

    def locate(self, path: str) -> Path:
        """Where a recorded path lies now."""
        return self.base / Path(path).expanduser()

    def output(self, path: str) -> str:
        """The output of a job that a file is, or lies in; the file itself where there is none."""
        parts = (path, *(parent.as_posix() for parent in Path(path).parents))
        return next((part for part in parts if part in self.writers), path)

    def writer(self, path: str) -> str | None:
        """The job that wrote a file, or the folder that holds it; None when none did."""
        return self.writers.get(self.output(path))

    def inside(self, path: str) -> bool:
        """Whether a recorded path lies in the results folder."""
        return Path(path).is_relative_to(self.results.name)

    def is_temporary(self, path: str) -> bool:
        """Whether a file may be gone, because the workflow does not keep it."""
        return Path(path).is_relative_to(f"{self.results.name}/{TEMPORARY}")


@dataclass(frozen=True)
class Mention:
    """What one job's record says about one file; its sha256 is None if it was gone already."""

    key: str
    wrote: bool
    sha256: str | None
    bytes: int | None


@dataclass
class Chain:
    """
    Files and jobs that lead to some files, each once, in the order they are reached.

    Args:
        targets: the files at the end of the chain.
        files: the writing job's key (None for an origin) by path.
        jobs: the records by key.
        mentions: what the records say about each file, its writer first.
    """

    targets: list[str]
    files: dict[str, str | None] = field(default_factory=dict)
    jobs: dict[str, dict] = field(default_factory=dict)
    mentions: dict[str, list[Mention]] = field(default_factory=dict)

    def content(self, path: str) -> tuple[str | None, int | None]:
        """sha256 and bytes of a file, as its writer or else its first reader recorded them."""
        known = (one for one in self.mentions.get(path, ()) if one.sha256)
        first = next(known, None)
        return (first.sha256, first.bytes) if first else (None, None)


def load(results: str | Path) -> Provenance:
    """
    Read the records and the manifest of a results folder.

    Args:
        results: the folder, for example `results`.

    Raises:
        FileNotFoundError: if the folder has no records.
        ValueError: if a record or the manifest has changed or is broken; the message names it.
    """
    results = Path(results).resolve()
    records = read_records(results / "provenance")
    writers: dict[str, str] = {}
    # A file rebuilt under another rule's name belongs to the job that wrote it last.
    for key in sorted(records, key=lambda key: (records[key]["ended"], key)):
        writers |= {entry["path"]: key for entry in records[key]["outputs"]}
    return Provenance(results, records, writers, _read_manifest(results / "raw"))


def chain_of(provenance: Provenance, targets: Iterable[str]) -> Chain:
    """
    Follow files back to their origins.

    Args:
        provenance: what `load` read.
        targets: paths as the records keep them.

    Returns:
        Everything on the way, the targets first.
    """
    chain = Chain(list(targets))
    waiting = chain.targets[::-1]
    while waiting:
        path = waiting.pop()
        if path in chain.files:
            continue
        key = chain.files[path] = provenance.writer(path)
        if key is not None and key not in chain.jobs:
            chain.jobs[key] = provenance.records[key]
            waiting += [entry["path"] for entry in reversed(chain.jobs[key]["inputs"])]
    for wrote in (True, False):
        for key, record in chain.jobs.items():
            for entry in record["outputs" if wrote else "inputs"]:
                mention = Mention(key, wrote, entry["sha256"], entry["bytes"])
                chain.mentions.setdefault(entry["path"], []).append(mention)
    return chain


def origin(provenance: Provenance, path: str) -> str:
    """
    Say in words where a file that no job derived comes from.

    Args:
        provenance: what `load` read.
        path: an origin, or a file that a job made from its params alone.

    Returns:
        Address, time and release of a download or a user's file; seed and settings of a
        simulation; '' where nothing is known, and for files derived from other files.
    """
    key = provenance.writer(path)
    row = provenance.manifest.get(path)
    if row:
        words = [f"from {row['address']}"]
        words += [f"{name} {row[name]}" for name in ("time", "release") if row.get(name)]
        return ", ".join([*words, f"sha256 {row['sha256']}"])
    if key is not None:
        record = provenance.records[key]
        if record["inputs"]:
            return ""
        how = "simulated" if record["survey"] == "simulated" else "made"
        return f"{how} from {say_params(record['params']) or 'code alone'}"
    if provenance.inside(path):
        return ""
    outside = Path(path).is_absolute() or path.startswith("~")
    return "a user's own file" if outside else "a file of the project"


def say_params(params: dict) -> str:
    """Params in one line, digests short; those of code and lock are shown by themselves."""
    shown = {name: params[name] for name in sorted(params) if name not in ("code", "lock")}
    return ", ".join(f"{name} {_say(value)}" for name, value in shown.items())


def _say(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} {_say(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_say(item) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    text = str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text


def _read_manifest(raw: Path) -> dict[str, dict]:
    """Rows of `manifest.csv` and of the tables in `manifest/`, by the raw file's path."""
    rows: dict[str, dict] = {}
    for table in [raw / "manifest.csv", *sorted((raw / "manifest").glob("*.csv"))]:
        if not table.is_file():
            continue
        try:
            lines = table.read_text().splitlines()
        except UnicodeDecodeError as error:
            raise ValueError(f"{table} is no table of raw files: {error}") from error
        for row in csv.DictReader(lines):
            missing = {"path", "address", "sha256"} - {name for name in row if row[name]}
            if missing:
                raise ValueError(f"{table} lacks {', '.join(sorted(missing))} in {row}")
            rows[row["path"]] = row
    return rows
