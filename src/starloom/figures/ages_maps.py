"""Maps of ages: the abundance plane, the disc, the two sequences."""

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from starloom.figures.style import PAGE_INCH, finite_range, styled

Table = Mapping[str, np.ndarray]

OLDEST_GYR = 14.0
ALPHA_RANGE = (-0.12, 0.42)
DISC_KPC = ((3, 5), (5, 7), (7, 9), (9, 11), (11, 13), (13, 15))
HEIGHTS_KPC = ((1.0, 2.0), (0.5, 1.0), (0.0, 0.5))


FEWEST = 3
"""Stars of a cell below which no mean is drawn."""


def alpha_age(catalog: Table) -> Figure:
    """Mean age on the abundance plane, and [alpha/M] against age by angular momentum."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.8))
        left, right = figure.subplots(1, 2)
        cells = _mean_age(left, catalog["fe_h"], catalog["alpha_m"], catalog["Age"], 40)
        left.set_xlabel("[Fe/H] [dex]")
        left.set_ylabel(r"[$\alpha$/M] [dex]")
        figure.colorbar(cells, ax=left, label="mean age [Gyr]")
        known = np.isfinite(catalog["lz"])
        momentum = right.hexbin(
            catalog["Age"][known], catalog["alpha_m"][known], C=catalog["lz"][known] / 1000,
            gridsize=40, mincnt=FEWEST, extent=(0, OLDEST_GYR, *ALPHA_RANGE), linewidths=0.1,
            rasterized=True, cmap="cividis", vmin=0.8, vmax=2.4,
        )  # fmt: skip
        figure.colorbar(momentum, ax=right, label=r"mean $L_z$ [$10^3$ kpc km/s]")
        centres, middle = _running_median(catalog["Age"], catalog["alpha_m"])
        right.plot(centres, middle, "--", color="C1", linewidth=1.2, label="median")
        right.legend(loc="upper left", fontsize=6)
        right.set_xlabel("age [Gyr]")
        right.set_ylabel(r"[$\alpha$/M] [dex]")
        right.set_ylim(*ALPHA_RANGE)
    return figure


def beside_astronn(catalog: Table) -> Figure:
    """Ages against those of astroNN, as a density of stars."""
    with styled():
        figure = Figure(figsize=(0.55 * PAGE_INCH, 2.9))
        axes = figure.subplots()
        known = np.isfinite(catalog["astronn_age"]) & np.isfinite(catalog["Age"])
        counts = axes.hexbin(
            catalog["astronn_age"][known], catalog["Age"][known], gridsize=40, mincnt=1,
            norm=LogNorm(1, None if known.any() else 10), linewidths=0.1,
            extent=(0, OLDEST_GYR, 0, OLDEST_GYR), rasterized=True, cmap="cividis",
        )  # fmt: skip
        axes.plot([0, OLDEST_GYR], [0, OLDEST_GYR], color="C1", linewidth=0.8)
        figure.colorbar(counts, ax=axes, label="stars per cell", format="%g")
        axes.set_xlabel("age of astroNN [Gyr]")
        axes.set_ylabel("age from the latent [Gyr]")
        axes.set_xlim(0, OLDEST_GYR)
        axes.set_ylim(0, OLDEST_GYR)
    return figure


def disc(catalog: Table) -> Figure:
    """Mean age by Galactocentric radius and height."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.7))
        axes = figure.subplots()
        cells = _mean_age(axes, catalog["radius_kpc"], catalog["height_kpc"], catalog["Age"], 50)
        axes.set_xlabel("Galactocentric radius $R$ [kpc]")
        axes.set_ylabel("height $z$ [kpc]")
        axes.set_xlim(*finite_range(catalog["radius_kpc"], 0.5))
        axes.set_ylim(*finite_range(catalog["height_kpc"], 0.5))
        figure.colorbar(cells, ax=axes, label="mean age [Gyr]")
    return figure


