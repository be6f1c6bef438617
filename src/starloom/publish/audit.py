"""Compare everything on a number's chain with what the records say about it."""

import csv
import difflib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from starloom.numbers import published, read_numbers_with_files
from starloom.provenance import file_digest, module_digests
from starloom.provenance.files import work_tree
from starloom.publish.chain import Chain, Provenance, chain_of, load, origin

PRODUCTS = ("numbers", "figures", "catalogs", "release", "tables", "pages")
"""Folders of results with what is published, besides the pages at its top."""

PACKAGE = Path(__file__).resolve().parents[1]
MISSING, BROKEN = " (missing)", " (no Python any more)"


class UnknownNumber(LookupError):
    """
    An id that no file of numbers has.

    Args:
        name: the id.
        known: the ids that there are.
        failures: what is wrong with the files of numbers; the id may have been edited away.
    """

    def __init__(self, name: str, known: Iterable[str], failures: list[str]):
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.4)
        hint = f"did you mean {', '.join(near)}?" if near else "`starloom numbers` lists them"
        super().__init__(f"there is no number or file {name}; {hint}")
        self.failures = failures


@dataclass
class Report:
    """
    What an audit found.

    Args:
        chain: the files and jobs that were looked at.
        numbers: the published numbers that the chain leads to.
        files: status by path: `ok`, `changed`, `missing`, `not kept` or `no record`.
        jobs: status by key: `ok`, `changed` (the code, or the lock, is another one now), or
            `older` (it is, but the workflow reruns the job for no such change).
        origins: where each file that no job derived comes from, by path.
        failures: what is wrong, in words, one sentence each.
        remarks: what to know that is no failure, likewise.
    """

    chain: Chain
    numbers: list[dict]
    files: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all is as recorded."""
        return not self.failures

    def as_json(self) -> dict:
        """The report as plain values."""
        files = []
        for path, key in self.chain.files.items():
            sha256, size = self.chain.content(path)
            files.append(
                {
                    "path": path,
                    "status": self.files[path],
                    "sha256": sha256,
                    "bytes": size,
                    "written_by": key,
                    "origin": self.origins[path] or None,
                }
            )
        return {
            "ok": self.ok,
            "numbers": self.numbers,
            "failures": self.failures,
            "remarks": self.remarks,
            "files": files,
            "jobs": [
                {"key": key, "status": self.jobs[key], **record}
                for key, record in self.chain.jobs.items()
            ],
        }


def audit_number(results: str | Path, name: str) -> Report:
    """
    Verify one number down to its raw files.

    Args:
        results: the results folder.
        name: the number's id.

    Raises:
        FileNotFoundError: if there are no results.
        UnknownNumber: if there is no such number.
        ValueError: if a record, the manifest or a file of numbers is broken.
    """
    provenance = load(results)
    folder = provenance.results / "numbers"
    below = f"{_stored(provenance, folder)}/"
    files = [path for path in products(provenance) if path.startswith(below)]
    pairs = read_numbers_with_files(folder) if folder.is_dir() or not files else []
    for number, file in pairs:
        if number["id"] == name:
            return _audit(provenance, [_stored(provenance, file)], [number])
    chain = chain_of(provenance, files)
    judged = (_judge_file(provenance, chain, path, _now(provenance, path)) for path in files)
    known = [number["id"] for number, _ in pairs]
    raise UnknownNumber(name, known, [failure for _, failure in judged if failure])


def audit_file(results: str | Path, path: str | Path) -> Report:
    """
    Verify one file of the results down to its raw files.

    Args:
        results: the results folder.
        path: the file, from the working directory or absolute.

    Raises:
        FileNotFoundError: if there are no results.
        ValueError: if a record or the manifest is broken.
    """
    provenance = load(results)
    return _audit(provenance, [provenance.output(_stored(provenance, Path(path)))], [])


def audit_all(results: str | Path) -> Report:
    """
    Verify all numbers, figures, catalogues and pages, each file once.

    Args:
        results: the results folder.

    Raises:
        FileNotFoundError: if there are no results.
        ValueError: if a record, the manifest or a file of numbers is broken.
    """
    provenance = load(results)
    numbers = [number for number, _ in read_numbers_with_files(provenance.results / "numbers")]
    return _audit(provenance, products(provenance), numbers)


def products(provenance: Provenance) -> list[str]:
    """Paths of all that is published: what lies there, and what the records say must."""
    results = provenance.results
    there = [path for path in results.glob("[!.]*") if path.is_file()]
    for folder in PRODUCTS:
        there += [path for path in (results / folder).rglob("[!.]*") if path.is_file()]
    prefixes = tuple(f"{results.name}/{folder}/" for folder in PRODUCTS)
    promised = {path for path in provenance.writers if path.startswith(prefixes)}
    return sorted({provenance.output(_stored(provenance, path)) for path in there} | promised)


def _stored(provenance: Provenance, path: Path) -> str:
    """A path below the working folder as the records keep it."""
    return Path(os.path.relpath(path, provenance.base)).as_posix()


def _audit(provenance: Provenance, targets: list[str], numbers: list[dict]) -> Report:
    chain = chain_of(provenance, targets)
    report = Report(chain, numbers)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        now = dict(
            zip(
                chain.files, pool.map(lambda path: _now(provenance, path), chain.files), strict=True
            )
        )
    for path in chain.files:
        report.origins[path] = origin(provenance, path)
        report.files[path], failure = _judge_file(provenance, chain, path, now[path])
        report.failures += [failure] if failure else []
    _judge_jobs(provenance, report)
    _judge_numbers(provenance, report)
    return report


def _now(provenance: Provenance, path: str) -> str | None:
    """The sha256 of a file now; None when it is not there."""
    place = provenance.locate(path)
    return file_digest(place) if place.exists() else None


def _judge_file(
    provenance: Provenance, chain: Chain, path: str, now: str | None
) -> tuple[str, str | None]:
    """Status of a file, and the failure in words if it is one."""
    key = chain.files[path]
    row = provenance.manifest.get(path)
    known = [(f"rule {one.key}", one.sha256) for one in chain.mentions.get(path, ()) if one.sha256]
    known += [("the manifest of raw files", row["sha256"])] if row else []
    who = f"rule {key} wrote it" if key else "nothing in the workflow writes it"
    if now is None and provenance.is_temporary(path):
        return "not kept", None
    if now is None:
        return "missing", f"{path} is missing ({who})"
    for witness, sha256 in known:
        if sha256 != now:
            return "changed", (
                f"{path} has changed: {witness} recorded sha256 {sha256}, it is now {now}"
            )
    if key is None and row is None and provenance.inside(path):
        return "no record", f"{path} has no record: no job says that it wrote it"
    return "ok", None


def _judge_jobs(provenance: Provenance, report: Report) -> None:
    """
    Compare each job's code and lock with the present ones; say each change once.

    The workflow reruns a job for another code or lock only if its params carry them. Without
    `code` (downloads) or `lock` (all but the rules of numbers) the change is no failure.
    """
    changed: dict[tuple[str, ...], list[str]] = {}
    kept: dict[tuple[str, ...], list[str]] = {}
    older: dict[str, list[str]] = {}
    for key, record in report.chain.jobs.items():
        whats, same_lock = _job_changes(provenance, record)
        missing = any(what.endswith((MISSING, BROKEN)) for what in whats)
        fails = whats if missing or "code" in record["params"] else []
        if fails != whats:
            kept.setdefault(tuple(whats), []).append(key)
        if not same_lock and "lock" in record["params"]:
            fails = [*fails, "envs/base.lock"]
        elif not same_lock:
            older.setdefault(record["lock"], []).append(key)
        if fails:
            changed.setdefault(tuple(fails), []).append(key)
        sound = "ok" if same_lock and not whats else "older"
        report.jobs[key] = "changed" if fails else sound
    report.failures += [
        f"{', '.join(whats)} changed since these jobs ran: {_few(keys)}; run snakemake again"
        for whats, keys in changed.items()
    ]
    report.remarks += [
        f"{', '.join(whats)} changed since these downloads, which are kept: {_few(keys)}"
        for whats, keys in kept.items()
    ]
    report.remarks += [
        f"made with another lock, {lock[:12]}: {_few(keys)}; rerun with --forceall to renew"
        for lock, keys in older.items()
    ]


def _job_changes(provenance: Provenance, record: dict) -> tuple[list[str], bool]:
    """Names of the modules that are others now than the job ran, and whether the lock is its."""
    name = record["code"]["script"]
    script = provenance.locate(name)
    if not script.is_file():
        return [name + MISSING], True
    try:
        now, then = module_digests(script, PACKAGE), record["code"]["modules"]
    except (SyntaxError, ValueError) as error:
        return [f"{getattr(error, 'filename', None) or name}{BROKEN}"], True
    modules = (one for one in sorted(now.keys() | then.keys()) if now.get(one) != then.get(one))
    lock = file_digest(work_tree(script.resolve().parent) / "envs/base.lock")
    return [name if one == "script" else one for one in modules], lock == record["lock"]


def _judge_numbers(provenance: Provenance, report: Report) -> None:
    """Compare numbers with the survey of their chain and with the published table."""
    surveys = {record["survey"] for record in report.chain.jobs.values()} - {None}
    table = _published_table(provenance, report.chain)
    for number in report.numbers:
        if surveys - {number["data"]}:
            report.failures.append(
                f"number {number['id']} is labelled {number['data']}, "
                f"but jobs on its chain ran on {', '.join(sorted(surveys))}"
            )
        paper = table.get(number["id"])
        beside = paper and {name: paper[name] for name in ("value", "unit", "where", "note")}
        if table and beside != number["published"]:
            report.failures.append(
                f"number {number['id']} stands beside {number['published']}, "
                f"but config/published_numbers.csv has {beside}"
            )


def _published_table(provenance: Provenance, chain: Chain) -> dict[str, dict]:
    """The work tree's table of published numbers; empty where the tree is not there."""
    for record in chain.jobs.values():
        script = provenance.locate(record["code"]["script"]).resolve()
        if script.is_file():
            path = work_tree(script.parent) / "config" / "published_numbers.csv"
            try:
                return published(path)
            except (csv.Error, KeyError, TypeError, UnicodeDecodeError) as error:
                raise ValueError(f"{path} is no table of published numbers: {error}") from error
    return {}


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
