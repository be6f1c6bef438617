"""What a figure shows, as numbers: read back from what matplotlib draws, panel by panel."""

from collections.abc import Iterable, Iterator

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import (
    Collection,
    LineCollection,
    PathCollection,
    PolyCollection,
    QuadMesh,
)
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Polygon, Rectangle, StepPatch

COLUMNS = ("x", "y", "value", "x_low", "x_high", "y_low", "y_high")
"""What a row of a series can say, in the order of the columns."""

MOST = 20_000
"""Rows kept of one series; of a longer one, as many at even steps."""


def drawn(figure: Figure) -> list[dict]:
    """
    Read back what the panels of a figure show.

    Args:
        figure: with all its panels drawn; colour bars are left out.

    Returns:
        One entry a panel: its `title`, the labels of its axes `x` and `y`, and its `series`. A
        series has its `kind` (line, points, cells, steps, bars, errors, outline, pixels), its
        `label` in the legend ('' for none), `columns` (some of `COLUMNS`), `drawn` (rows that the
        figure shows) and `rows`, a text with one line a row, values parted by commas, to six
        digits, empty for NaN.
    """
    panels = []
    for axes in figure.axes:
        if hasattr(axes, "_colorbar") or not axes.axison:
            continue
        series = _joined(entry for artist in _artists(axes) for entry in _series(artist, axes))
        if series:
            panels.append(
                {
                    "title": axes.get_title() or axes.get_title("left"),
                    "x": axes.get_xlabel(),
                    "y": axes.get_ylabel(),
                    "series": series,
                }
            )
    return panels


def _artists(axes: Axes) -> list[Artist]:
    """What the panel draws, in the order it was drawn."""
    kinds = (Line2D, Collection, Patch, AxesImage)
    return [artist for artist in axes.get_children() if isinstance(artist, kinds)]


def _joined(series: Iterable[dict]) -> list[dict]:
    """Bars that follow one another under one label are one series: matplotlib has one each."""
    found: list[dict] = []
    for entry in series:
        last = found[-1] if found else {"kind": ""}
        if entry["kind"] == last["kind"] == "bars" and entry["label"] == last["label"]:
            last["drawn"] += 1
            last["rows"] += "\n" + entry["rows"]
        else:
            found.append(entry)
    return found


def _label(artist: Artist, axes: Axes) -> str:
    """An artist's label in the legend; of a bar or error bar, that of all of them."""
    label = str(artist.get_label() or "")
    for container in axes.containers:
        parts = [part for one in container for part in (one if isinstance(one, tuple) else [one])]
        if any(part is artist for part in parts):
            label = str(container.get_label() or "")
    return "" if label.startswith("_") else label


def _in_data(artist: Artist, axes: Axes) -> bool:
    """Whether an artist is placed by data on both axes, unlike a line across the whole panel."""
    if isinstance(artist, Patch):
        transform = artist.get_data_transform()
    elif isinstance(artist, PathCollection):
        transform = artist.get_offset_transform()
    else:
        transform = artist.get_transform()
    return transform.contains_branch(axes.transData)


def _series(artist: Artist, axes: Axes) -> Iterator[dict]:
    """The rows of one artist, if it shows data and is to be seen."""
    if not artist.get_visible() or artist is axes.patch or not _in_data(artist, axes):
        return
    kind, columns = _read(artist)
    columns = {name: _floats(values) for name, values in columns.items()}
    count = len(next(iter(columns.values()), ()))
    if not count:
        return
    rows = np.stack([columns[name] for name in COLUMNS if name in columns], axis=1)
    yield {
        "kind": kind,
        "label": _label(artist, axes),
        "columns": [name for name in COLUMNS if name in columns],
        "drawn": count,
        "rows": "\n".join(",".join(map(_say, row)) for row in rows[:: -(-count // MOST)]),
    }


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(values, float), np.nan).ravel()


def _read(artist: Artist) -> tuple[str, dict]:
    """Kind and columns of an artist; no columns for what is not placed by data."""
    if isinstance(artist, Line2D):
        return "line", dict(zip("xy", artist.get_data(orig=False), strict=True))
    if isinstance(artist, StepPatch):
        values, edges, baseline = artist.get_data()
        steps = {"x_low": edges[:-1], "x_high": edges[1:], "y": values}
        if np.ndim(baseline):
            steps |= {"y_low": baseline}
        return "steps", steps
    if isinstance(artist, Rectangle):
        (x, y), width, height = artist.get_xy(), artist.get_width(), artist.get_height()
        return "bars", {"x_low": [x], "x_high": [x + width], "y_low": [y], "y_high": [y + height]}
    if isinstance(artist, Polygon):
        return "outline", dict(zip("xy", artist.get_xy().T, strict=True))
    if isinstance(artist, AxesImage):
        return "pixels", _pixels(artist)
    if isinstance(artist, QuadMesh):
        corners = artist.get_coordinates()
        centres = (corners[1:, 1:] + corners[1:, :-1] + corners[:-1, 1:] + corners[:-1, :-1]) / 4
        values = artist.get_array()
        same = values is not None and np.size(values) == centres[..., 0].size
        cells = {"x": centres[..., 0], "y": centres[..., 1]}
        return "pixels", cells | ({"value": values} if same else {})
    if isinstance(artist, LineCollection):
        return "errors", _ends(artist)
    if isinstance(artist, PathCollection) or _is_hexbin(artist):
        kind = "points" if isinstance(artist, PathCollection) else "cells"
        return kind, _points(artist)
    if isinstance(artist, PolyCollection | ContourSet):
        return "outline", _outlines(artist)
    return "", {}


def _is_hexbin(artist: Artist) -> bool:
    return isinstance(artist, PolyCollection) and len(artist.get_offsets()) > 1


def _points(artist: Collection) -> dict:
    offsets = artist.get_offsets()
    points = {"x": offsets[:, 0], "y": offsets[:, 1]}
    values = artist.get_array()
    return points | (
        {"value": values} if values is not None and len(values) == len(offsets) else {}
    )


def _ends(artist: LineCollection) -> dict:
    """First and last point of each line, as of error bars."""
    lines = [line for line in artist.get_segments() if len(line)]
    low = np.array([line[0] for line in lines]).reshape(-1, 2)
    high = np.array([line[-1] for line in lines]).reshape(-1, 2)
    return {"x_low": low[:, 0], "x_high": high[:, 0], "y_low": low[:, 1], "y_high": high[:, 1]}


def _outlines(artist: Collection) -> dict:
    """Corners of filled areas and contours; a contour's with its level."""
    paths = artist.get_paths()
    levels = artist.levels if isinstance(artist, ContourSet) else [np.nan] * len(paths)
    corners = [path.vertices for path in paths]
    if not corners:
        return {}
    every = np.concatenate(corners)
    outline = {"x": every[:, 0], "y": every[:, 1]}
    if isinstance(artist, ContourSet):
        outline["value"] = np.repeat(levels[: len(paths)], [len(one) for one in corners])
    return outline


def _pixels(artist: AxesImage) -> dict:
    """Centres of an image's pixels and their values; nothing for a picture in colours."""
    values = artist.get_array()
    if values is None or np.ndim(values) != 2:
        return {}
    left, right, bottom, top = artist.get_extent()
    if artist.origin == "upper":
        bottom, top = top, bottom
    rows, columns = values.shape
    x = left + (np.arange(columns) + 0.5) * (right - left) / columns
    y = bottom + (np.arange(rows) + 0.5) * (top - bottom) / rows
    x, y = np.meshgrid(x, y)
    return {"x": x, "y": y, "value": values}


def _say(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
