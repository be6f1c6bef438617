"""Figures of tracks in label space and in the latent space: arrays in, Figures out."""

from collections.abc import Mapping

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from starloom.figures.style import PAGE_INCH, finite_range, kiel_axes, styled

BRANCHES = {"ms": ("main sequence", "C0"), "gb": ("giant branch", "C1")}

CELLS = {
    name: LinearSegmentedColormap.from_list(name, ends)
    for name, ends in (
        ("grey", ("0.93", "0.62")),
        ("blue", ("#e2ecf6", "#93b4d6")),
    )
}
"""Light shades of densities, so that tracks stand out on them."""

HALO = [withStroke(linewidth=2.6, foreground="w")]
"""White rim of a line over cells."""

SEQUENCES = {
    "high": (r"high-$\alpha$", "C2"),
    "low": (r"low-$\alpha$", "C0"),
    "fixed": ("[M/H] = $-0.4$", "C1"),
}

ALPHA_LABEL = r"[$\alpha$/M] [dex]"

Table = Mapping[str, np.ndarray]


def kiel_tracks(points: Table, stars: Table, latent: np.ndarray) -> Figure:
    """
    Main sequence and giant branch at solar metallicity, in the Kiel diagram and in the latent.

    Args:
        points: the tracks: kind, track, teff [K], logg, z_mean, z_error, z.
        stars: teff [K] and logg of stars of the good catalogue.
        latent: their latent means, [n_star, n_latent].

    References:
        Laroche & Speagle (2024), Eqs. 10-12 and Fig. 10.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.0))
        left, right = figure.subplots(1, 2)
        dwarf = stars["logg"] > 5.9 - 0.4 * stars["teff"] / 1000
        i, j = telling(latent, dwarf)
        for chosen, shade in ((~dwarf, "grey"), (dwarf, "blue")):
            _cells(
                left, stars["teff"][chosen], stars["logg"][chosen], (3300, 7200, -0.3, 5.3), shade
            )
            _cells(right, latent[chosen, i], latent[chosen, j], _extent(latent, i, j), shade)
        teff = np.array([3300.0, 7200.0])
        left.plot(teff, 5.9 - 0.4 * teff / 1000, color="C2", linestyle="--", label="Eq. 10")
        for branch, (name, colour) in BRANCHES.items():
            rows = (points["kind"] == "kiel") & (points["track"] == branch)
            left.plot(
                points["teff"][rows], points["logg"][rows], "o-", color=colour, markersize=3,
                markeredgecolor="k", markeredgewidth=0.4, label=name, path_effects=HALO,
            )  # fmt: skip
            z = points["z"][rows]
            right.plot(
                z[:, i], z[:, j], "s:", color=colour, linewidth=1.4, markersize=3,
                markerfacecolor="w", markeredgewidth=0.8, path_effects=HALO,
            )  # fmt: skip
            _latent_track(right, points, rows, i, j, colour)
        kiel_axes(left)
        left.legend(loc="upper left")
        _latent_axes(right, latent, i, j)
        handles = [
            Patch(color=CELLS["blue"](0.6), label="stars below the line of Eq. 10"),
            Patch(color=CELLS["grey"](0.6), label="stars above it"),
            Line2D([], [], color="0.2", marker="o", markersize=3, label="latent means, averaged"),
            Line2D(
                [], [], color="0.2", linestyle=":", marker="s", markersize=3, markerfacecolor="w",
                label="averaged spectra, encoded",
            ),
        ]  # fmt: skip
        figure.legend(handles=handles, loc="outside upper right", ncols=4, fontsize=7)
    return figure


def metallicity_tracks(points: Table, latent: np.ndarray, m_h: np.ndarray) -> Figure:
    """
    Tracks at fixed metallicity, in the Kiel diagram and in the latent space.

    Args:
        points: the tracks: kind, track, metallicity [dex], teff [K], logg, z_mean, z_error.
        latent: latent means of stars of the good catalogue, [n_star, n_latent].
        m_h: their [M/H] [dex]; it chooses the two dimensions.

    References:
        Laroche & Speagle (2024), Fig. 11.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.7))
        panels = figure.subplots(1, 3)
        i, j = _correlated(latent, m_h)
        kind = points["kind"] == "metallicity"
        values = np.unique(points["metallicity"][kind])
        norm, cmap = Normalize(*finite_range(values, 0)), colormaps["viridis"]
        for value in values:
            colour = cmap(norm(value))
            for branch, panel in (("ms", panels[1]), ("gb", panels[2])):
                rows = kind & (points["track"] == branch) & (points["metallicity"] == value)
                panels[0].plot(
                    points["teff"][rows], points["logg"][rows], "o-", color=colour, markersize=2
                )
                _latent_track(panel, points, rows, i, j, colour)
        kiel_axes(panels[0])
        for branch, panel in (("ms", panels[1]), ("gb", panels[2])):
            panel.set_title(BRANCHES[branch][0])
            _latent_axes(panel, latent, i, j)
        scale = figure.colorbar(
            _mappable(norm, cmap), ax=panels, label="[M/H] of the track [dex]", pad=0.01
        )
        scale.ax.yaxis.set_major_locator(MaxNLocator(6))
    return figure


