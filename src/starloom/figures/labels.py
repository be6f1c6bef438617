"""Figures of the study labels: arrays in, matplotlib Figures out; the list of all."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from starloom.figures import labels_errors as errors
from starloom.figures import labels_spectra as spectra
from starloom.figures.labels_errors import LABELS
from starloom.figures.style import PAGE_INCH, finite_range, styled

Table = Mapping[str, np.ndarray]

PLANES = (
    ("fe_h", "c_fe"),
    ("logg", "c_fe"),
    ("fe_h", "n_fe"),
    ("logg", "n_fe"),
    ("fe_h", "alpha_m"),
)
"""Abundance planes of the paper's Figs. 9 and 10."""


CELLS = "Panels of more than 300 stars: brighter cells hold more, on a logarithmic scale."
"""How to read them."""

SURVEYS = {"lamost_lrs": "LAMOST LRS", "lamost_mrs": "LAMOST MRS", "gspphot": "GSP-Phot"}
"""Surveys by the names of their columns."""


def draw_all(tables: Mapping[str, Table], names: list[str]) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the named figures of the study.

    Args:
        tables: `test`, `surveys`, `attention`, `spectra`, `folds`, as the study's rules write them.
        names: of the figures.

    Returns:
        By name: the figure, its title and its caption.
    """
    test, surveys = tables["test"], tables["surveys"]
    count = f"{len(test['source_id']):,} test stars"
    paper = "Fallows & Sanders (2024)"
    own = {name: test[f"dropout_{name}"] for name in LABELS}
    apogee = {name: test[f"apogee_{name}"] for name in LABELS}

    def both(survey, own="{}_xp"):
        shown = [name for name in LABELS if f"{survey}_{name}" in surveys]
        return [{n: surveys[c.format(n)] for n in shown} for c in (own, survey + "_{}")]

    def beside(survey, own="{}_xp", words="XP and photometry"):
        return against(*both(survey, own), SURVEYS[survey], words)

    def unseen(survey, own="{}_xp"):
        return f"{plotted(*both(survey, own)):,} unseen stars without flags"

    drawn = {
        "apogee": lambda: (
            against(own, apogee, "APOGEE"),
            "Labels from XP and photometry against APOGEE",
            f"Predicted labels of {count} against APOGEE's, and their differences below. {CELLS} "
            f"APOGEE's [C/Fe] ends at 1, the edge of ASPCAP's grid. {paper}, Fig. 1.",
        ),
        "lamost": lambda: (
            beside("lamost_lrs"),
            "Labels from XP and photometry against LAMOST",
            f"Labels of {unseen('lamost_lrs')} against LAMOST's low-resolution ones. {CELLS} "
            f"{paper}, Fig. 2, left.",
        ),
        "lamost_apogee": lambda: (
            beside("lamost_lrs", "apogee_{}", "APOGEE"),
            "APOGEE's labels against LAMOST",
            f"APOGEE's labels against LAMOST's low-resolution ones, of the "
            f"{unseen('lamost_lrs', 'apogee_{}')} that both have: what part of the differences is "
            f"LAMOST's own. {CELLS} {paper}, Fig. 2, right.",
        ),
        "lamost_mrs": lambda: (
            beside("lamost_mrs"),
            "Labels from XP and photometry against LAMOST's medium resolution",
            f"Labels of {unseen('lamost_mrs')} against those of LAMOST's medium-resolution spectra "
            f"(Wang et al. 2020). {CELLS} {paper}, Fig. 3.",
        ),
        "gspphot": lambda: (
            beside("gspphot"),
            "Labels from XP and photometry against GSP-Phot",
            f"Labels of {unseen('gspphot')} against Gaia's GSP-Phot; its [M/H] stands for "
            f"[Fe/H]. {CELLS} {paper}, Fig. 4.",
        ),
        "sigma_by_label": lambda: (
            errors.sigma_by_label(test),
            "Errors by origin against the labels",
            f"Median error of {count} in bins of each predicted label, recalibrated total and its "
            f"parts; grey: where the stars are. {paper}, Fig. 5.",
        ),
        "sigma_by_g": lambda: (
            errors.sigma_by_magnitude(test),
            "Errors against magnitude",
            f"Median recalibrated error of {count} by G: in dex, of Teff in 1000 K. {paper}, "
            "Fig. 6.",
        ),
        "pulls": lambda: (
            errors.pull_histograms(test),
            "Pulls of the labels",
            f"(Predicted - APOGEE's) over both errors, {count}, before and after recalibration, "
            f"with the unit Gaussian. {paper}, Fig. 7.",
        ),
        "calibration": lambda: (
            errors.calibration(tables["folds"]),
            "Calibration by magnitude, temperature and metallicity",
            f"Width of the pulls (top) and share of the stars within central intervals of 50, 68 "
            f"and 95 % (bottom, all labels together) in bins of G, Teff and [Fe/H], "
            f"{len(tables['folds']['fold']):,} stars by networks that left them out, recalibrated "
            "on the other stars left out. Bars: sampling error; dashed: what honest errors give; "
            "grey: widths within 3 % of it.",
        ),
        "methods": lambda: (
            errors.methods(test),
            "Dropout, ensemble, boosted trees and transformer",
            f"Root mean square difference from APOGEE over that of the dropout network, and mean "
            f"natural log density of APOGEE's labels minus the dropout network's [nat a star], "
            f"{count}, recalibrated. Thin bars: one sigma of the sampling of these stars.",
        ),
        "trend": lambda: (
            errors.trend_to_the_mean(test),
            "The trend to the mean",
            f"Median difference from APOGEE in bins of APOGEE's label, {count}, with equal and "
            "with label-balanced weights in training. Bars: central 68 % of the median.",
        ),
        "attention": lambda: (
            spectra.attention(tables["attention"]),
            "Attention to the inputs",
            "Standard deviation over the test stars of derivative times input, first five "
            f"coefficients of BP and RP, colours and pseudo-absolute magnitude; Teff in 1000 K. "
            f"{paper}, Eq. 13 and Fig. 8.",
        ),
        "planes": lambda: (
            planes(own, apogee),
            "Abundance planes",
            f"Predicted labels (top) and APOGEE's (bottom) of {count}. {CELLS} APOGEE's [C/Fe] "
            "ends at 1, the edge of ASPCAP's grid, where carbon-rich stars pile up. "
            f"{paper}, Figs. 9 and 10.",
        ),
        "derivatives": lambda: (
            spectra.derivatives(tables["spectra"]),
            "Derivative spectra of red-clump stars",
            "Change of the spectrum over the first RP coefficient with each abundance, each line "
            "over its largest absolute value: network's weighted pseudo-inverse (Eq. 14), its "
            "pattern with the full covariance, observed high minus low, and the simulated truth. "
            f"{paper}, Figs. 11-14.",
        ),
        "pseudo_mag": lambda: (
            pseudo_magnitude(test),
            "Surface gravity with and without the pseudo-absolute magnitude",
            f"log g of {count} by networks trained with and without the pseudo-absolute magnitude. "
            f"{paper}, Fig. A1.",
        ),
    }
    return {name: drawn[name]() for name in names}


def plotted(values: Table, references: Table) -> int:
    """Stars that have at least one label of both kinds."""
    shown = [np.isfinite(values[name]) & np.isfinite(references[name]) for name in values]
    return int(np.any(shown, axis=0).sum()) if shown else 0


def against(
    values: Table, references: Table, survey: str, words: str = "XP and photometry"
) -> Figure:
    """
    Predicted labels against another survey's, with the differences below.

    Args:
        values: predictions by label.
        references: the survey's values by label; NaN where there is none.
        survey: its name.
        words: whose predictions.

    Returns:
        Two panels a label, three labels a row.

    References:
        Fallows & Sanders (2024), Figs. 1-4.
    """
    shown = [name for name in LABELS if name in values]
    columns = 2 if len(shown) == 4 else min(3, len(shown))
    rows = -(-len(shown) // columns)
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.2 * rows))
        panels = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=(2, 1) * rows)
        for index, name in enumerate(shown):
            top, bottom = panels[2 * (index // columns) :, index % columns][:2]
            _pair(top, bottom, references[name], values[name], 0.3)
            top.set_title(LABELS[name])
            bottom.set_xlabel(survey)
            if index % columns == 0:
                top.set_ylabel(words)
                bottom.set_ylabel("difference")
        for empty in range(len(shown), rows * columns):
            for axes in panels[2 * (empty // columns) :, empty % columns][:2]:
                axes.set_axis_off()
    return figure


def planes(own: Table, apogee: Table) -> Figure:
    """
    Abundance planes as predicted and as APOGEE has them.

    Args:
        own: predictions by label.
        apogee: APOGEE's values of the same stars.

    References:
        Fallows & Sanders (2024), Figs. 9 and 10.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.6))
        panels = figure.subplots(2, len(PLANES), sharex="col", sharey="col")
        for column, (x, y) in enumerate(PLANES):
            low, high = finite_range(apogee[y], 0.5)
            # What piles up at the edge of a grid of models stays inside the frame.
            limits = (*finite_range(apogee[x], 0.3), low, high + 0.06 * (high - low))
            for axes, table in zip(panels[:, column], (own, apogee), strict=True):
                known = np.isfinite(table[x]) & np.isfinite(table[y]) & np.isfinite(apogee[y])
                _cells(axes, table[x][known], table[y][known], limits)
            panels[1, column].set_xlabel(LABELS[x])
            panels[0, column].set_ylabel(LABELS[y])
            panels[1, column].set_ylabel(LABELS[y])
        for axes, words in zip(panels[:, 0], ("predicted", "APOGEE"), strict=True):
            axes.set_title(words, loc="left")
    return figure


