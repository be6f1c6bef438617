"""The figure of where each star was lost: one bar for some rows, parted by what became of them."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, HPacker, TextArea

from starloom.figures.style import PAGE_INCH, styled

LOST = ("#D55E00", "#E69F00", "#CC79A7", "#F0E442")
KEPT = ("#0072B2", "#56B4E9")
OTHER = "0.6"
SHOWN = 4
"""Outcomes of a bar that are named below it; the others are counted, and grey."""


def reconciliation(table: Mapping[str, Sequence]) -> Figure:
    """
    Draw what became of all rows.

    Args:
        table: columns `rows` (what they are), `total`, `outcome`, `count`, `kept`; the outcomes
            of the same rows follow one another.

    Returns:
        One bar for each kind of rows, as shares; blue for what went on.
    """
    parts: dict[str, list[tuple[str, int, bool]]] = {}
    for name, *outcome in zip(*(table[key] for key in ("rows", "outcome", "count", "kept")),
                              strict=True):  # fmt: skip
        parts.setdefault(name, []).append(tuple(outcome))
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 0.62 * len(parts) + 0.55))
        axes = figure.subplots()
        for place, (name, outcomes) in enumerate(parts.items()):
            _bar(axes, -place, name, outcomes)
        axes.set_xlim(0, 100)
        axes.set_ylim(-len(parts) + 0.45, 0.6)
        axes.set_yticks([])
        axes.set_xlabel("share of the rows [%]")
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)
        axes.tick_params(which="both", top=False, left=False, right=False)
    return figure


def _bar(axes, y: float, name: str, outcomes: list[tuple[str, int, bool]]) -> None:
    """One bar, its name above; below it the outcomes by their size, what went on first."""
    total = max(sum(count for _, count, _ in outcomes), 1)
    left, seen, words = 0.0, {True: 0, False: 0}, []
    for label, count, kept in sorted(outcomes, key=lambda one: (not one[2], -one[1])):
        colours = KEPT if kept else LOST
        colour = colours[seen[kept] % len(colours)] if len(words) < SHOWN else OTHER
        width = 100 * count / total
        axes.barh(
            y, width, 0.26, left, color=colour,
            edgecolor="white", linewidth=0.4, label=f"{name}: {label}",
        )  # fmt: skip
        left, seen[kept] = left + width, seen[kept] + 1
        words.append((colour, f"{label}: {count:,}", count))
    axes.text(0, y + 0.17, f"{name}: {total:,}", fontsize=7.5, va="bottom", weight="bold")
    others = sum(count for _, _, count in words[SHOWN:])
    words = words[:SHOWN] + ([(OTHER, f"other: {others:,}", others)] if others else [])
    cells = [
        HPacker(
            children=[
                TextArea("\u25a0", textprops={"color": colour, "fontsize": 6.3}),
                TextArea(text, textprops={"color": "0.25", "fontsize": 6.3}),
            ],
            pad=0, sep=1.5,
        )
        for colour, text, _ in words
    ]  # fmt: skip
    place = {"box_alignment": (0, 1), "frameon": False, "pad": 0}
    axes.add_artist(AnnotationBbox(HPacker(children=cells, pad=0, sep=6), (0, y - 0.17), **place))