def abundance_grid(catalog: Table) -> Figure:
    """[Fe/H] and [alpha/M] by age in bins of radius and height."""
    radius, height = catalog["radius_kpc"], np.abs(catalog["height_kpc"])
    line = np.linspace(-1.2, 0.6, 50)
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.9))
        panels = figure.subplots(3, 6, sharex=True, sharey=True)
        for row, (low, high) in enumerate(HEIGHTS_KPC):
            for column, (inner, outer) in enumerate(DISC_KPC):
                axes = panels[row, column]
                inside = (height >= low) & (height < high) & (radius >= inner) & (radius < outer)
                points = axes.scatter(
                    catalog["fe_h"][inside], catalog["alpha_m"][inside], c=catalog["Age"][inside],
                    s=1.5, vmin=0, vmax=OLDEST_GYR, linewidths=0, rasterized=True,
                    plotnonfinite=False,
                )  # fmt: skip
                axes.plot(line, _two_sequences(line), "--", color="0.3", linewidth=0.7)
                axes.text(
                    0.95, 0.95, f"{inside.sum():,}", transform=axes.transAxes, ha="right",
                    va="top", fontsize=6,
                )  # fmt: skip
                if row == 0:
                    axes.set_title(f"{inner}-{outer} kpc", fontsize=7)
            panels[row, 0].set_ylabel(
                rf"$|z|$ {low:g}-{high:g} kpc" + "\n" + r"[$\alpha$/M] [dex]", fontsize=7
            )
        panels[0, 0].set_xlim(-1.2, 0.6)
        panels[0, 0].set_ylim(*ALPHA_RANGE)
        figure.supxlabel("[Fe/H] [dex], by Galactocentric radius", fontsize=8)
        figure.colorbar(points, ax=panels, label="age [Gyr]", aspect=40)
    return figure


def age_histograms(catalog: Table) -> Figure:
    """Ages of the high- and the low-alpha sequence."""
    high = catalog["alpha_m"] > _two_sequences(catalog["fe_h"])
    edges = np.linspace(0, OLDEST_GYR, 29)
    with styled():
        figure = Figure(figsize=(0.55 * PAGE_INCH, 2.6))
        axes = figure.subplots()
        for name, chosen, colour, style in (
            (r"low $\alpha$", ~high, "C0", "-"),
            (r"high $\alpha$", high, "C1", "--"),
        ):
            counts = np.histogram(catalog["Age"][chosen], edges)[0]
            density = counts / max(counts.sum(), 1) / np.diff(edges)
            label = f"{name}: {chosen.sum():,} stars"
            axes.stairs(density, edges, color=colour, linestyle=style, label=label)
        axes.set_xlabel("age [Gyr]")
        axes.set_ylabel("share of the sequence per Gyr")
        axes.set_xlim(0, OLDEST_GYR)
        axes.set_ylim(0, 1.3 * axes.get_ylim()[1])
        axes.legend(loc="upper right", ncols=2, fontsize=6)
    return figure


def _mean_age(axes, x, y, age, gridsize):
    good = np.isfinite(x) & np.isfinite(y)
    return axes.hexbin(
        x[good], y[good], C=age[good], gridsize=gridsize, mincnt=FEWEST, vmin=0, vmax=12,
        extent=(*finite_range(x, 0.3), *finite_range(y, 0.3)), linewidths=0.1, rasterized=True,
    )  # fmt: skip


def _two_sequences(fe_h):
    """[alpha/M] above which a star is of the high-alpha sequence: Leung et al. (2023), Eq. 8."""
    return np.maximum(-0.2211 * fe_h + 0.0442, 0.05)


def _running_median(age, alpha_m, fewest=10):
    """Median [alpha/M] in bins of 1 Gyr with enough stars."""
    edges = np.arange(0, OLDEST_GYR + 1)
    which = np.digitize(age, edges)
    kept = [b for b in range(1, len(edges)) if (which == b).sum() >= fewest]
    return edges[kept] - 0.5, [np.nanmedian(alpha_m[which == b]) for b in kept]
