"""Figures of the errors of the labels: their parts, pulls, calibration, methods, trends."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from scipy.stats import norm

from starloom.figures.style import COLUMN_INCH, PAGE_INCH, finite_range, styled

LABELS = {
    "fe_h": "[Fe/H] [dex]",
    "teff": r"$T_\mathrm{eff}$ [K]",
    "logg": r"$\log g$ [dex]",
    "c_fe": "[C/Fe] [dex]",
    "n_fe": "[N/Fe] [dex]",
    "alpha_m": r"[$\alpha$/M] [dex]",
}
"""Labels in the order of the paper's figures."""

PARTS = {"model": "C3", "input": "C0", "excess": "C2"}
"""Colours of the errors by origin."""

METHODS = {
    "dropout": "dropout",
    "ensemble": "ensemble",
    "balanced": "balanced weights",
    "no_pseudo_mag": "no pseudo-mag.",
    "xgboost": "boosted trees",
    "transformer": "transformer",
}

LEVELS = (0.50, 0.68, 0.95)

Table = Mapping[str, np.ndarray]


def short(name: str) -> str:
    """A label without its unit."""
    return LABELS[name].rpartition(" ")[0]


def unit(name: str) -> str:
    """A label's unit, in brackets."""
    return LABELS[name].rpartition(" ")[2]


