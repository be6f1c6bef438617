"""Figures of the comparison with LB23: arrays in, matplotlib Figures out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from starloom.figures.scatter_vae_errors import BINS, FEW, LABELS, binned
from starloom.figures.style import PAGE_INCH, finite_range, styled

SHOWN = 5
"""Coefficients of a band whose errors are shown one by one."""

MODELS = {
    "ours": ("scatter VAE", "C2", "-"),
    "dependent": ("LB23, through labels", "C4", "-"),
    "independent": ("LB23, without labels", "C3", "--"),
}
"""Name, colour and line of each model."""

Table = Mapping[str, np.ndarray]


def draw_all(table: Table, stars: Table) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the three figures.

    Args:
        table: R(j) of the first coefficients by model: `ours`, `dependent`, `independent`.
        stars: teff [K], logg, m_h [dex] of the same stars; NaN where there is none.

    Returns:
        By name: the figure, its title and its caption.
    """
    count = f"{len(table['ours']):,} test stars"
    return {
        "lb23_first": (
            first(table),
            "First coefficients by the scatter VAE and by LB23",
            f"Distribution of R(j) for the first five coefficients of each band, {count}, by the "
            "scatter VAE and by the transformer LB23 without and through labels. Written in: half "
            "of the central 68 % of each. Laroche & Speagle (2024), Fig. 5.",
        ),
        "lb23_ratio": (
            ratio(table),
            "Reconstruction error of LB23 over that of the scatter VAE",
            f"Half of the central 68 % of R(j) over {count} by coefficient, LB23 over the scatter "
            "VAE, and the distribution of RMSE(j) over the stars. "
            "Laroche & Speagle (2024), Fig. 6.",
        ),
        "lb23_labels": (
            by_label(table, stars),
            "Reconstruction errors over labels",
            f"Median and central 68 % of RMSE(j) over the labels, {count}. Shaded: fewer than "
            f"{FEW} stars. Laroche & Speagle (2024), Fig. 9.",
        ),
    }


def first(table: Table) -> Figure:
    """Distributions of R(j) of the first coefficients of each band, by model; see `draw_all`."""
    n_band = table["ours"].shape[1] // 2
    edges = np.linspace(-20, 20, 54)
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.6))
        panels = figure.subplots(2, SHOWN, sharex=True, sharey=True)
        for row, (band, start) in enumerate((("BP", 0), ("RP", n_band))):
            for j in range(SHOWN):
                axes = panels[row, j]
                for line_of_text, (name, (label, colour, line)) in enumerate(MODELS.items()):
                    values = table[name][:, start + j]
                    density = np.histogram(values, edges)[0] / (len(values) * np.diff(edges))
                    axes.stairs(density, edges, color=colour, linestyle=line, label=label)
                    axes.text(
                        0.07, 0.93 - 0.1 * line_of_text, f"{_width(values):.2g}",
                        transform=axes.transAxes, va="top", fontsize=6.5, color=colour,
                    )  # fmt: skip
                axes.set_title(f"{band} $j={j}$", fontsize=8)
                axes.set_yscale("log")
                axes.set_ylim(3e-3, 4)
                axes.set_xlim(edges[0], edges[-1])
                axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
                axes.xaxis.set_minor_locator(NullLocator())
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        figure.supxlabel(r"$R(j) = (x_j-\hat x_j)/\sigma_j$", fontsize=9)
        figure.supylabel("density", fontsize=9)
    return figure


def ratio(table: Table) -> Figure:
    """Errors by coefficient over ours, and the distributions of RMSE(j); see `draw_all`."""
    n_band = table["ours"].shape[1] // 2
    size = {name: _width(table[name]) for name in MODELS}
    rmse = {name: np.log10(_rmse(table[name])) for name in MODELS}
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.7))
        panels = figure.subplots(1, 3, width_ratios=(1.3, 1.3, 1.1))
        panels[1].sharey(panels[0])
        for axes, (band, part) in zip(
            panels, (("BP", slice(0, n_band)), ("RP", slice(n_band, None))), strict=False
        ):
            for name in ("dependent", "independent"):
                label, colour, line = MODELS[name]
                values = (size[name] / size["ours"])[part]
                axes.plot(np.arange(len(values)), values, color=colour, linestyle=line, label=label)
            axes.axhline(1, color=MODELS["ours"][1], label=MODELS["ours"][0])
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.set_xlabel(f"{band} coefficient $j$")
        panels[0].set_ylabel("error / scatter VAE's")
        low, high = finite_range(np.concatenate(list(rmse.values())), 0.5)
        for name, (_, colour, line) in MODELS.items():
            panels[2].hist(
                rmse[name], bins=np.linspace(low, high, 41), histtype="step", color=colour,
                linestyle=line,
            )  # fmt: skip
        panels[2].set_xlabel(r"$\log_{10}$ RMSE")
        panels[2].set_ylabel("test stars")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def by_label(table: Table, stars: Table) -> Figure:
    """RMSE(j) over the labels by model, with how many stars there are; see `draw_all`."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.4))
        panels = figure.subplots(2, 3, sharex="col", sharey="row", height_ratios=(0.6, 1))
        for column, (name, edges) in enumerate(BINS.items()):
            top, axes = panels[:, column]
            middle, label = 0.5 * (edges[1:] + edges[:-1]), stars[name]
            count = binned(label, label, edges)["count"]
            top.stairs(count, edges, color="0.4")
            top.set_yscale("log")
            for model, (text, colour, line) in MODELS.items():
                trend = binned(_rmse(table[model]), label, edges)
                axes.plot(middle, trend["median"], color=colour, linestyle=line, label=text)
                axes.fill_between(
                    middle, trend["low"], trend["high"], color=colour, alpha=0.12, linewidth=0
                )
            axes.set_yscale("log")
            axes.set_xlabel(LABELS[name])
            axes.set_xlim(edges[0], edges[-1])
            for panel in (top, axes):
                for i in np.flatnonzero(count < FEW):
                    panel.axvspan(edges[i], edges[i + 1], color="0.93", zorder=-1, linewidth=0)
        panels[0, 0].set_ylabel("test stars")
        panels[1, 0].set_ylabel("RMSE(j)")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def _rmse(relative):
    return np.sqrt(np.square(relative).mean(axis=1))


def _width(values):
    """Half of the central 68 % over the stars."""
    low, high = np.percentile(values, [15.865, 84.135], axis=0)
    return 0.5 * (high - low)
