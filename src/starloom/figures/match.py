"""The figure of the cross-match: how far apart pairs are, and how many of them chance makes."""

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.style import PAGE_INCH, styled


def draw(
    profile: dict[str, np.ndarray], evaluation: dict[str, dict], names: dict[str, str]
) -> tuple[Figure, str, str]:
    """
    The figure with its title and caption.

    Args:
        profile: survey, radius_arcsec, pairs and chance [per source and square arcsec].
        evaluation: by survey: radius_arcsec of the match and `shifted`, the number of sources.
        names: of the surveys, as they are printed.
    """
    shown = [survey for survey in names if survey in set(profile["survey"])]
    caption = (
        "Top: pairs of a Gaia source, carried to the epoch of the survey, and a row of it, per "
        "source and square arcsec, and the same after the sky was shifted by 8 and 12 arcsec in "
        "four directions (chance pairs). Bottom: pairs within a separation less those by chance, "
        "per source, and those by chance, against that separation. Dotted: radius of the match. "
        "2MASS blends what lies within 2 arcsec, unWISE within 6: beyond their own errors they "
        "have fewer pairs than by chance. "
        f"{max(evaluation[survey]['shifted'] for survey in shown):,} sources."
    )
    return separations(profile, evaluation, names, shown), "Separations of the matches", caption


def separations(
    profile: dict[str, np.ndarray],
    evaluation: dict[str, dict],
    names: dict[str, str],
    shown: list[str],
) -> Figure:
    """
    Density of pairs and what a radius takes in, true and by chance, for each survey.

    Args:
        profile: as for `draw`.
        evaluation: as for `draw`.
        names: as for `draw`.
        shown: surveys, one column of panels each.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.0))
        panels = figure.subplots(2, len(shown), sharex=True, sharey="row", squeeze=False)
        for (top, bottom), survey in zip(panels.T, shown, strict=True):
            one = profile["survey"] == survey
            edges = np.concatenate([[0.0], profile["radius_arcsec"][one]])
            pairs, chance = profile["pairs"][one], profile["chance"][one]
            cells = np.pi * np.diff(edges**2)
            curves = (
                (pairs, (pairs - chance) * cells, "pairs", "C0", "-"),
                (chance, chance * cells, "by chance", "C1", "--"),
            )
            for density, counts, label, colour, line in curves:
                top.stairs(_logged(density), edges, color=colour, linestyle=line, label=label)
                within = 100 * np.cumsum(counts)
                bottom.plot(edges[1:], _logged(within), color=colour, linestyle=line)
            for axes in (top, bottom):
                radius = evaluation[survey]["radius_arcsec"]
                axes.axvline(radius, color="0.5", linestyle=":", linewidth=0.9)
                axes.set_yscale("log")
            top.set_title(names[survey])
            bottom.set_xlabel("separation [arcsec]")
            bottom.set_xlim(0, edges[-1])
        panels[0, 0].set_ylabel(r"pairs per source [arcsec$^{-2}$]")
        panels[1, 0].set_ylabel("within the separation [%]")
        panels[1, 0].set_ylim(1e-3, 200)
        panels[0, -1].legend(loc="upper right")
    return figure


def _logged(values):
    """Values on a logarithmic axis: what is not positive is not drawn."""
    return np.where(values > 0, values, np.nan)
