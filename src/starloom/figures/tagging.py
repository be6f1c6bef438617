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

SMALL = 1e3
"""Residuals and small losses are drawn times this: in units of 0.001."""


def draw_all(
    variants: Mapping[str, Mapping],
    snr: Sequence[int],
    shown: str,
    wavelength: np.ndarray | None = None,
) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw all figures of the study.

    Args:
        variants: by name: `method`, `remove`, and `history`, `scores`, `pairs`, `examples` as the
            study's rules write them.
        snr: signal to noise of the tests, beside none.
        shown: the variant whose abundances are shown.
        wavelength: of the spectra's bins [Angstrom, vacuum]; None where a library does not say.

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
            "it has one. One line a seed; each panel has its own range, each method its own loss, "
            "in units of 0.001 where the heading says so.",
        ),
        "distances": (
            distances(without_iron, [levels[0], levels[min(2, len(levels) - 1)]]),
            "Distances of twins and of random pairs",
            "Distances in the latent in units of the mean distance of twins, with the area that "
            f"both have in common and the ROC AUC; {n // 2:,} test pairs, Teff, log g and [Fe/H] "
            "removed. Drawn and written in is the first seed; the numbers are means where there "
            "are several. de Mijolla et al. (2021), Fig. 2.",
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
            "Density of stars in true and estimated abundance [dex], by a linear map from the "
            "latent and by a network, with the RMSE [dex]; one star of each test pair, without "
            "noise. de Mijolla et al. (2021), Fig. 4.",
        ),
        "recast": (
            recast(_first(without_iron, ("contrastive", "factor"))["examples"], wavelength),
            "Twins recast to common parameters",
            "Two pairs of twins as they are (top), the first recast to the parameters of the "
            "second (middle), and what is left (bottom; grey: 0.01, the noise of SNR 100). "
            "de Mijolla et al. (2021), Fig. 5.",
        ),
        "residuals": (
            residuals(without_iron, wavelength),
            "Recast residuals of the methods",
            "A metal-rich pair of twins (top) and residuals of the first recast to the parameters "
            "of the second, by method, in the first bins; each method has its own range. R: mean "
            "absolute residual over all bins, sigma its standard deviation. de Mijolla et al. "
            "(2021), Fig. 6.",
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
            values = np.concatenate([history["train_loss"], history["validation_loss"]])
            scale = SMALL if np.nanmedian(np.abs(values)) < 0.1 else 1.0
            for seed in np.unique(history["seed"]):
                own = {key: v[history["seed"] == seed] for key, v in history.items()}
                seen = np.isfinite(own["validation_loss"])
                for name, kept, colour in (
                    ("train", slice(None), "C0"),
                    ("validation", seen, "C1"),
                ):
                    loss = scale * own[f"{name}_loss"][kept]
                    top.plot(own["epoch"][kept], loss, color=colour, alpha=0.8)
                if "train_rival" in own:
                    bottom.plot(own["epoch"], own["train_rival"], color="C3", alpha=0.8)
            low, high = finite_range(scale * values, 4.0)
            top.set_ylim(low - 0.1 * (high - low), high + 0.2 * (high - low))
            top.ticklabel_format(style="plain", useOffset=False, axis="y")
            heading = [METHODS[variant["method"]], _removed(variant, "no")]
            heading += ["loss [$10^{-3}$]" if scale == SMALL else "loss"]
            top.set_title("\n".join(heading), fontsize=6)
            if "train_rival" in history:
                bottom.set_xlabel("epoch")
            else:
                bottom.remove()
                top.tick_params(labelbottom=True)
                top.set_xlabel("epoch")
            for axes in (top, bottom):
                axes.tick_params(labelsize=6)
        panels[0, 0].set_ylabel("auto-encoder's\nloss")
        panels[1, 0].set_ylabel("rival's loss")
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
            axes.tick_params(axis="y", which="both", right=False)  # the text is there
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
    """Density of estimated against true abundances: six panels a row, one a kind and element."""
    with styled():
        kinds = {"linear": "linear", "nonlinear": "network"}
        shown = [(n, element, kind) for n, element in enumerate(scores["elements"])
                 for kind in kinds if kind in scores["rmse"]]  # fmt: skip
        rows = -(-len(shown) // 6)
        figure = Figure(figsize=(PAGE_INCH, 1.18 * rows + 0.3))
        panels = figure.subplots(rows, 6, squeeze=False).ravel()
        for axes, (number, element, kind) in zip(panels, shown, strict=False):
            true = pairs["true"][:, number]
            low, high = finite_range(true, 0.5)
            axes.hexbin(true, pairs[kind][:, number], gridsize=24, extent=(low, high, low, high),
                        bins="log", mincnt=1, cmap="viridis", linewidths=0.1,
                        rasterized=True)  # fmt: skip
            axes.plot([low, high], [low, high], color="0.2", linewidth=0.7)
            axes.set_xlim(low, high)
            axes.set_ylim(low, high)
            axes.set_box_aspect(1)
            axes.locator_params(nbins=3)
            axes.tick_params(labelsize=5.5)
            symbol = "[Fe/H]" if element == "Fe" else f"[{element}/Fe]"
            rmse = scores["rmse"][kind][element]
            axes.set_title(f"{symbol}, {kinds[kind]}: {rmse:.3f}", fontsize=6.5, pad=2)
        for axes in panels[len(shown) :]:
            axes.remove()
        figure.supxlabel("true [dex]", fontsize=8)
        figure.supylabel("estimated [dex]", fontsize=8)
    return figure


def recast(examples: Mapping[str, np.ndarray], wavelength: np.ndarray | None = None) -> Figure:
    """Two pairs: as they are, the first recast to the second's parameters, what is left."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.8))
        panels = figure.subplots(3, 2, sharex=True, height_ratios=(2, 2, 1.2))
        for number, (top, middle, bottom) in enumerate(panels.T):
            first, second, moved = (
                examples[name][number][: 2 * SHOWN_BINS] for name in ("first", "second", "recast")
            )
            x, label = _along(wavelength, len(first))
            top.plot(x, first, color="C0", linewidth=0.7, label="first")
            top.plot(x, second, color="C1", linewidth=0.7, label="second")
            middle.plot(x, moved, color="C0", linewidth=0.7, label="first, recast")
            middle.plot(x, second, color="C1", linewidth=0.7, linestyle="--", label="second")
            bottom.axhspan(-0.01 * SMALL, 0.01 * SMALL, color="0.9")
            _residual(bottom, x, moved - second, "C2", 0.012)
            bottom.set_xlabel(label)
            teff, logg = examples["teff"][number], examples["logg"][number]
            both = [rf"{t:.0f} K, $\log g$ = {g:.2f}" for t, g in zip(teff, logg, strict=True)]
            iron = f"[Fe/H] = {examples['fe_h'][number]:.2f}".replace("-", "\N{MINUS SIGN}")
            top.set_title(f"{iron}; {both[0]} and {both[1]}", fontsize=7)
        for row in panels[:2]:
            row[1].sharey(row[0])
            row[0].autoscale(axis="y")
            row[0].set_ylabel("flux / continuum")
            row[0].legend(loc="lower left", fontsize=6, ncols=2)
        panels[2, 0].set_ylabel("residual [$10^{-3}$]")
    return figure


def residuals(variants: Mapping[str, Mapping], wavelength: np.ndarray | None = None) -> Figure:
    """Residuals of the same metal-rich pair by method."""
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 1.2 + 0.62 * len(variants)))
        heights = (1.8, *(1.0 for _ in variants))
        top, *rest = figure.subplots(1 + len(variants), 1, sharex=True, height_ratios=heights)
        for number, (axes, variant) in enumerate(zip(rest, variants.values(), strict=True)):
            examples = variant["examples"]
            left = examples["recast"][0] - examples["second"][0]
            x, label = _along(wavelength, min(len(left), SHOWN_BINS))
            if number == 0:
                for name, colour in (("first", "0.6"), ("second", "0.1")):
                    top.plot(x, examples[name][0][:SHOWN_BINS], color=colour, linewidth=0.7,
                             label=name)  # fmt: skip
            _residual(axes, x, left[:SHOWN_BINS], f"C{number}")
            axes.axhline(0, color="0.5", linewidth=0.5)
            size = np.abs(left)
            text = f"{METHODS[variant['method']]}: R = {size.mean():.4f}, "
            axes.set_title(text + rf"$\sigma_R$ = {size.std():.4f}", fontsize=6, pad=1.5)
        top.set_ylabel("flux")
        figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=2,
                      fontsize=6)  # fmt: skip
        rest[len(rest) // 2].set_ylabel("recast \N{MINUS SIGN} twin [$10^{-3}$]")
        rest[-1].set_xlabel(label)
    return figure


def _along(wavelength, n_bin):
    """Where the first bins lie, and the label of that axis."""
    if wavelength is None:
        return np.arange(n_bin), "bin"
    return wavelength[:n_bin], r"wavelength [$\mathrm{\AA}$, vacuum]"


def _residual(axes, x, values, colour, least=1e-6):
    """A line whose own size sets the range, alike above and below zero."""
    high = SMALL * max(1.15 * np.abs(values).max(), least)
    axes.plot(x, SMALL * values, color=colour, linewidth=0.7)
    axes.set_ylim(-high, high)


def _first(variants, methods):
    """The first variant of the first of these methods that there is; else any."""
    for method in methods:
        for variant in variants.values():
            if variant["method"] == method:
                return variant
    return next(iter(variants.values()))


def _removed(variant, word="without"):
    if len(variant["remove"]) > len(SYMBOLS):
        return f"{word} {len(variant['remove'])} parameters"
    return f"{word} " + ", ".join(SYMBOLS.get(name, name) for name in variant["remove"])


def _snr(level):
    return "no noise" if level == "snrinf" else f"SNR {level[3:]}"
