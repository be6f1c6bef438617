"""An audit's report as a tree of text, the number on top and raw files at the ends."""

from collections.abc import Iterator

from starloom.publish.audit import Report
from starloom.publish.chain import say_params

SHOWN = 3
"""How many files of one rule stand in full; the rest are counted."""

SOUND = ("ok", "not kept")
"""Statuses of a file that are no failure."""


def tree(report: Report) -> str:
    """
    Draw what an audit looked at.

    Args:
        report: of one number or file.

    Returns:
        Lines of text; a job or file met again refers to its first place.
    """
    lines: list[str] = []
    for number in report.numbers:
        lines += say_number(number)
    seen: set[str] = set()
    for path in report.chain.targets:
        lines += _file(report, path, "", seen)
    return "\n".join(lines)


def verdict(report: Report) -> str:
    """The last words of an audit: how much was checked, or loudly what is wrong."""
    gone = sum(status == "not kept" for status in report.files.values())
    checked = f"{len(report.files) - gone} files and {len(report.jobs)} jobs checked"
    checked += f", {gone} temporary not kept" if gone else ""
    if report.ok:
        return f"AUDIT PASSED: all as recorded; {checked}."
    lines = [f"AUDIT FAILED: {len(report.failures)} found wrong; {checked}."]
    return "\n".join(lines + [f"  !! {failure}" for failure in report.failures])


def say_value(number: dict) -> str:
    """Value, error and unit of a number, without more digits than it has."""
    error = number["error"]
    text = f"{number['value']:.6g}" + ("" if error is None else f" +- {error:.2g}")
    return text if number["unit"] == "1" else f"{text} {number['unit']}"


def say_number(number: dict) -> list[str]:
    """A number and what it stands beside, in two or three lines."""
    stars = "" if number["n"] is None else f", {number['n']:,} stars"
    lines = [
        f"{number['id']} = {say_value(number)}  ({number['study']}, data: {number['data']}{stars})",
        f"  {number['definition']}",
    ]
    paper = number["published"]
    if paper:
        note = f"; {paper['note']}" if paper["note"] else ""
        lines.append(f"  published: {paper['value']:.6g} {paper['unit']} ({paper['where']}{note})")
    return lines


def _file(report: Report, path: str, indent: str, seen: set[str]) -> Iterator[str]:
    status = report.files[path]
    sha256, _ = report.chain.content(path)
    mark = status if status in SOUND else f"!! {status.upper()}"
    yield f"{path}  sha256 {(sha256 or 'unknown')[:12]}  {mark}"
    if report.origins[path]:
        yield f"{indent}   {report.origins[path]}"
    key = report.chain.files[path]
    if key is None:
        return
    if key in seen:
        yield f"{indent}└─ rule {key}: see above"
        return
    seen.add(key)
    yield from _job(report, key, indent, seen)


def _job(report: Report, key: str, indent: str, seen: set[str]) -> Iterator[str]:
    record = report.chain.jobs[key]
    code = record["code"]
    mark = "ok" if report.jobs[key] == "ok" else "!! CHANGED"
    commit = (code["commit"] or "no commit")[:12] + (" with local changes" if code["dirty"] else "")
    yield (
        f"{indent}└─ rule {key}  code {code['digest'][:12]} {mark}, "
        f"git {commit}, lock {record['lock'][:12]}"
    )
    indent += "   "
    params = say_params(record["params"])
    if params:
        yield f"{indent}{'│' if record['inputs'] else ' '}  with {params}"
    children = list(_children(report, record))
    for place, (path, more) in enumerate(children):
        last = place == len(children) - 1
        lines = _file(report, path, indent + ("   " if last else "│  "), seen)
        yield f"{indent}{'└─' if last else '├─'} {next(lines)}"
        yield from lines
        if more:
            yield f"{indent}{'   ' if last else '│  '}and {more} more files like it, all ok"


def _children(report: Report, record: dict) -> Iterator[tuple[str, int]]:
    """Input paths to show, each with how many further sound files of its rule it stands for."""
    groups: dict[str, list[str]] = {}
    for entry in record["inputs"]:
        key = report.chain.files[entry["path"]]
        rule = report.chain.jobs[key]["rule"] if key else entry["path"]
        groups.setdefault(rule, []).append(entry["path"])
    for paths in groups.values():
        loud = [path for path in paths if not _sound(report, path)]
        quiet = [path for path in paths if _sound(report, path)]
        shown = loud + quiet[: max(SHOWN - len(loud), 0)]
        hidden = len(paths) - len(shown)
        for path in shown:
            yield path, hidden if path == shown[-1] else 0


def _sound(report: Report, path: str) -> bool:
    """Whether a file and the job that wrote it are as recorded."""
    key = report.chain.files[path]
    return report.files[path] in SOUND and (key is None or report.jobs[key] == "ok")
