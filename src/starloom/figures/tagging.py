"""Figures of the study tagging: arrays in, matplotlib Figures out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.style import COLUMN_INCH, PAGE_INCH, finite_range, styled

METHODS = {
    "fader": "FaderDis",
    "factor": "FactorDis",
    "contrastive": "contrastive",
    "poly": "PolyDis",
    "poly_published": "PolyDis as published",
}
SYMBOLS = {"teff": r"$T_\mathrm{eff}$", "logg": r"$\log g$", "fe_h": "[Fe/H]"}
SHOWN_BINS = 128
"""Bins of the spectra in the figure that compares the methods."""


def draw_all(
    variants: Mapping[str, Mapping], snr: Sequence[int], shown: str
) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw all figures of the study.

    Args:
        variants: by name: `method`, `remove`, and `history`, `scores`, `pairs`, `examples` as the
            study's rules write them.
        snr: signal to noise of the tests, beside none.
        shown: the variant whose abundances are shown.

    Returns:
        By name: the figure, its title and its caption.
    """
    levels = ["snrinf", *(f"snr{value}" for value in snr)]
    trained = {name: v for name, v in variants.items() if len(v["history"]["epoch"])}
    without_iron = {name: v for name, v in variants.items() if "fe_h" in v["remove"]}
    n = next(iter(variants.values()))["scores"]["n"]
    drawn = {
        "losses": (
            losses(trained),
            "Training of the methods",
            "Loss of the auto-encoder by epoch in training and validation, and of its rival where "
            "it has one. One line a seed.",
        ),
        "distances": (
            distances(without_iron, [levels[0], levels[min(2, len(levels) - 1)]]),
            "Distances of twins and of random pairs",
            "Distances in the latent in units of the mean distance of twins, with the area that "
            f"both have in common and the ROC AUC; {n // 2:,} test pairs, Teff, log g and [Fe/H] "
            "removed. de Mijolla et al. (2021), Fig. 2.",
        ),
        "doppelgangers": (
            doppelgangers(variants, levels),
            "Cumulative doppelgangers",
            "Share of the test stars with at most so many stars nearer in the latent than their "
            f"true twin, among {n - 2:,} others, by SNR of a pixel. de Mijolla et al. (2021), "
            "Fig. 3.",
        ),
        "abundances": (
            abundances(variants[shown]["pairs"], variants[shown]["scores"]),
            f"Abundances from the latent of {METHODS[variants[shown]['method']]}",
            "Abundances [dex] estimated from the latent, by a linear map and by a network, against "
            "the true ones; one star of each test pair, without noise. de Mijolla et al. (2021), "
            "Fig. 4.",
        ),
        "recast": (
            recast(_first(without_iron, ("contrastive", "factor"))["examples"]),
            "Twins recast to common parameters",
            "Two pairs of twins as they are (top), the first recast to the parameters of the "
            "second (middle), and what is left (bottom, with the noise of SNR 100). "
            "de Mijolla et al. (2021), Fig. 5.",
        ),
        "residuals": (
            residuals(without_iron),
            "Recast residuals of the methods",
            "A metal-rich pair of twins (top) and residuals of the first recast to the parameters "
            "of the second, by method, in the first bins. R: mean absolute residual over all bins, "
            "sigma its standard deviation. de Mijolla et al. (2021), Fig. 6.",
        ),
    }
    return drawn


