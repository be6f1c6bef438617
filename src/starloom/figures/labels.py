"""Figures of the study labels: arrays in, matplotlib Figures out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from starloom.figures.style import PAGE_INCH, finite_range, styled

LABELS = {
    "fe_h": "[Fe/H] [dex]",
    "teff": r"$T_\mathrm{eff}$ [K]",
    "logg": r"$\log g$ [dex]",
    "c_fe": "[C/Fe] [dex]",
    "n_fe": "[N/Fe] [dex]",
    "alpha_m": r"[$\alpha$/M] [dex]",
}
"""Labels in the order of the paper's figures."""

Table = Mapping[str, np.ndarray]


def draw_all(tables: Mapping[str, Table], names: list[str]) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the named figures of the study.

    Args:
        tables: `test`, `catalog`, `stars`, as the study's rules write them.
        names: of the figures.

    Returns:
        By name: the figure, its title and its caption.
    """
    test = tables["test"]
    count = f"{len(test['source_id']):,} test stars"
    drawn = {
        "apogee": lambda: (
            against(
                {n: test[f"dropout_{n}"] for n in LABELS},
                {n: test[f"apogee_{n}"] for n in LABELS},
                "APOGEE",
            ),
            "Labels from XP and photometry against APOGEE",
            f"Predicted labels of {count} against APOGEE's, and their differences below; colour: "
            "stars per cell. Fallows & Sanders (2024), Fig. 1.",
        ),
    }
    return {name: drawn[name]() for name in names}


def against(values: Table, references: Table, survey: str) -> Figure:
    """
    Predicted labels against another survey's, with the differences below.

    Args:
        values: predictions by label.
        references: the survey's values by label; NaN where there is none.
        survey: its name.

    Returns:
        Two panels a label, three labels a row.

    References:
        Fallows & Sanders (2024), Figs. 1-4.
    """
    shown = [name for name in LABELS if name in values]
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.2 * rows))
        panels = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=(2, 1) * rows)
        for index, name in enumerate(shown):
            top, bottom = panels[2 * (index // columns) :, index % columns][:2]
            x, y = references[name], values[name]
            known = np.isfinite(x) & np.isfinite(y)
            x, y = x[known], y[known]
            low, high = finite_range(np.concatenate([x, y]), 0.3)
            spread = max(finite_range(np.abs(y - x), 1.0)[1], 1e-6)
            grid = {"gridsize": 40, "mincnt": 1, "linewidths": 0.1, "rasterized": True}
            norm_ = LogNorm(vmin=1) if len(x) else None
            top.hexbin(x, y, extent=(low, high, low, high), norm=norm_, **grid)
            top.plot([low, high], [low, high], color="0.3", linewidth=0.8)
            bottom.hexbin(x, y - x, extent=(low, high, -spread, spread), norm=norm_, **grid)
            bottom.axhline(0, color="0.3", linewidth=0.8)
            top.set_xlim(low, high)
            top.set_ylim(low, high)
            bottom.set_xlim(low, high)
            bottom.set_ylim(-spread, spread)
            top.set_title(LABELS[name])
            top.tick_params(labelbottom=False)
            bottom.set_xlabel(survey)
            if index % columns == 0:
                top.set_ylabel("XP and photometry")
                bottom.set_ylabel("difference")
    return figure
