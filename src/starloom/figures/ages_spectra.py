"""Power spectra, observed and predicted, and the slope of the latent along a stellar spectrum."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.style import PAGE_INCH, finite_range, styled

Table = Mapping[str, np.ndarray]

WANTED_UHZ = (10.0, 30.0, 60.0, 100.0, 150.0, 200.0)
"""Numax near which a test star is shown."""


def power(test: Table) -> Figure:
    """
    Observed and predicted power of six test stars, around numax.

    Args:
        test: freq_uhz (n_bin,), log_ratio and predicted (n_star, n_bin), numax, kic, state.
    """
    freq, numax = test["freq_uhz"], test["numax"]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.4))
        panels = figure.subplots(2, 3)
        for axes, wanted in zip(panels.flat, WANTED_UHZ, strict=True):
            if not len(numax):
                continue
            star = int(np.argmin(np.abs(np.log(numax / wanted))))
            near = np.abs(np.log(freq / numax[star])) < 0.7
            axes.plot(freq[near], np.exp(test["log_ratio"][star][near]), color="0.7", linewidth=0.5)
            axes.plot(freq[near], np.exp(test["predicted"][star][near]), color="C1", linewidth=1.0)
            axes.axvline(numax[star], color="0.3", linestyle=":", linewidth=0.8)
            kind = {1: "RGB", 2: "red clump"}.get(int(test["state"][star]), "")
            axes.set_title(f"KIC {test['kic'][star]}, {kind}", fontsize=7)
            axes.set_ylim(0, finite_range(np.exp(test["log_ratio"][star][near]), 0.3)[1] * 1.1)
        for axes in panels[-1]:
            axes.set_xlabel(r"frequency [$\mu$Hz]")
        for axes in panels[:, 0]:
            axes.set_ylabel("power / background")
    return figure


def decoded(samples: Table) -> Figure:
    """
    Power decoded from places in the latent space.

    Args:
        samples: freq_uhz (n_bin,), log_ratio (n_place, n_bin), numax [uHz], NaN for none.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.0))
        panels = figure.subplots(2, 3, sharex=True, sharey=True)
        for axes, ratio, numax in zip(
            panels.flat, samples["log_ratio"], samples["numax"], strict=False
        ):
            known = np.isfinite(numax)
            axes.plot(
                samples["freq_uhz"], np.exp(ratio), color="C0" if known else "C3", linewidth=0.6
            )
            said = rf"$\nu_\mathrm{{max}}$ = {numax:.0f} $\mu$Hz" if known else "far from all stars"
            axes.set_title(said, fontsize=7)
            if known:
                axes.axvline(numax, color="0.3", linestyle=":", linewidth=0.8)
            axes.set_xscale("log")
        for axes in panels[-1]:
            axes.set_xlabel(r"frequency [$\mu$Hz]")
        for axes in panels[:, 0]:
            axes.set_ylabel("power / background")
    return figure


def jacobian(slopes: Table) -> Figure:
    """
    Slope of the latent dimension that moves most, along the spectrum.

    Args:
        slopes: wavelength [Angstrom], `low` and `high` (n_pix, n_latent), either may be absent.
    """
    shown = [name for name in ("low", "high") if name in slopes]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.4))
        panels = figure.subplots(3, 1)
        wave = slopes["wavelength"]
        gaps = np.flatnonzero(np.diff(wave) > 10) + 1
        pieces = np.split(np.arange(len(wave)), gaps)
        if shown:
            size = sum(np.square(slopes[name]).sum(axis=0) for name in shown)
            best = int(np.argmax(size))
        for axes, piece in zip(panels, pieces, strict=False):
            for name, colour, style in (("low", "C0", "-"), ("high", "C1", "--")):
                if name in shown:
                    said = {"low": "15 to 20", "high": "180 to 220"}[name]
                    label = rf"$\nu_\mathrm{{max}}$ near {said} $\mu$Hz"
                    axes.plot(
                        wave[piece], slopes[name][piece, best], style, color=colour,
                        linewidth=0.6, label=label,
                    )  # fmt: skip
            axes.axhline(0, color="0.5", linewidth=0.5)
            axes.set_xlim(wave[piece[0]], wave[piece[-1]])
            low, high = axes.get_ylim()
            axes.set_ylim(low, high + (0.35 * (high - low) if axes is panels[0] else 0))
        if shown:
            panels[0].legend(loc="upper right", ncols=2, fontsize=6)
            panels[1].set_ylabel(rf"$\partial z_{best}/\partial$ flux")
        panels[-1].set_xlabel(r"wavelength [$\mathrm{\AA}$, vacuum]")
    return figure
