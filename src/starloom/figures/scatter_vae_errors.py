"""Figures of the reconstruction errors and of the labels' quality: arrays in, Figures out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator
from scipy.stats import norm

from starloom.figures.style import PAGE_INCH, finite_range, styled

FIRST = 5
"""Coefficients of a band whose errors are shown one by one."""

SHOWN = 10
"""Wavelengths whose errors are shown one by one."""

BINS = {
    "teff": np.arange(3000.0, 7501.0, 250.0),
    "logg": np.arange(-0.5, 5.6, 0.5),
    "m_h": np.arange(-2.5, 0.76, 0.25),
}
"""Edges of the bins of each label [K, dex, dex]."""

FEW = 100
"""Stars in a bin below which the paper calls its trend unreliable."""

LABELS = {
    "teff": r"$T_\mathrm{eff}$ [K]",
    "logg": r"$\log g$ [dex]",
    "m_h": r"[M/H] [dex]",
}

QUALITY = {
    "teff": (r"$T_\mathrm{eff}/\sigma(T_\mathrm{eff})$", (3000, 7500)),
    "logg": (r"$\sigma(\log g)$ [dex]", (-0.5, 5.5)),
    "m_h": (r"$\sigma$([M/H]) [dex]", (-2.5, 0.7)),
}
"""What the cuts ask of each label, and the range of the label that is shown."""

COLOURS = {"full": "0.6", "good": "C0", "pristine": "C1"}

Table = Mapping[str, np.ndarray]


def binned(values: np.ndarray, label: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
    """
    Values of the stars in bins of a label.

    Args:
        values: of each star.
        label: of each star; NaN where there is none.
        edges: of the bins, increasing; a bin holds its lower edge.

    Returns:
        For each bin `count`, and `low`, `median`, `high`: the 16th, 50th and 84th percentile of
        the values, NaN in a bin without a star.
    """
    place = np.searchsorted(edges, label, side="right") - 1
    members = [values[(place == i) & (label < edges[-1])] for i in range(len(edges) - 1)]
    shares = [np.percentile(m, [15.865, 50, 84.135]) if len(m) else [np.nan] * 3 for m in members]
    found = dict(zip(("low", "median", "high"), np.transpose(shares), strict=True))
    return {"count": np.array([len(m) for m in members])} | found


def label_errors(stars: Table) -> Figure:
    """
    Quality of each label over its value in the full, good and pristine catalogues.

    Args:
        stars: teff [K], logg, m_h [dex], their `_err`, and `in_full`, `in_good`, `in_pristine`.

    References:
        Laroche & Speagle (2024), Fig. 1.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.5))
        for axes, (name, (what, limits)) in zip(
            figure.subplots(1, 3), QUALITY.items(), strict=True
        ):
            value, error = stars[name], stars[f"{name}_err"]
            with np.errstate(divide="ignore", invalid="ignore"):
                quality = value / error if name == "teff" else error
            for catalogue, colour in COLOURS.items():
                chosen = stars[f"in_{catalogue}"] & np.isfinite(value) & (error > 0)
                axes.plot(
                    value[chosen], quality[chosen], ".", markersize=1.2, color=colour,
                    rasterized=True, label=f"{catalogue}: {stars[f'in_{catalogue}'].sum():,}",
                )  # fmt: skip
            axes.set_yscale("log")
            axes.set_xlim(*limits)
            axes.set_xlabel(LABELS[name])
            axes.set_ylabel(what)
        handles, names = axes.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=3, markerscale=8)
    return figure