def sigma_by_label(test: Table) -> Figure:
    """
    Median errors by origin in bins of each predicted label, over where the stars are.

    Args:
        test: of the study's test stars.

    References:
        Fallows & Sanders (2024), Fig. 5.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.2))
        panels = figure.subplots(2, 3)
        for axes, name in zip(panels.flat, LABELS, strict=True):
            value = test[f"dropout_{name}"]
            low, high = finite_range(value, 1.5)
            behind = axes.twinx()
            behind.hist(value, bins=np.linspace(low, high, 25), color="0.9")
            behind.set_yticks([])
            axes.set_zorder(behind.get_zorder() + 1)
            axes.patch.set_visible(False)
            for part, colour in PARTS.items():
                _medians(axes, value, test[f"dropout_{name}_{part}"], label=part, color=colour)
            total = test[f"dropout_{name}_sigma"]
            _medians(axes, value, total, label="total", color="k", linewidth=1.4)
            axes.set_xlim(low, high)
            axes.set_ylim(0, None)
            axes.set_xlabel(LABELS[name])
            axes.set_ylabel(f"median error {unit(name)}")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4
        )
    return figure


def sigma_by_magnitude(test: Table) -> Figure:
    """
    Median total errors against G.

    References:
        Fallows & Sanders (2024), Fig. 6.
    """
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 2.9))
        axes = figure.subplots()
        for index, name in enumerate(LABELS):
            scale = 1e-3 if name == "teff" else 1.0
            sigma = scale * test[f"dropout_{name}_sigma"]
            words = short(name) + (" / 1000 K" if name == "teff" else "")
            _medians(axes, test["phot_g_mean_mag"], sigma, label=words, color=f"C{index}")
        axes.set_yscale("log")
        axes.set_xlabel("$G$ [mag]")
        axes.set_ylabel("median error [dex or 1000 K]")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
    return figure


def pull_histograms(test: Table) -> Figure:
    """
    Pulls against APOGEE before and after recalibration, with the unit Gaussian.

    References:
        Fallows & Sanders (2024), Eq. 12 and Fig. 7.
    """
    edges = np.linspace(-4, 4, 41)
    middle = 0.5 * (edges[1:] + edges[:-1])
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.8))
        panels = figure.subplots(2, 3, sharex=True, sharey=True)
        for axes, name in zip(panels.flat, LABELS, strict=True):
            for kind, colour, words in (
                ("raw", "0.6", "as the network says"),
                ("sigma", "C0", "recalibrated"),
            ):
                pull = _pull(test, "dropout", name, kind)
                density = np.histogram(pull, edges)[0] / max(len(pull), 1) / np.diff(edges)
                axes.stairs(density, edges, color=colour, label=words)
            axes.plot(middle, norm.pdf(middle), color="C3", linestyle="--", label="unit Gaussian")
            axes.set_title(short(name))
            axes.label_outer()
        for axes in panels[1]:
            axes.set_xlabel("pull")
        for axes in panels[:, 0]:
            axes.set_ylabel("density")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3
        )
    return figure


def calibration(stars: Table, bins: int = 6) -> Figure:
    """
    Width of the pulls and coverage in bins of G, Teff and [Fe/H].

    Args:
        stars: that the networks have not seen.
        bins: of equally many stars.
    """
    along = {
        "$G$ [mag]": stars["phot_g_mean_mag"],
        LABELS["teff"]: stars["dropout_teff"],
        LABELS["fe_h"]: stars["dropout_fe_h"],
    }
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.9))
        panels = figure.subplots(2, 3, sharex="col", sharey="row")
        for column, (words, values) in enumerate(along.items()):
            edges = np.quantile(values[np.isfinite(values)], np.linspace(0, 1, bins + 1))
            group = np.clip(np.searchsorted(edges, values) - 1, 0, bins - 1)
            middle = [np.median(values[group == i]) for i in range(bins) if np.any(group == i)]
            inside = {level: [[] for _ in middle] for level in LEVELS}
            for index, name in enumerate(LABELS):
                pull = _pull(stars, "dropout", name, "sigma", keep=True)
                parts = [pull[(group == i) & np.isfinite(pull)] for i in range(len(middle))]
                widths = [_width(part) for part in parts]
                # The sampling error of half a central interval of a Gaussian.
                bars = [0.96 / max(len(part), 1) ** 0.5 for part in parts]
                panels[0, column].errorbar(
                    *(middle, widths, bars), fmt="o-", markersize=2.5, color=f"C{index}",
                    elinewidth=0.6, label=short(name),
                )  # fmt: skip
                for i, part in enumerate(parts):
                    for level in LEVELS:
                        inside[level][i] += (np.abs(part) < norm.ppf(0.5 + level / 2)).tolist()
            panels[0, column].axhspan(0.97, 1.03, color="0.9", zorder=0)
            panels[0, column].axhline(1, color="0.3", linestyle="--", linewidth=0.8)
            for level in LEVELS:
                share = [np.mean(s) if s else np.nan for s in inside[level]]
                panels[1, column].plot(middle, share, "ko-", markersize=2.5)
                panels[1, column].axhline(level, color="0.3", linestyle="--", linewidth=0.8)
            panels[1, column].set_xlabel(words)
        panels[0, 0].set_ylim(0.6, 1.4)
        panels[1, 0].set_ylim(0, 1)
        panels[0, 0].set_ylabel("width of the pulls")
        panels[1, 0].set_ylabel("share inside")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=6
        )
    return figure


def methods(test: Table) -> Figure:
    """
    The methods beside the dropout network: RMSE and held-out likelihood by label.

    Args:
        test: of the study's test stars.
    """
    shown = [method for method in METHODS if f"{method}_teff_raw" in test]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.8))
        left, right = figure.subplots(1, 2)
        place = np.arange(len(LABELS))
        width = 0.8 / len(shown)
        for index, method in enumerate(shown):
            ratio, ratio_error, gain, gain_error = np.transpose(
                [beside_dropout(test, method, name) for name in LABELS]
            )
            at = place + (index - (len(shown) - 1) / 2) * width
            look = {"color": f"C{index}", "ecolor": "0.3", "error_kw": {"elinewidth": 0.7}}
            left.bar(at, ratio, width, yerr=ratio_error, label=METHODS[method], **look)
            right.bar(at, gain, width, yerr=gain_error, **look)
        left.axhline(1, color="0.3", linewidth=0.8)
        right.axhline(0, color="0.3", linewidth=0.8)
        left.set_ylabel("RMSE over the dropout network's")
        right.set_ylabel("log density minus dropout's [nat]")
        for axes in (left, right):
            axes.set_xticks(place, [short(name) for name in LABELS])
            axes.xaxis.set_minor_locator(FixedLocator([]))
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside upper center", ncols=len(shown)
        )
    return figure


def trend_to_the_mean(test: Table) -> Figure:
    """Median difference from APOGEE by APOGEE's label, with equal and with balanced weights."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.8))
        panels = figure.subplots(2, 3)
        for axes, name in zip(panels.flat, LABELS, strict=True):
            reference = test[f"apogee_{name}"]
            for method, colour in (("dropout", "C0"), ("balanced", "C1")):
                difference = test[f"{method}_{name}"] - reference
                words = "equal weights" if method == "dropout" else "balanced weights"
                _medians(
                    axes, reference, difference, fmt="o-", color=colour, label=words, bars=True
                )
            axes.axhline(0, color="0.3", linewidth=0.8)
            axes.set_xlabel(f"APOGEE {LABELS[name]}")
            axes.set_ylabel(f"median difference {unit(name)}")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2
        )
    return figure


