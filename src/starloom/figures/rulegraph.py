"""The picture of the rules graph: `python -m starloom.figures.rulegraph docs/rulegraph.svg`."""

import re
import subprocess
import sys
from pathlib import Path

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


def read_rulegraph(root: Path) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """
    Ask Snakemake for the graph of rules.

    Args:
        root: the work tree.

    Returns:
        The stage of each rule by name, from the file of workflow/rules that defines it, and the
        edges (from, to). The target rule `all` is left out.

    Raises:
        subprocess.CalledProcessError: if the workflow does not parse.
    """
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--quiet", "--forceall"]
    dot = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', dot))
    edges = {(names[a], names[b]) for a, b in re.findall(r"(\d+) -> (\d+)", dot)}
    stages = {name: _stage(root, name) for name in names.values() if name != "all"}
    return stages, {(a, b) for a, b in edges if b != "all"}


def as_text(stages: dict[str, str], edges: set[tuple[str, str]]) -> str:
    """The graph as sorted lines: what the drawing is compared by."""
    lines = [f"{name} [{stage}]" for name, stage in sorted(stages.items())]
    return "; ".join(lines + [f"{a} -> {b}" for a, b in sorted(edges)])


def draw(stages: dict[str, str], edges: set[tuple[str, str]]) -> Figure:
    """
    Draw rules as boxes, in rows by their distance from the raw files, coloured by stage.

    Arrows that only shorten a way along other arrows are left out.

    Args:
        stages: stage by rule.
        edges: pairs (from, to).

    Returns:
        The figure.
    """
    rows = layers(set(stages), edges)
    place = {name: (across, -down) for name, (across, down) in places(rows, edges).items()}
    depth, width = len(rows), max(len(STAGE_COLOURS) * 0.62, *(len(row) for row in rows))
    with styled():
        figure = Figure(figsize=(1.75 * width + 0.4, 0.72 * depth + 0.6), layout="none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(-width / 2 - 0.1, width / 2 + 0.1)
        axes.set_ylim(-depth + 0.4, 1.1)
        for start, end in sorted(direct(edges)):
            (x0, y0), (x1, y1) = place[start], place[end]
            bend = 0.0 if abs(y0 - y1) <= 1 else 0.25 * (1 if x1 >= x0 else -1)
            axes.add_patch(
                FancyArrowPatch(
                    (x0, y0 - 0.21),
                    (x1, y1 + 0.21),
                    arrowstyle="-|>",
                    mutation_scale=7,
                    connectionstyle=f"arc3,rad={bend}",
                    color="0.45",
                    linewidth=0.8,
                )
            )
        for name, (x, y) in place.items():
            axes.add_patch(
                FancyBboxPatch(
                    (x - 0.43, y - 0.18),
                    0.86,
                    0.36,
                    boxstyle="round,pad=0.02",
                    facecolor=STAGE_COLOURS[stages[name]],
                    edgecolor="0.2",
                    linewidth=0.7,
                    zorder=2,
                )
            )
            axes.text(
                x, y, name.replace("_", "_\u200b"), ha="center", va="center", fontsize=7.5, zorder=3
            )
        for index, (stage, colour) in enumerate(STAGE_COLOURS.items()):
            axes.text(
                -width / 2 + 0.1 + 0.62 * index, 0.75, stage, fontsize=8,
                bbox={"facecolor": colour, "edgecolor": "none", "boxstyle": "round"},
            )  # fmt: skip
    return figure


def main(path: str) -> None:
    """Write the picture, with the graph's text in its metadata."""
    root = Path(__file__).resolve().parents[3]
    stages, edges = read_rulegraph(root)
    with atomic(path) as temporary, styled():
        metadata = {"Date": None, "Creator": None, "Description": as_text(stages, edges)}
        draw(stages, edges).savefig(temporary, format="svg", metadata=metadata)


def _stage(root: Path, rule: str) -> str:
    """The stage of a rule: the name of its file; every study is the stage `study`."""
    for file in sorted((root / "workflow" / "rules").glob("*.smk")):
        if re.search(rf"^\s*rule {rule}:", file.read_text(), re.MULTILINE):
            stage = file.stem.split("_")[0]
            return stage if stage in STAGE_COLOURS else "study"
    raise ValueError(f"no file of workflow/rules defines the rule {rule}")


if __name__ == "__main__":
    main(sys.argv[1])