def losses(variants: Mapping[str, Mapping]) -> Figure:
    """Losses of both players of each variant by epoch, one column a variant."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.4))
        panels = figure.subplots(2, len(variants), squeeze=False, sharex="col")
        for (top, bottom), variant in zip(panels.T, variants.values(), strict=True):
            history = variant["history"]
            for seed in np.unique(history["seed"]):
                own = {key: v[history["seed"] == seed] for key, v in history.items()}
                seen = np.isfinite(own["validation_loss"])
                top.plot(own["epoch"], own["train_loss"], color="C0", alpha=0.8)
                top.plot(own["epoch"][seen], own["validation_loss"][seen], color="C1", alpha=0.8)
                if "train_rival" in own:
                    bottom.plot(own["epoch"], own["train_rival"], color="C3", alpha=0.8)
            values = np.concatenate([history["train_loss"], history["validation_loss"]])
            low, high = finite_range(values, 4.0)
            top.set_ylim(low - 0.1 * (high - low), high + 0.2 * (high - low))
            top.ticklabel_format(style="sci", axis="y", scilimits=(-2, 3))
            top.set_title(f"{METHODS[variant['method']]}\n{_removed(variant)}", fontsize=6.5)
            if "train_rival" not in history:
                bottom.text(0.5, 0.5, "no rival", ha="center", transform=bottom.transAxes)
                bottom.set_yticks([])
            bottom.set_xlabel("epoch")
        panels[0, 0].set_ylabel("auto-encoder")
        panels[1, 0].set_ylabel("rival")
        handles = [panels[0, 0].plot([], color=c)[0] for c in ("C0", "C1", "C3")]
        figure.legend(
            handles, ["training", "validation", "rival"], loc="outside lower center", ncols=3
        )
    return figure


def distances(variants: Mapping[str, Mapping], levels: Sequence[str]) -> Figure:
    """Histograms of distances of twins and random pairs, one column a method, one row an SNR."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 1.5 * len(levels) + 0.5))
        panels = figure.subplots(len(levels), len(variants), squeeze=False, sharey="row")
        for axes, (level, variant) in zip(
            panels.ravel(), ((a, b) for a in levels for b in variants.values()), strict=True
        ):
            pairs, scores = variant["pairs"], variant["scores"][level][0]
            twin, other = (pairs[f"{kind}_distance_{level}"] for kind in ("twin", "random"))
            edges = np.linspace(0, np.percentile(other, 98), 61)
            for values, colour in ((twin, "C0"), (other, "C1")):
                axes.hist(values, edges, density=True, histtype="stepfilled", alpha=0.55,
                          color=colour)  # fmt: skip
            axes.set_xlim(0, edges[-1])
            text = f"overlap {scores['overlap']:.3f}\nAUC {scores['auc']:.4f}"
            axes.text(0.97, 0.95, text, ha="right", va="top", fontsize=6, transform=axes.transAxes)
        for axes, variant in zip(panels[0], variants.values(), strict=True):
            axes.set_title(METHODS[variant["method"]])
        for row, level in zip(panels, levels, strict=True):
            row[0].set_ylabel(f"{_snr(level)}\ndensity")
        figure.supxlabel("distance / mean distance of twins", fontsize=8)
        handles = [panels[0, 0].fill_between([], [], color=c, alpha=0.55) for c in ("C0", "C1")]
        figure.legend(handles, ["twins", "random pairs"], loc="outside upper center", ncols=2)
    return figure


def doppelgangers(variants: Mapping[str, Mapping], levels: Sequence[str]) -> Figure:
    """Cumulative share of stars by the number of stars nearer than their twin."""
    with styled():
        columns = 3
        rows = -(-len(variants) // columns)
        figure = Figure(figsize=(PAGE_INCH, 1.75 * rows + 0.5))
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes, variant in zip(panels.ravel(), variants.values(), strict=False):
            for number, level in enumerate(levels):
                counts = np.sort(variant["pairs"][f"doppelgangers_{level}"].ravel())
                x = np.arange(0, 101)
                share = np.searchsorted(counts, x, side="right") / len(counts)
                axes.step(x, 100 * share, where="post", color=f"C{number}", label=_snr(level))
            axes.set_title(f"{METHODS[variant['method']]}: {_removed(variant)}", fontsize=7)
            axes.set_xscale("symlog", linthresh=1, linscale=0.4)
            axes.set_xlim(0, 100)
            axes.set_ylim(0, 101)
        for axes in panels.ravel()[len(variants) :]:
            axes.set_axis_off()
        for axes in panels[:, 0]:
            axes.set_ylabel("stars [%]")
        figure.supxlabel(r"$N_\mathrm{doppelganger}$", fontsize=8)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(levels))
    return figure