def alpha_tracks(points: Table, stars: Table, latent: np.ndarray) -> Figure:
    """
    The two alpha sequences and the track at fixed metallicity, in abundances and in the latent.

    Args:
        points: the tracks: kind, track, m_h, alpha_m [dex], z_mean, z_error.
        stars: m_h, alpha_m [dex] and `high` (1, 0) of stars of the pristine catalogue.
        latent: their latent means, [n_star, n_latent].

    References:
        Laroche & Speagle (2024), Fig. 12.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.0))
        left, right = figure.subplots(1, 2)
        size = float(np.clip(4e3 / max(len(latent), 1), 0.5, 6))
        high = stars["high"] == 1
        i, j = _correlated(latent, stars["alpha_m"], stars["m_h"])
        for chosen, colour in ((~high, "C5"), (high, "C3")):
            look = {"s": size, "color": colour, "alpha": 0.4, "linewidths": 0, "rasterized": True}
            left.scatter(stars["m_h"][chosen], stars["alpha_m"][chosen], **look)
            right.scatter(latent[chosen, i], latent[chosen, j], **look)
        for track, (name, colour) in SEQUENCES.items():
            rows = (points["kind"] == "alpha") & (points["track"] == track)
            left.plot(
                points["m_h"][rows], points["alpha_m"][rows], "o-", color=colour, markersize=3,
                markeredgecolor="k", markeredgewidth=0.4, label=name,
            )  # fmt: skip
            _latent_track(right, points, rows, i, j, colour)
        left.set_xlabel("[M/H] [dex]")
        left.set_ylabel(ALPHA_LABEL)
        left.legend(loc="lower left")
        left.set_xlim(*finite_range(stars["m_h"], 0.5))
        left.set_ylim(*finite_range(stars["alpha_m"], 0.2))
        _latent_axes(right, latent, i, j, 2)
    return figure


def corner(points: Table, latent: np.ndarray) -> Figure:
    """
    Main sequence and giant branch over all pairs of latent dimensions, all on one scale.

    Args:
        points: the tracks: kind, track, z_mean.
        latent: latent means of stars of the good catalogue, [n_star, n_latent].

    References:
        Laroche & Speagle (2024), Fig. 14.
    """
    n = latent.shape[1]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, PAGE_INCH))
        panels = figure.subplots(n, n, sharex="col", squeeze=False)
        # A range of its own would make structure of the rounding in a dimension without use.
        low, high = np.transpose([finite_range(z, 0.3) for z in latent.T])
        limits = low.min(), high.max()
        for row in range(n):
            for column in range(n):
                axes = panels[row, column]
                if column > row:
                    axes.set_axis_off()
                    continue
                if column == row:
                    axes.hist(latent[:, row], bins=np.linspace(*limits, 41), color="0.75")
                    axes.set_yticks([])
                else:
                    _cells(axes, latent[:, column], latent[:, row], limits * 2, "grey")
                for branch, (_, colour) in BRANCHES.items():
                    rows = (points["kind"] == "kiel") & (points["track"] == branch)
                    z = points["z_mean"][rows]
                    if column == row:
                        for value in z[:, row]:
                            axes.axvline(value, color=colour, linewidth=0.4)
                    else:
                        axes.plot(z[:, column], z[:, row], color=colour, linewidth=0.9)
                        axes.set_ylim(*limits)
                axes.set_xlim(*limits)
                axes.xaxis.set_major_locator(MaxNLocator(3))
                axes.tick_params(labelsize=6)
                if column < row:
                    axes.yaxis.set_major_locator(MaxNLocator(3))
                if column:
                    axes.tick_params(labelleft=False)
                if row == n - 1:
                    axes.set_xlabel(f"$z_{column}$")
                if column == 0 and row:
                    axes.set_ylabel(f"$z_{row}$")
    return figure


def telling(latent: np.ndarray, which: np.ndarray) -> tuple[int, int]:
    """The two dimensions whose means differ most between two kinds of star, over their spread."""
    if which.all() or not which.any():
        return 0, min(1, latent.shape[1] - 1)
    spread = np.sqrt(latent[which].var(axis=0) + latent[~which].var(axis=0) + 1e-12)
    order = np.argsort(-np.abs(latent[which].mean(axis=0) - latent[~which].mean(axis=0)) / spread)
    return int(order[1 % len(order)]), int(order[0])


def _correlated(latent, *labels):
    """The dimension that follows each label best, none twice; the best two for one label."""
    chosen = []
    for label in labels * 2:
        known = np.isfinite(label)
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.abs([np.corrcoef(z[known], label[known])[0, 1] for z in latent.T])
        # A dimension that hardly varies says nothing, however well it correlates.
        size = np.where(latent.std(axis=0) > 0.05, np.nan_to_num(size), -1)
        size[chosen] = -2
        chosen.append(int(np.argmax(size)))
    return chosen[0], chosen[1]


def _latent_track(axes, points, rows, i, j, colour):
    mean, error = points["z_mean"][rows], points["z_error"][rows]
    axes.errorbar(
        mean[:, i], mean[:, j], xerr=error[:, i], yerr=error[:, j], fmt="o-", color=colour,
        markersize=2.5, markeredgecolor="k", markeredgewidth=0.3, elinewidth=0.6,
    )  # fmt: skip


def _cells(axes: Axes, x, y, extent, shade):
    if len(x):
        axes.hexbin(
            x, y, gridsize=50, extent=extent, mincnt=1, norm=LogNorm(vmin=0.5), cmap=CELLS[shade],
            linewidths=0.1, rasterized=True,
        )  # fmt: skip


def _extent(latent, i, j):
    return (*finite_range(latent[:, i], 0.2), *finite_range(latent[:, j], 0.2))


def _latent_axes(axes, latent, i, j, percent=0.2):
    axes.set_xlim(*finite_range(latent[:, i], percent))
    axes.set_ylim(*finite_range(latent[:, j], percent))
    axes.set_xlabel(f"$z_{i}$")
    axes.set_ylabel(f"$z_{j}$")


def _mappable(norm, cmap):
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm, cmap)