def pseudo_magnitude(test: Table) -> Figure:
    """
    log g against APOGEE by the networks with and without the pseudo-absolute magnitude.

    Args:
        test: of the study's test stars.

    References:
        Fallows & Sanders (2024), Fig. A1.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH * 0.7, 3.4))
        panels = figure.subplots(2, 2, height_ratios=(2, 1), sharex=True, sharey="row")
        for column, (method, words) in enumerate(
            {"dropout": "with", "no_pseudo_mag": "without"}.items()
        ):
            x, y = test["apogee_logg"], test[f"{method}_logg"]
            spread = np.abs(test["no_pseudo_mag_logg"] - x)
            _pair(*panels[:, column], x, y, 0.1, finite_range(spread, 1.0)[1])
            known = np.isfinite(x) & np.isfinite(y)
            rmse = np.sqrt(np.mean(np.square(y - x)[known])) if known.any() else np.nan
            panels[0, column].set_title(f"{words}: RMSE {rmse:.3f} dex")
            panels[1, column].set_xlabel(r"APOGEE $\log g$ [dex]")
        panels[0, 0].set_ylabel(r"predicted $\log g$ [dex]")
        panels[1, 0].set_ylabel("difference")
    return figure


def _pair(top: Axes, bottom: Axes, x, y, percent, spread=None):
    """Predicted against reference, and the difference below."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    low, high = finite_range(np.concatenate([x, y]), percent)
    spread = max(spread or finite_range(np.abs(y - x), 1.0)[1], 1e-6)
    _cells(top, x, y, (low, high, low, high))
    _cells(bottom, x, y - x, (low, high, -spread, spread), 16)
    top.plot([low, high], [low, high], color="0.3", linewidth=0.8)
    bottom.axhline(0, color="0.3", linewidth=0.8)
    top.tick_params(labelbottom=False)


def _cells(axes: Axes, x, y, limits, rows=32):
    """Stars per cell; with few stars the stars themselves."""
    if len(x) > 300:
        axes.hexbin(
            x, y, extent=limits, gridsize=(40, rows), mincnt=1, norm=LogNorm(vmin=1),
            linewidths=0.1, rasterized=True,
        )  # fmt: skip
    else:
        axes.plot(x, y, ".", markersize=2.5, color="C0", rasterized=True)
    axes.set_xlim(*limits[:2])
    axes.set_ylim(*limits[2:])