def abundances(pairs: Mapping[str, np.ndarray], scores: Mapping[str, Mapping]) -> Figure:
    """Estimated against true abundances, one panel an element."""
    with styled():
        elements, rmse = scores["elements"], scores["rmse"]
        figure = Figure(figsize=(PAGE_INCH, 4.6))
        panels = figure.subplots(3, -(-len(elements) // 3)).ravel()
        for number, (axes, element) in enumerate(zip(panels, elements, strict=False)):
            true = pairs["true"][:, number]
            low, high = finite_range(true, 0.5)
            for kind, colour in (("linear", "C0"), ("nonlinear", "C1")):
                if kind in rmse:
                    axes.plot(true, pairs[kind][:, number], ".", markersize=0.8, color=colour,
                              rasterized=True)  # fmt: skip
            axes.plot([low, high], [low, high], color="0.2", linewidth=0.7)
            axes.set_xlim(low, high)
            axes.set_ylim(low, high)
            axes.set_box_aspect(1)
            axes.locator_params(nbins=3)
            axes.tick_params(labelsize=5.5)
            axes.set_title("[Fe/H]" if element == "Fe" else f"[{element}/Fe]", fontsize=7, pad=2)
            text = "\n".join(f"{rmse[kind][element]:.3f}" for kind in rmse)
            axes.text(0.05, 0.95, text, va="top", fontsize=5.5, transform=axes.transAxes)
        figure.supxlabel("true [dex]", fontsize=8)
        figure.supylabel("estimated [dex]", fontsize=8)
        handles = [
            panels[0].plot([], "o", color=f"C{k}", markersize=3)[0] for k in range(len(rmse))
        ]
        labels = [f"{kind} (RMSE {'first' if k == 0 else 'second'} line)"
                  for k, kind in enumerate(rmse)]  # fmt: skip
        figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def recast(examples: Mapping[str, np.ndarray]) -> Figure:
    """Two pairs: as they are, the first recast to the second's parameters, what is left."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.8))
        panels = figure.subplots(3, 2, sharex=True, sharey="row", height_ratios=(2, 2, 1.2))
        for number, (top, middle, bottom) in enumerate(panels.T):
            first, second, moved = (
                examples[name][number][: 2 * SHOWN_BINS] for name in ("first", "second", "recast")
            )
            top.plot(first, color="C0", linewidth=0.7, label="first")
            top.plot(second, color="C1", linewidth=0.7, label="second")
            middle.plot(moved, color="C0", linewidth=0.7, label="first, recast")
            middle.plot(second, color="C1", linewidth=0.7, linestyle="--", label="second")
            bottom.axhspan(-0.01, 0.01, color="0.9")
            bottom.plot(moved - second, color="C2", linewidth=0.7)
            bottom.set_ylim(-0.03, 0.03)
            bottom.set_xlabel("bin")
            teff, logg = examples["teff"][number], examples["logg"][number]
            top.set_title(
                f"[Fe/H] = {examples['fe_h'][number]:.2f}; {teff[0]:.0f} K, {logg[0]:.2f} and "
                f"{teff[1]:.0f} K, {logg[1]:.2f}",
                fontsize=7,
            )
        for axes, text in zip(panels[:, 0], ("flux", "flux", "residual"), strict=True):
            axes.set_ylabel(text)
        for axes in panels[:2, 0]:
            axes.legend(loc="lower left", fontsize=6, ncols=2)
    return figure


def residuals(variants: Mapping[str, Mapping]) -> Figure:
    """Residuals of the same metal-rich pair by method."""
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 1.2 + 0.62 * len(variants)))
        heights = (1.8, *(1.0 for _ in variants))
        top, *rest = figure.subplots(1 + len(variants), 1, sharex=True, height_ratios=heights)
        for number, (axes, variant) in enumerate(zip(rest, variants.values(), strict=True)):
            examples = variant["examples"]
            if number == 0:
                top.plot(examples["first"][0][:SHOWN_BINS], color="0.6", linewidth=0.7)
                top.plot(examples["second"][0][:SHOWN_BINS], color="0.1", linewidth=0.7)
            left = examples["recast"][0] - examples["second"][0]
            axes.plot(left[:SHOWN_BINS], color=f"C{number}", linewidth=0.7)
            axes.axhline(0, color="0.5", linewidth=0.5)
            axes.set_ylim(-0.03, 0.03)
            size = np.abs(left)
            text = f"{METHODS[variant['method']]}: R = {size.mean():.4f}, "
            axes.set_title(text + rf"$\sigma_R$ = {size.std():.4f}", fontsize=6, pad=1.5)
        top.set_ylabel("flux")
        rest[len(rest) // 2].set_ylabel("recast - twin")
        rest[-1].set_xlabel("bin")
    return figure


def _first(variants, methods):
    """The first variant of the first of these methods that there is; else any."""
    for method in methods:
        for variant in variants.values():
            if variant["method"] == method:
                return variant
    return next(iter(variants.values()))


def _removed(variant):
    if len(variant["remove"]) > len(SYMBOLS):
        return f"without {len(variant['remove'])} parameters"
    return "without " + ", ".join(SYMBOLS.get(name, name) for name in variant["remove"])


def _snr(level):
    return "no noise" if level == "snrinf" else f"SNR {level[3:]}"