def first_coefficients(relative: np.ndarray, n_bp: int) -> Figure:
    """
    Distribution of R(j) for the first coefficients of each band.

    Args:
        relative: R(j) = (x - xhat)/sigma of the test stars, [n_star, n_coefficient].
        n_bp: how many of the coefficients are BP's; they come first.

    References:
        Laroche & Speagle (2024), Fig. 5.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.2))
        panels = figure.subplots(2, FIRST, sharex=True, sharey=True)
        for row, (band, start) in enumerate((("BP", 0), ("RP", n_bp))):
            for j in range(FIRST):
                _spread(panels[row, j], relative[:, start + j], f"{band} $j={j}$", f"C{row}")
        figure.supxlabel(r"$R(j) = (x_j-\hat x_j)/\sigma_j$", fontsize=9)
        figure.supylabel("density", fontsize=9)
    return figure


def wavelengths(relative: np.ndarray, wavelength_nm: np.ndarray) -> Figure:
    """
    Distribution of R(lambda) at ten wavelengths, and its centre and width at all.

    Args:
        relative: R(lambda) of the test stars, [n_star, n_pixel].
        wavelength_nm: of the pixels.

    References:
        Laroche & Speagle (2024), Eq. 8 and Fig. 7.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.9))
        above, below = figure.subfigures(2, 1, height_ratios=(1.5, 1))
        panels = above.subplots(2, SHOWN // 2, sharex=True, sharey=True)
        shown = np.linspace(0, len(wavelength_nm) - 1, SHOWN).round().astype(int)
        for axes, i in zip(panels.flat, shown, strict=True):
            _spread(axes, relative[:, i], f"{wavelength_nm[i]:.0f} nm", "C2")
        above.supxlabel(r"$R(\lambda) = (x-\hat x)/\sigma$", fontsize=9)
        above.supylabel("density", fontsize=9)
        axes = below.subplots()
        low, median, high = np.percentile(relative, [15.865, 50, 84.135], axis=0)
        axes.fill_between(
            wavelength_nm, low, high, color="C2", alpha=0.3, linewidth=0, label="central 68 %"
        )
        axes.plot(wavelength_nm, median, color="C2", label="median")
        for level in (-1, 0, 1):
            axes.axhline(level, color="0.5", linewidth=0.6, linestyle=":" if level else "-")
        axes.set_xlabel(r"$\lambda$ [nm]")
        axes.set_ylabel(r"$R(\lambda)$")
        axes.legend(ncols=2, loc="upper center")
    return figure


def by_label(errors: Table, stars: Table) -> Figure:
    """
    Reconstruction errors of the test stars over their labels, with how many stars there are.

    Args:
        errors: RMSE of each star by the name to show.
        stars: teff [K], logg, m_h [dex] of the same stars; NaN where there is none.

    References:
        Laroche & Speagle (2024), Fig. 9.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 1.3 + 1.6 * len(errors)))
        heights = (0.7, *(1 for _ in errors))
        panels = figure.subplots(
            1 + len(errors), 3, sharex="col", sharey="row", squeeze=False, height_ratios=heights
        )
        for column, (name, edges) in enumerate(BINS.items()):
            middle = 0.5 * (edges[1:] + edges[:-1])
            label = stars[name]
            count = binned(label, label, edges)["count"]
            panels[0, column].stairs(count, edges, color="C0")
            panels[0, column].set_yscale("log")
            for row, (what, values) in enumerate(errors.items(), start=1):
                axes = panels[row, column]
                low, high = finite_range(values, 0.2)
                low = max(low, 1e-3 * high)
                known = np.isfinite(label) & np.isfinite(values)
                cells = axes.hist2d(
                    label[known], values[known],
                    bins=[np.linspace(edges[0], edges[-1], 41), np.geomspace(low, high, 31)],
                    cmin=1, norm=LogNorm(1, max(2, len(values) / 30)),
                    cmap="Blues", rasterized=True,
                )[3]  # fmt: skip
                trend = binned(values, label, edges)
                axes.plot(middle, trend["median"], color="C1", label="median")
                for edge in ("low", "high"):
                    axes.plot(middle, trend[edge], color="C1", linewidth=0.7, linestyle="--")
                axes.set_yscale("log")
                if column == 0:
                    axes.set_ylabel(what)
                if column == len(BINS) - 1:
                    figure.colorbar(cells, ax=axes, label="stars", format="%g")
            for axes in panels[:, column]:
                for i in np.flatnonzero(count < FEW):
                    axes.axvspan(edges[i], edges[i + 1], color="0.93", zorder=-1, linewidth=0)
                axes.set_xlim(edges[0], edges[-1])
            panels[-1, column].set_xlabel(LABELS[name])
        panels[0, 0].set_ylabel("test stars")
        panels[1, 0].legend(loc="upper left")
    return figure


def _spread(axes, values, title, colour):
    """Histogram of relative errors with the unit Gaussian and the median, the bias, written in."""
    edges = np.linspace(-8, 8, 65)
    middle = 0.5 * (edges[1:] + edges[:-1])
    density = np.histogram(values, edges)[0] / (max(len(values), 1) * np.diff(edges))
    axes.stairs(density, edges, color=colour, fill=True, alpha=0.4)
    axes.plot(middle, norm.pdf(middle), color="0.3", linestyle="--", linewidth=0.8)
    axes.set_title(title, fontsize=8)
    low, median, high = np.percentile(values, [15.865, 50, 84.135])
    axes.text(
        0.04, 0.95, f"bias ${median:+.2f}$\nwidth ${0.5 * (high - low):.2f}$",
        transform=axes.transAxes, va="top", fontsize=6.5,
    )  # fmt: skip
    axes.set_xlim(-8, 8)
    axes.set_ylim(0, None)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_minor_locator(NullLocator())
