"""A graph of jobs as SVG: boxes in rows, from origins at the top down to what they lead to."""

from collections.abc import Mapping
from html import escape

from starloom.graph import direct, layers, places
from starloom.publish.chain import Chain

BOX, GAP, HIGH, STEP = 168, 18, 40, 76
"""Width of a box, room between two, height of a box and of a row [px]."""

COLOURS = {
    "file": ("#eef1f5", "#5b6370"),
    "job": ("#dff0e6", "#1f5a3c"),
    "number": ("#fff1d6", "#8a4b00"),
}
"""Fill and line by kind of box."""


def chain_graph(chain: Chain, numbers: list[str]) -> str:
    """
    Draw a chain with its jobs by rule: many jobs of one rule are one box.

    Args:
        chain: the files and jobs.
        numbers: ids of the numbers that the chain leads to.

    Returns:
        The SVG. At the top stand the files that no job made.
    """
    boxes: dict[str, tuple[str, str]] = {}
    edges: set[tuple[str, str]] = set()
    jobs: dict[str, int] = {}
    for record in chain.jobs.values():
        jobs[record["rule"]] = jobs.get(record["rule"], 0) + 1
    for rule, count in jobs.items():
        boxes[rule] = ("job", f"{rule}\n{count} job{'s' if count > 1 else ''}")
    origins: dict[str, int] = {}
    for record in chain.jobs.values():
        for entry in record["inputs"]:
            key = chain.files[entry["path"]]
            if key is None:
                origins[entry["path"]] = 1
                boxes[entry["path"]] = ("file", _short(entry["path"]))
            edges.add((entry["path"] if key is None else chain.jobs[key]["rule"], record["rule"]))
    for number in numbers:
        boxes[number] = ("number", number)
        edges |= {(chain.jobs[key]["rule"], number) for path in chain.targets
                  if (key := chain.files[path]) is not None}  # fmt: skip
    return draw(boxes, {(a, b) for a, b in edges if a != b}, {})


def rules_graph(records: Mapping[str, Mapping], links: Mapping[str, str]) -> str:
    """
    Draw the rules of a run, and which reads what another wrote.

    Args:
        records: of the jobs.
        links: the address of each rule's jobs.
    """
    writer = {
        one["path"]: record["rule"] for record in records.values() for one in record["outputs"]
    }
    jobs: dict[str, int] = {}
    edges = set()
    for record in records.values():
        jobs[record["rule"]] = jobs.get(record["rule"], 0) + 1
        sources = {writer.get(entry["path"]) for entry in record["inputs"]}
        edges |= {(source, record["rule"]) for source in sources - {None, record["rule"]}}
    boxes = {
        rule: ("job", f"{rule}\n{count} job{'s' if count > 1 else ''}")
        for rule, count in sorted(jobs.items())
    }
    return draw(boxes, edges, links)


def draw(
    boxes: Mapping[str, tuple[str, str]], edges: set[tuple[str, str]], links: Mapping[str, str]
) -> str:
    """
    Draw a graph without cycles.

    Args:
        boxes: kind (of `COLOURS`) and text of each box, lines parted by newlines.
        edges: pairs (from, to). Arrows that only shorten a way along others are left out.
        links: where a click on a box leads.

    Returns:
        The SVG as text, with a title for those who cannot see it.
    """
    edges = direct(edges)
    rows = layers(set(boxes), edges)
    width = max(map(len, rows), default=1) * (BOX + GAP) + GAP
    height = len(rows) * STEP + GAP
    place = {
        name: (width / 2 + across * (BOX + GAP), GAP + down * STEP + HIGH / 2)
        for name, (across, down) in places(rows, edges).items()
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>Graph of {len(boxes)} boxes and {len(edges)} arrows</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#888"/></marker></defs>',
    ]
    for start, end in sorted(edges):
        (x0, y0), (x1, y1) = place[start], place[end]
        y0, y1 = y0 + HIGH / 2, y1 - HIGH / 2
        bend = (y1 - y0) / 2
        path = f"M{x0:g} {y0:g}C{x0:g} {y0 + bend:g} {x1:g} {y1 - bend:g} {x1:g} {y1:g}"
        parts.append(f'<path d="{path}" fill="none" stroke="#888" marker-end="url(#tip)"/>')
    for name, (x, y) in place.items():
        parts.append(_box(x, y, *boxes[name], links.get(name)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(x: float, y: float, kind: str, text: str, link: str | None) -> str:
    fill, line = COLOURS[kind]
    lines = text.split("\n")
    words = "".join(
        f'<tspan x="{x:g}" y="{y + 4.5 + 15 * (i - (len(lines) - 1) / 2):g}">{escape(one)}</tspan>'
        for i, one in enumerate(lines)
    )
    box = (
        f'<rect x="{x - BOX / 2:g}" y="{y - HIGH / 2:g}" width="{BOX}" height="{HIGH}" rx="5" '
        f'fill="{fill}" stroke="{line}"/><text text-anchor="middle" fill="#1d2129">{words}</text>'
    )
    return f'<a href="{escape(link, quote=True)}">{box}</a>' if link else f"<g>{box}</g>"


def _short(path: str) -> str:
    """The end of a long path."""
    return path if len(path) <= 26 else "…" + path[-25:]
