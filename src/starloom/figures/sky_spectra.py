"""Figures of spectra of the simulated sky: H band, XP, oscillations."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from starloom.figures.style import PAGE_INCH, styled
from starloom.separation import USUAL_EXPONENT, USUAL_FACTOR, excess_dnu

Table = Mapping[str, np.ndarray]

WINDOWS = ((15655.0, 15785.0), (15950.0, 16080.0), (16700.0, 16830.0))
"""Stretches of the H band that are shown [Angstrom]."""

CO_HEADS = {"CO 4-1": 15780.0, "CO 5-2": 15982.0}
"""Heads of bands of 12CO in vacuum, rounded [Angstrom]: Hinkle, Wallace & Livingston (1995)."""

NAME_ANGSTROM = 2.4
"""Width of the name of an element in the figure [Angstrom]."""

FEATURES_NM = {"G": 430.8, "Mg": 517.5, "Na": 589.3, r"H$\alpha$": 656.5, "Ca": 854.4}
"""What is marked in XP spectra."""

DEGREES = ((0, "o", "C1"), (1, "^", "C0"), (2, "s", "C2"))
"""Degree, marker and colour of modes."""


def hband(examples: Table) -> Figure:
    """
    Windows of the APOGEE spectra of giants with the names of their lines.

    Args:
        examples: hband_name, hband_flux, hband_angstrom, line_element, line_wavelength_angstrom.
    """
    wave = examples["hband_angstrom"]
    count = len(examples["hband_name"])
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 6.6))
        for axes, (low, high) in zip(figure.subplots(len(WINDOWS), 1), WINDOWS, strict=True):
            shown = (wave > low) & (wave < high)
            for row, name in enumerate(examples["hband_name"]):
                shift = 0.5 * (count - 1 - row)
                flux = examples["hband_flux"][row][shown]
                # What is masked has the level of the continuum.
                flux = np.where(flux == 1.0, np.nan, flux) + shift
                axes.plot(wave[shown], flux, color=f"C{row}", lw=0.9, label=str(name))
            top = 1.0 + 0.5 * (count - 1)
            marks = [
                (place, str(name))
                for place, name in zip(
                    examples["line_wavelength_angstrom"], examples["line_element"], strict=True
                )
                if low < place < high
            ]
            _mark(axes, sorted(marks), top + 0.12, 0.06)
            heads = [(place, name) for name, place in CO_HEADS.items() if low < place < high]
            _mark(axes, heads, top + 0.12, 0.20)
            axes.set(xlim=(low, high), ylim=(0.3, top + 0.48), ylabel="flux, shifted")
        axes.set_xlabel(r"wavelength [$\mathrm{\AA}$, vacuum]")
        names = axes.get_legend_handles_labels()
        figure.legend(*names, loc="outside upper center", ncols=count)
    return figure


def _mark(axes: Axes, marks: list[tuple[float, str]], low: float, size: float) -> None:
    """Strokes with names, places ascending; names that would meet lie on either side of them."""
    places = np.array([-np.inf, *(place for place, _ in marks), np.inf])
    near = np.diff(places) < NAME_ANGSTROM
    for (place, name), left, right in zip(marks, near[:-1], near[1:], strict=True):
        axes.plot([place, place], [low, low + size], color="0.5", lw=0.7)
        side = "center" if left == right else "left" if left else "right"
        axes.annotate(name, (place, low + size), fontsize=6.5, ha=side, va="bottom")


def xp(examples: Table) -> Figure:
    """
    XP spectra of different stars, one above the other.

    Args:
        examples: xp_name, xp_flux, xp_nm.
    """
    wave = examples["xp_nm"]
    inside = (wave > 420) & (wave < 1000)
    count = len(examples["xp_name"])
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 5.4))
        axes = figure.subplots()
        for row, name in enumerate(examples["xp_name"]):
            shift = 0.8 * (count - 1 - row)
            flux = examples["xp_flux"][row] / np.max(examples["xp_flux"][row][inside])
            axes.plot(wave, flux + shift, color=f"C{row % 6}")
            axes.annotate(
                str(name), (1024, flux[-5:].mean() + shift), color=f"C{row % 6}", va="center",
                annotation_clip=False, fontsize=8,
            )  # fmt: skip
        for name, place in FEATURES_NM.items():
            axes.axvline(place, color="0.8", lw=0.6, zorder=0)
            axes.annotate(name, (place, 1.005), xycoords=("data", "axes fraction"), ha="center")
        axes.set(xlim=(350, 1140), xlabel="wavelength [nm]", ylabel="relative flux, shifted")
    return figure


def seismology(stars: Table, examples: Table) -> Figure:
    """
    Power spectra of two giants with their modes, the large separations, a light curve.

    Args:
        stars: numax_uhz, dnu_uhz, state.
        examples: of power spectra and a light curve, as far as there are.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 6.4))
        grid = figure.add_gridspec(3, 2)
        for row in range(len(examples.get("power_name", ()))):
            _power(figure.add_subplot(grid[row, :]), examples, row)
        large = figure.add_subplot(grid[2, 0])
        for state, words, colour in (
            ("rgb", "first giant branch", "C0"),
            ("red_clump", "red clump", "C1"),
            ("secondary_clump", "secondary clump", "C4"),
        ):
            here = (stars["state"] == state) & np.isfinite(stars["numax_uhz"])
            excess = excess_dnu(stars["numax_uhz"][here], stars["dnu_uhz"][here])
            large.plot(stars["numax_uhz"][here], excess, ".", ms=2, color=colour, label=words)
        large.axhline(1.0, color="k", lw=0.7)
        large.set(xscale="log", xlim=(3, 300), ylim=(0.72, 1.38), xlabel=r"$\nu_\max$ [$\mu$Hz]")
        large.set_ylabel(rf"$\Delta\nu\,/\,({USUAL_FACTOR}\,\nu_\max^{{{USUAL_EXPONENT}}})$")
        large.legend(markerscale=3, fontsize=7, loc="upper right")
        if "light_ppm" in examples:
            light = figure.add_subplot(grid[2, 1])
            light.plot(
                examples["light_time_day"], examples["light_ppm"] / 1e3, ".", ms=1, color="C0"
            )
            light.set(xlabel="BJD - 2454833 [d]", ylabel="flux [ppt]")
            light.set_title(f"KIC {examples['light_kic'][0]}")
    return figure