def beside_dropout(test: Table, method: str, name: str) -> tuple[float, float, float, float]:
    """
    RMSE of a method's label over the dropout network's, and mean log density minus that one's.

    Args:
        test: of the study's test stars.
        method: of `METHODS`.
        name: of the label.

    Returns:
        Each with one sigma of the stars' sampling (the ratio's by propagation), of the stars that
        both have.
    """
    ours, density = _quality(test, method, name)
    other, usual = _quality(test, "dropout", name)
    known = np.isfinite(density) & np.isfinite(usual)
    first, second, gain = ours[known], other[known], (density - usual)[known]
    if len(gain) < 2:
        return (np.nan,) * 4
    ratio = np.sqrt(first.mean() / second.mean())
    spread = np.std(first / first.mean() - second / second.mean(), ddof=1)
    root = len(gain) ** 0.5
    return ratio, 0.5 * ratio * spread / root, gain.mean(), np.std(gain, ddof=1) / root


def median_interval(values: np.ndarray) -> tuple[float, float, float]:
    """Median and what lies below and above it in its central 68 %, by the order of the values."""
    half = min(0.5 / max(len(values), 1) ** 0.5, 0.5)
    low, middle, high = np.quantile(values, [0.5 - half, 0.5, 0.5 + half])
    return middle, middle - low, high - middle


def _medians(axes: Axes, x, y, bins=12, bars=False, **style):
    """Medians of y in bins of equally many x, at least eight stars each, with errors if asked."""
    known = np.isfinite(x) & np.isfinite(y)
    order = np.argsort(x[known], kind="stable")
    groups = np.array_split(order, max(1, min(bins, len(order) // 8)))
    points = [(np.median(x[known][g]), *median_interval(y[known][g])) for g in groups if len(g)]
    if points:
        middle, median, *errors = np.transpose(points)
        axes.errorbar(
            middle, median, errors if bars else None, markersize=2.5, elinewidth=0.7, **style
        )


def _pull(test, method, name, kind, keep=False):
    own, reference = test[f"{method}_{name}_{kind}"], test[f"apogee_{name}_error"]
    difference = test[f"{method}_{name}"] - test[f"apogee_{name}"]
    pull = difference / np.sqrt(np.square(own) + np.square(reference))
    return pull if keep else pull[np.isfinite(pull)]


def _width(pull):
    if len(pull) < 10:
        return np.nan
    low, high = np.percentile(pull, [15.865, 84.135])
    return 0.5 * (high - low)


def _quality(test, method, name):
    """Squared difference from APOGEE's label and its log density, star by star."""
    pull = _pull(test, method, name, "sigma", keep=True)
    difference = test[f"{method}_{name}"] - test[f"apogee_{name}"]
    own, reference = test[f"{method}_{name}_sigma"], test[f"apogee_{name}_error"]
    total = np.square(own) + np.square(reference)
    return np.square(difference), -0.5 * (np.square(pull) + np.log(2 * np.pi * total))
