"""Figures of the classifiers of the two alpha sequences: arrays in, matplotlib Figures out."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.style import COLUMN_INCH, PAGE_INCH, styled

CLASSIFIERS = {
    "feh": "[M/H]",
    "labels": "labels",
    "labels_ext": "labels + colours",
    "latent": "latent",
    "all": "labels + colours\n+ latent",
}
"""What each classifier reads, by its name in the numbers."""

SEQUENCES = (r"low-$\alpha$", r"high-$\alpha$")


def confusion(matrices: Mapping[str, np.ndarray]) -> Figure:
    """
    Confusion matrices of the classifiers, as shares of the true sequence with counts.

    Args:
        matrices: by classifier, counts by true sequence (row) and answer (column); low, high.

    References:
        Laroche & Speagle (2024), Fig. 13.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 1.9))
        panels = figure.subplots(1, len(matrices), squeeze=False, sharey=True)[0]
        for axes, (name, counts) in zip(panels, matrices.items(), strict=True):
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
            for row in range(2):
                for column in range(2):
                    axes.text(
                        column, row, f"{share[row, column]:.2f}\n({counts[row, column]})",
                        ha="center", va="center", fontsize=8,
                        color="w" if share[row, column] > 0.55 else "k",
                    )  # fmt: skip
            axes.set_title(CLASSIFIERS[name], fontsize=8)
            axes.set_xticks([0, 1], SEQUENCES)
            axes.set_yticks([0, 1], SEQUENCES, rotation=90, va="center")
            axes.tick_params(which="both", length=0)
            axes.minorticks_off()
        figure.supxlabel("answer", fontsize=9)
        panels[0].set_ylabel("APOGEE")
    return figure


def classifiers(numbers: Sequence[Mapping]) -> Figure:
    """
    Area under the ROC curve of each classifier in bins of Teff.

    Args:
        numbers: published ones of the study; those named alpha_auc_{classifier}_{low}_{high}.
    """
    bins = {name: _bins(numbers, f"xpvae.alpha_auc_{name}_") for name in CLASSIFIERS}
    edges = sorted({edge for found in bins.values() for edge in found})
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 2.7))
        axes = figure.subplots()
        for order, (name, label) in enumerate(CLASSIFIERS.items()):
            found = bins[name]
            if not found:
                continue
            axes.errorbar(
                [edges.index(edge) + 0.13 * (order - 2) for edge in found],
                [number["value"] for number in found.values()],
                [number["error"] or np.nan for number in found.values()],
                fmt="o", markersize=3, color=f"C{order}", label=label.replace("\n", " "),
            )  # fmt: skip
        counts = {edge: number["n"] for found in bins.values() for edge, number in found.items()}
        names = [f"{low}\u2013{high}\n{counts[low, high]} stars" for low, high in edges]
        axes.set_xticks(range(len(edges)), names, fontsize=7)
        axes.tick_params(axis="x", which="both", length=0)
        axes.set_xlim(-0.5, len(edges) - 0.5)
        for edge in range(1, len(edges)):
            axes.axvline(edge - 0.5, color="0.85", linewidth=0.6, zorder=0)
        axes.set_xlabel(r"$T_\mathrm{eff}$ [K]")
        axes.set_ylabel("area under the ROC curve")
        figure.legend(
            *axes.get_legend_handles_labels(), fontsize=6.5, loc="outside upper center", ncols=3
        )
    return figure


def _bins(numbers, start):
    """Numbers whose id goes on with two edges, by these edges."""
    rest = {number["id"].removeprefix(start): number for number in numbers}
    pairs = {key: key.split("_") for key in rest}
    found = {
        (int(pair[0]), int(pair[1])): rest[key]
        for key, pair in pairs.items()
        if len(pair) == 2 and all(part.isdigit() for part in pair)
    }
    return dict(sorted(found.items()))
