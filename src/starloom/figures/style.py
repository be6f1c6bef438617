"""One style for all figures, and the one way to write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from starloom.figures.drawn import drawn
from starloom.tables import atomic, write_json

COLUMN_INCH = 3.35
"""Width of a journal's column [inch]."""

PAGE_INCH = 7.0
"""Width of a journal's page [inch]."""

_STYLE = Path(__file__).parent / "data" / "starloom.mplstyle"


@contextmanager
def styled() -> Iterator[None]:
    """Draw in starloom's style, whatever the process has set before."""
    with mpl.rc_context(fname=_STYLE):
        yield


def save(
    figure: Figure, path: str | Path, title: str, caption: str, data: str, order: int = 0
) -> None:
    """
    Write a figure as PDF (for papers) and PNG (for pages), its caption and what it shows beside.

    Args:
        figure: the figure.
        path: where, without suffix; `.pdf`, `.png` and `.json` are appended.
        title: a few words.
        caption: what is shown, with symbols and sample.
        data: simulated, files or dr17; simulated is written into the figure's margin.
        order: place among the figures of its study.
    """
    path = Path(path)
    if data == "simulated":
        figure.get_layout_engine().set(rect=(0, (low := 0.12 / figure.get_figheight()), 1, 1 - low))
        with styled():
            figure.text(
                0.998, 0.002, "simulated sky", ha="right", va="bottom", fontsize=6, color="0.45"
            )
    _fix_layout(figure)
    # Dates and versions in the files would make equal figures unequal.
    for suffix, metadata in (
        (".pdf", {"CreationDate": None, "Producer": None}),
        (".png", {"Software": None}),
    ):
        with atomic(path.with_suffix(suffix)) as temporary, styled():
            figure.savefig(temporary, metadata=metadata, format=suffix[1:])
    write_json(
        path.with_suffix(".json"),
        {
            "title": title,
            "caption": caption,
            "data": data,
            "order": order,
            "panels": drawn(figure),
        },
    )


def _fix_layout(figure: Figure) -> None:
    """Lay the figure out once, to a millionth: the solver's last digits differ from run to run."""
    with styled():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position(np.round(axes.get_position(original=True).bounds, 6), which="original")


def finite_range(values: np.ndarray, percent: float = 1.0) -> tuple[float, float]:
    """Lower and upper percentile of the finite values, for the limits of an axis or colour."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = np.percentile(values, [percent, 100 - percent])
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def kiel_axes(axes: Axes) -> None:
    """Axes of a Kiel diagram: Teff grows to the left, log g downwards."""
    axes.set_xlabel(r"$T_\mathrm{eff}$ [K]")
    axes.set_ylabel(r"$\log g$ [dex]")
    axes.set_xlim(7200, 3300)
    axes.set_ylim(5.3, -0.3)
