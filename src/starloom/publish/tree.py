"""A chain as a tree, the number on top and raw files at the ends: as nodes, and as text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from starloom.publish.audit import Report
from starloom.publish.chain import Chain, say_params
from starloom.publish.words import say_number

SHOWN = 3
"""How many files of one rule stand in full; the rest are counted."""

SOUND = ("ok", "not kept")
"""Statuses of a file that are no failure."""


@dataclass
class Node:
    """
    One file of a chain.

    Args:
        path: the file.
        key: the job that wrote it; None for an origin.
        repeated: whether the job's inputs already stand elsewhere in the tree.
        inputs: the files that job read.
        hidden: how many more files like this one follow it unseen.
    """

    path: str
    key: str | None
    repeated: bool = False
    inputs: list["Node"] = field(default_factory=list)
    hidden: int = 0


def build(
    chain: Chain, path: str, is_loud: Callable[[str], bool], seen: set[str] | None = None
) -> Node:
    """
    Unfold a chain from one file.

    Args:
        chain: the files and jobs.
        path: the file on top.
        is_loud: whether a file must be shown, however many are like it.
        seen: jobs that stand in the tree already; they are added to.

    Returns:
        The top node.
    """
    seen = set() if seen is None else seen
    node = Node(path, chain.files[path])
    if node.key is None:
        return node
    if node.key in seen:
        node.repeated = True
        return node
    seen.add(node.key)
    groups: dict[str, list[str]] = {}
    for entry in chain.jobs[node.key]["inputs"]:
        key = chain.files[entry["path"]]
        rule = chain.jobs[key]["rule"] if key else ""
        groups.setdefault(rule, []).append(entry["path"])
    for paths in groups.values():
        ranked = sorted(paths, key=lambda path: not is_loud(path))
        shown = max(SHOWN, sum(map(is_loud, paths)))
        node.inputs += [build(chain, path, is_loud, seen) for path in ranked[:shown]]
        node.inputs[-1].hidden = len(ranked[shown:])
    return node


def tree(report: Report) -> str:
    """
    Draw what an audit looked at.

    Args:
        report: of one number or file.

    Returns:
        Lines of text; a job met again refers to its first place.
    """
    lines = [line for number in report.numbers for line in say_number(number)]

    def is_loud(path: str) -> bool:
        key = report.chain.files[path]
        return report.files[path] not in SOUND or report.jobs.get(key) == "changed"

    seen: set[str] = set()
    for path in report.chain.targets:
        lines += _draw(report, build(report.chain, path, is_loud, seen), "")
    return "\n".join(lines)


def verdict(report: Report) -> str:
    """The last words of an audit: how much was checked, what to know, loudly what is wrong."""
    gone = sum(status == "not kept" for status in report.files.values())
    checked = f"{len(report.files) - gone} files and {len(report.jobs)} jobs checked"
    checked += f", {gone} temporary not kept" if gone else ""
    dirty = sum(bool(record["code"]["dirty"]) for record in report.chain.jobs.values())
    if dirty:
        checked += (
            f". WARNING: uncommitted changes in the code of {dirty} of {len(report.jobs)} jobs"
        )
    passed = "AUDIT PASSED: all as recorded"
    head = passed if report.ok else f"AUDIT FAILED: {len(report.failures)} found wrong"
    lines = [f"{head}; {checked}."]
    lines += [f"  !! {failure}" for failure in report.failures]
    return "\n".join(lines + [f"  remark: {remark}" for remark in report.remarks])


def _draw(report: Report, node: Node, indent: str) -> Iterator[str]:
    status = report.files[node.path]
    sha256, _ = report.chain.content(node.path)
    mark = status if status in SOUND else f"!! {status.upper()}"
    yield f"{node.path}  sha256 {(sha256 or 'unknown')[:12]}  {mark}"
    if report.origins[node.path]:
        yield f"{indent}   {report.origins[node.path]}"
    if node.repeated:
        yield f"{indent}└─ rule {node.key}: see above"
    elif node.key is not None:
        yield f"{indent}└─ {_say_job(report, node.key)}"
        yield from _draw_inputs(report, node, indent + "   ")


def _draw_inputs(report: Report, node: Node, indent: str) -> Iterator[str]:
    params = say_params(report.chain.jobs[node.key]["params"])
    if params:
        yield f"{indent}{'│' if node.inputs else ' '}  with {params}"
    for child in node.inputs:
        last = child is node.inputs[-1]
        lines = _draw(report, child, indent + ("   " if last else "│  "))
        yield f"{indent}{'└─' if last else '├─'} {next(lines)}"
        yield from lines
        if child.hidden:
            yield f"{indent}{'   ' if last else '│  '}and {child.hidden} more files like it, all ok"


def _say_job(report: Report, key: str) -> str:
    record = report.chain.jobs[key]
    code = record["code"]
    mark = {"changed": "!! CHANGED"}.get(report.jobs[key], report.jobs[key])
    commit = (code["commit"] or "no commit")[:12] + (" with local changes" if code["dirty"] else "")
    return (
        f"rule {key}  code {code['digest'][:12]} {mark}, git {commit}, lock {record['lock'][:12]}"
    )