def _power(axes: Axes, examples: Table, row: int) -> None:
    """A power spectrum round numax with marks of its modes."""
    freq, power = examples["freq_uhz"], examples["power_ppm2_uhz"][row]
    numax = examples["numax_uhz"][row]
    shown = (freq > 0.6 * numax) & (freq < 1.45 * numax)
    axes.plot(freq[shown], power[shown], color="0.35", lw=0.7)
    high = np.max(power[shown])
    own = examples["mode_star"] == row
    for degree, marker, colour in DEGREES:
        here = own & (examples["mode_degree"] == degree)
        if degree == 1:
            # Modes that live in the core alone hardly reach the surface.
            here &= examples["mode_zeta"] < 0.93
        place = examples["mode_freq_uhz"][here]
        place = place[(place > 0.6 * numax) & (place < 1.45 * numax)]
        level = np.full(len(place), (1.06 + 0.06 * degree) * high)
        axes.plot(place, level, marker, ms=3, color=colour, label=rf"$\ell={degree}$")
    axes.set(xlim=(0.6 * numax, 1.45 * numax), ylim=(0, 1.28 * high))
    axes.set_xlabel(r"frequency [$\mu$Hz]")
    axes.set_ylabel(r"power [ppm$^2$/$\mu$Hz]")
    axes.set_title(str(examples["power_name"][row]), loc="left")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncol=3, borderaxespad=0.1)
