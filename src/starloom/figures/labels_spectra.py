"""Figures of what the network of the labels looks at: attention and derivative spectra."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.labels_errors import LABELS, short
from starloom.figures.style import PAGE_INCH, styled

FIRST = 5
"""Coefficients of each band in the figure of attention."""

COLOURS = ("BP$-$RP", "$W1-W2$", "$J-H$", "$H-W2$", "p-mag")

KINDS = {
    "true": ("simulated sky", "k"),
    "observed": ("observed high $-$ low", "C1"),
    "network": ("network, Eq. 14", "C0"),
    "pattern": ("network, full covariance", "C2"),
}

SEAM_NM = 640.0
"""Where BP gives way to RP."""

Table = Mapping[str, np.ndarray]


def attention(looked: Table) -> Figure:
    """
    Attention of each label to the first coefficients, the colours and the pseudo-magnitude.

    Args:
        looked: by label, one value an input: BP, RP without its first, colours.

    References:
        Fallows & Sanders (2024), Fig. 8.
    """
    n_input = len(next(iter(looked.values())))
    n_band = (n_input - len(COLOURS) + 1) // 2
    inputs = [*range(FIRST), *range(n_band, n_band + FIRST), *range(n_input - 5, n_input)]
    names = [f"BP {i}" for i in range(FIRST)] + [f"RP {i + 1}" for i in range(FIRST)]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.0))
        axes = figure.subplots()
        for index, name in enumerate(LABELS):
            values = looked[name][inputs] * (1e-3 if name == "teff" else 1.0)
            words = short(name) + (" / 1000 K" if name == "teff" else "")
            axes.plot(values, "o-", markersize=3, color=f"C{index}", label=words)
        for edge in (FIRST, 2 * FIRST):
            axes.axvline(edge - 0.5, color="0.8", linewidth=0.8)
        axes.set_xticks(range(len(inputs)), [*names, *COLOURS], rotation=50, ha="right")
        axes.minorticks_off()
        axes.set_yscale("log")
        axes.set_ylabel(r"$\sigma(x\, \partial y/\partial x)$")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def derivatives(spectra: Table) -> Figure:
    """
    Derivative spectra of red-clump stars, BP on the left and RP on the right.

    Args:
        spectra: `wavelength` [nm] and `{label}_{kind}`; kinds that are absent are left out.

    References:
        Fallows & Sanders (2024), Figs. 11-14.
    """
    wavelength = spectra["wavelength"]
    shown = [name for name in ("fe_h", "c_fe", "n_fe", "alpha_m")]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 6.4))
        panels = figure.subplots(len(shown), 2, sharex="col", squeeze=False)
        for row, name in enumerate(shown):
            for axes, part in zip(
                panels[row], (wavelength < SEAM_NM, wavelength >= SEAM_NM), strict=True
            ):
                for kind, (words, colour) in KINDS.items():
                    if f"{name}_{kind}" in spectra:
                        values = spectra[f"{name}_{kind}"][part]
                        height = np.nanmax(np.abs(values))
                        axes.plot(
                            wavelength[part], values / height, color=colour, label=words,
                            linewidth=1.3 if kind == "true" else 0.9,
                        )  # fmt: skip
                axes.axhline(0, color="0.7", linewidth=0.6)
                axes.set_ylim(-1.1, 1.1)
            panels[row, 0].set_ylabel(f"{short(name)}: change")
        for axes in panels[-1]:
            axes.set_xlabel("wavelength [nm]")
        if panels[0, 0].get_legend_handles_labels()[1]:
            figure.legend(
                *panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4
            )
    return figure
