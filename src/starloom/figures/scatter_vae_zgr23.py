"""Figure of the scatter VAE beside the rival from labels to spectra: arrays in, a Figure out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from starloom.figures.style import PAGE_INCH, styled

BAND_NM = (550, 900)
"""Where the paper finds the scatter VAE's errors smaller [nm]; that of `xpvae.vs_zgr_gain`."""

PIVOT_NM = 550.0
"""Where both extinction curves are scaled to 1 [nm]."""


def draw(
    table: Mapping[str, np.ndarray],
    wavelength_nm: np.ndarray,
    curve: np.ndarray,
    reference: np.ndarray,
) -> tuple[Figure, str, str]:
    """
    Errors of both models over wavelength, their ratio, and the extinction curve that was learned.

    Args:
        table: of the test stars: `relative_flux` of the scatter VAE, `rival_flux` and `reliable`
            of the rival.
        wavelength_nm: of the pixels.
        curve: extinction that the rival has learned, in any unit.
        reference: the same by a law.

    Returns:
        The figure, its title and its caption.

    References:
        Laroche & Speagle (2024), Fig. 8; Zhang, Green & Rix (2023); Gordon et al. (2023).
    """
    good = table["reliable"]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.5))
        sizes, ratio, dust = figure.subplots(1, 3)
        for what, line, chosen in (("reliable", "-", good), ("all test stars", "--", slice(None))):
            ours, rival = _rmse(table, chosen)
            sizes.plot(wavelength_nm, ours, color="C2", linestyle=line)
            sizes.plot(wavelength_nm, rival, color="C1", linestyle=line)
            ratio.plot(wavelength_nm, rival / ours, color="C0", linestyle=line, label=what)
        for name, colour in (("scatter VAE", "C2"), ("ZGR23", "C1")):
            sizes.plot([], [], color=colour, label=name)
        sizes.set_ylabel(r"RMSE of $(x-\hat x)/\sigma$")
        ratio.axvspan(*BAND_NM, color="0.93", linewidth=0, zorder=-1)
        ratio.axhline(1, color="0.5", linewidth=0.6)
        ratio.set_ylabel("RMSE of ZGR23 over ours")
        for axes in (sizes, ratio):
            axes.set_yscale("log")
            low, high = axes.get_ylim()
            axes.set_ylim(low, high * (high / low) ** 0.35)
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.legend(loc="upper center")
        for values, style in (
            (curve, {"color": "C3", "label": "learned"}),
            (reference, {"color": "0.3", "linestyle": "--", "label": "G23, $R_V = 3.1$"}),
        ):
            dust.plot(wavelength_nm, values / np.interp(PIVOT_NM, wavelength_nm, values), **style)
        dust.set_ylim(0, None)
        dust.set_ylabel(r"$A(\lambda)/A(550\,\mathrm{nm})$")
        dust.legend(loc="upper right")
        for axes in (sizes, ratio, dust):
            axes.set_xlabel(r"$\lambda$ [nm]")
    title = "Reconstruction error of ZGR23 and of the scatter VAE by wavelength"
    found = _found(table, wavelength_nm)
    caption = (
        "Reconstruction errors in wavelength of the scatter VAE and of ZGR23, a model from labels "
        "to spectra, whose labels, extinction and parallax are fitted to each spectrum. Left: RMSE "
        f"over the stars of (x - xhat)/sigma; solid for the {good.sum():,} of {len(good):,} test "
        "stars that the latter fits reliably (chi-squared per pixel below 2 with its error "
        "floors), dashed for all. Middle: RMSE of ZGR23 over that of the scatter VAE, above 1 "
        f"where the latter's is smaller; the paper finds it above 1 in the grey range. {found}"
        "Right: the extinction curve that was learned, and that of Gordon et al. (2023)."
    )
    return figure, title, caption


def _rmse(table, chosen):
    """Of the scatter VAE and of the rival, over some stars."""
    return [
        np.sqrt(np.square(table[name][chosen]).mean(axis=0))
        for name in ("relative_flux", "rival_flux")
    ]


def _found(table, wavelength_nm):
    """What this run finds in the grey range, as a sentence; '' with too few stars to say."""
    if table["reliable"].sum() < 2:
        return ""
    ours, rival = _rmse(table, table["reliable"])
    inside = (wavelength_nm >= BAND_NM[0]) & (wavelength_nm <= BAND_NM[1])
    gain = 100 * np.median(1 - ours[inside] / rival[inside])
    return (
        f"Here the scatter VAE's is {abs(gain):.0f} % {'smaller' if gain > 0 else 'larger'} there "
        "(median over the range, solid line: xpvae.vs_zgr_gain). "
    )
