"""
The pictures of the rules: `python -m starloom.figures.rulegraph docs/rulegraph.svg`.

It shows one box a stage and study; `rules.svg` beside it shows every rule.
"""

import re
import subprocess
import sys
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from starloom.figures.style import styled
from starloom.graph import direct, layers, places
from starloom.tables import atomic

STAGE_COLOURS = {
    "acquire": "#56B4E9",
    "match": "#E69F00",
    "prepare": "#F0E442",
    "study": "#009E73",
    "publish": "#CC79A7",
}


SHOWN = "survey: simulated, target: all"
"""What is asked of Snakemake."""

EVERY_RULE = "rules.svg"
"""Name of the picture with every rule."""

ACROSS, DOWN = 1.75, 0.6
"""Room that a box has [inch]."""

HALF, EDGE, BELOW, BESIDE = 0.21, 0.28, 0.6, 0.25
"""Half a box's height, a frame around boxes, and the room between frames [boxes]."""

Frame = tuple[float, float, float, float]


def read_rulegraph(root: Path) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """
    Ask Snakemake for the graph of rules.

    Args:
        root: the work tree.

    Returns:
        The stage or study of each rule by name, from the file of workflow/rules that defines it,
        and the edges (from, to). The target rule `all` is left out.

    Raises:
        subprocess.CalledProcessError: if the workflow does not parse.
    """
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--quiet", "--forceall"]
    dot = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", dot)}
    parts = {name: _part(root, name) for name in names.values() if name != "all"}
    return parts, {(a, b) for a, b in edges if b != "all"}


def contracted(
    parts: dict[str, str], edges: set[tuple[str, str]]
) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The graph of stages and studies, of that of their rules."""
    between = {(parts[a], parts[b]) for a, b in edges}
    return {part: part for part in parts.values()}, {(a, b) for a, b in between if a != b}


def as_text(parts: dict[str, str], edges: set[tuple[str, str]]) -> str:
    """The graph as sorted lines: what the drawing is compared by."""
    lines = [f"{name} [{part}]" for name, part in sorted(parts.items())]
    return "; ".join(lines + [f"{a} -> {b}" for a, b in sorted(edges)])


def draw(parts: dict[str, str], edges: set[tuple[str, str]]) -> Figure:
    """
    Draw boxes in frames, one a stage or study, both from raw files at the top downwards.

    An arrow between frames stands for all between their boxes; arrows that only shorten a way along
    other arrows are left out.

    Args:
        parts: stage or study by the name of a box.
        edges: pairs (from, to).

    Returns:
        The figure.
    """
    inner = direct({(a, b) for a, b in edges if parts[a] == parts[b]})
    between = direct(contracted(parts, edges)[1])
    place, frames = _laid_out(parts, inner, between)
    left, bottom, right, top = (pick(side) for pick, side in zip(
        (min, min, max, max), zip(*frames.values(), strict=True), strict=True))  # fmt: skip
    with styled():
        size = (ACROSS * (right - left + 0.2), DOWN * (top - bottom + 1.2))
        figure = Figure(figsize=size, layout="none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(left - 0.1, right + 0.1)
        axes.set_ylim(bottom - 0.5, top + 0.7)
        for part, (x0, y0, x1, y1) in frames.items():
            if part not in place:
                frame = (x0, y0), x1 - x0, y1 - y0
                axes.add_patch(
                    FancyBboxPatch(*frame, boxstyle="square,pad=0", facecolor="0.96",
                                   edgecolor="0.6", linewidth=0.7)
                )  # fmt: skip
                axes.text(x0 + 0.07, y1 - 0.1, part, va="top", fontsize=11, weight="bold")
        for start, end in sorted(between):
            (x0, y0, x1, _), (x2, _, x3, y3) = frames[start], frames[end]
            _arrow(axes, ((x0 + x1) / 2, y0), ((x2 + x3) / 2, y3), 1.2)
        for start, end in sorted(inner):
            (x0, y0), (x1, y1) = place[start], place[end]
            _arrow(axes, (x0, y0 - HALF), (x1, y1 + HALF), 0.8)
        for name, (x, y) in place.items():
            colour = STAGE_COLOURS.get(parts[name], STAGE_COLOURS["study"])
            axes.add_patch(
                FancyBboxPatch((x - 0.43, y - 0.19), 0.86, 0.38, boxstyle="round,pad=0.02",
                               facecolor=colour, edgecolor="0.2", linewidth=0.7, zorder=3)
            )  # fmt: skip
            axes.text(x, y, name, ha="center", va="center", fontsize=8.5, zorder=4)
        for index, (stage, colour) in enumerate(STAGE_COLOURS.items()):
            axes.text(
                left + 0.1 + 0.5 * index, top + 0.4, stage, fontsize=8,
                bbox={"facecolor": colour, "edgecolor": "none", "boxstyle": "round"},
            )  # fmt: skip
        axes.text(right, bottom - 0.4, SHOWN, ha="right", va="bottom", fontsize=8, color="0.3")
    return figure


def _laid_out(
    parts: dict[str, str], inner: set[tuple[str, str]], between: set[tuple[str, str]]
) -> tuple[dict[str, tuple[float, float]], dict[str, Frame]]:
    """Centre of each box, and left, bottom, right and top of what surrounds a part's boxes."""
    place: dict[str, tuple[float, float]] = {}
    frames: dict[str, Frame] = {}
    top = 0.0
    for several in layers(set(parts.values()), between):
        rows = {}
        for part in several:
            own = {name for name, other in parts.items() if other == part}
            rows[part] = layers(own, {(a, b) for a, b in inner if a in own})
        wide = {part: max(map(len, rows[part])) for part in several}
        alone = {part: rows[part] == [[part]] for part in several}
        head = {part: HALF if alone[part] else 1.0 for part in several}
        foot = {part: HALF if alone[part] else HALF + EDGE for part in several}
        low = top - max(head[part] + len(rows[part]) - 1 + foot[part] for part in several)
        left = -(sum(wide.values()) + BESIDE * (len(several) - 1)) / 2
        for part in several:
            for name, (across, down) in places(rows[part], inner).items():
                place[name] = (left + wide[part] / 2 + across, top - head[part] - down)
            side = 0.0 if alone[part] else 0.05
            frames[part] = (left - side, low, left + wide[part] + side, top)
            left += wide[part] + BESIDE
        top = low - BELOW
    return place, frames


def main(path: str) -> None:
    """Write both pictures, each with its graph's text in its metadata."""
    rules = read_rulegraph(Path(__file__).resolve().parents[3])
    pictures = {Path(path): contracted(*rules), Path(path).with_name(EVERY_RULE): rules}
    for where, graph in pictures.items():
        with atomic(where) as temporary, styled():
            metadata = {"Date": None, "Creator": None, "Description": as_text(*graph)}
            draw(*graph).savefig(temporary, format="svg", metadata=metadata)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, shrinkA=0, shrinkB=0,
                        color="0.45", linewidth=width, zorder=2)
    )  # fmt: skip


def _part(root: Path, rule: str) -> str:
    """The stage or study of a rule: the name of its file."""
    for file in sorted((root / "workflow" / "rules").glob("*.smk")):
        if re.search(rf"^\s*rule {rule}:", file.read_text(), re.MULTILINE):
            stage = file.stem.split("_")[0]
            return stage if stage in STAGE_COLOURS else file.stem
    raise ValueError(f"no file of workflow/rules defines the rule {rule}")


if __name__ == "__main__":
    main(sys.argv[1])
