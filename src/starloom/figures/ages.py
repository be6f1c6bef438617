"""Figures of the study ages: tables in, matplotlib Figures out."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter

from starloom.figures import ages_maps as maps
from starloom.figures import ages_spectra as spectra
from starloom.figures.style import PAGE_INCH, finite_range, styled
from starloom.separation import excess_dnu

Table = Mapping[str, np.ndarray]

PAPER = "Leung et al. (2023)"
AGE_TICKS = (0.5, 1, 2, 4, 8, 14)
AGE_LIMITS = (0.25, 16.0)
"""Of the axes of ages [Gyr]."""
ABLATIONS = ("z_only", "z_teff", "z_feh", "z_teff_feh_alpha", "labels", "spectrum")
UNSEEN = "seen neither by the networks nor by the forests"
STATES = ((1, "RGB", "C0", "o"), (2, "red clump", "C1", "^"))


def draw_all(tables: Mapping[str, Table], names: list[str]) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the named figures of the study.

    Args:
        tables: `pairs` (predictions of all pairs), `test` (of the test pairs), `catalog` with
            labels (its map sample, with `astronn_age` where there is one), `spectra`, `samples`,
            `slopes`, as the study's rules write them.
        names: of the figures.

    Returns:
        By name: the figure, its title and its caption.
    """
    pairs, test, clean = (tables[name] for name in ("pairs", "test", "catalog"))
    held = f"{len(test['kic']):,} test stars, {UNSEEN}"
    mapped = (
        f"{len(clean['LogAge']):,} stars with ages whose error is below 50 %, without survey flags"
    )
    drawn = {
        "latent": lambda: (
            latent(pairs),
            "The latent space of the first member",
            "Latent means of all pairs, coloured by evolutionary state, numax, [Fe/H] and excess "
            "Delta nu, none of which the encoder was told; 0.2 % of them lie beyond either end of "
            f"an axis. {PAPER}, Fig. 5.",
        ),
        "power": lambda: (
            spectra.power(tables["spectra"]),
            "Power spectra predicted from stellar spectra",
            "Power over its background of test stars (grey) and what the encoder-decoder predicts "
            "from their APOGEE spectra (colour); the line marks numax, the highest peaks leave the "
            f"frame. {PAPER}, Fig. 3.",
        ),
        "decoded": lambda: (
            spectra.decoded(tables["samples"]),
            "Power spectra decoded from places in the latent space",
            "Decoded at the latent means of giants from low to high numax, and (last) at a place "
            f"that no spectrum comes near. {PAPER}, Fig. 4.",
        ),
        "jacobian": lambda: (
            spectra.jacobian(tables["slopes"]),
            "What in a spectrum moves the latent position",
            "Derivative of the latent dimension that moves most with the normalised flux, median "
            f"of red-giant-branch stars of low and of high numax. {PAPER}, Fig. 6.",
        ),
        "abundances": lambda: (
            against(test, ABUNDANCES),
            "Abundances from the latent space",
            f"Predicted from the latent alone against APOGEE's; {held}. {PAPER}, Fig. 7.",
        ),
        "seismology": lambda: (
            against(test, SEISMOLOGY),
            "Seismology from the latent space",
            f"Predicted from the latent alone against the measured; {held}. {PAPER}, Fig. 8.",
        ),
        "states": lambda: (
            states(test),
            "Evolutionary state from the latent space",
            f"Share of each seismic class by predicted class; {held}. {PAPER}, Fig. 9.",
        ),
        "ages": lambda: (
            ages(test, ("fiducial",)),
            "Ages against seismic ages",
            "From latent, Teff and [Fe/H], against Miglio et al. (2021); "
            f"{both_ages(test, 'log_age', ('fiducial',))}. {PAPER}, Fig. 10.",
        ),
        "ages_apokasc2": lambda: (
            beside_apokasc2(test),
            "Ages against another catalogue",
            "Against the ages of APOKASC-2, which no forest was told; "
            f"{both_ages(test, 'log_age_apokasc2', ('fiducial',))}.",
        ),
        "ages_astronn": lambda: (
            maps.beside_astronn(clean),
            "Ages against those of a network without physics",
            "Against the ages of astroNN, which a network learned from spectra alone (Mackereth "
            f"et al. 2019); {mapped}. {PAPER}, Fig. 11.",
        ),
        "alpha_age": lambda: (
            maps.alpha_age(clean),
            "Ages on the abundance plane",
            f"Left: [Fe/H] and [alpha/M], by mean age in cells of {maps.FEWEST} stars or more; "
            "right: [alpha/M] against age, by mean angular momentum of the stars with good "
            f"parallaxes in such cells, and the median. {mapped}. {PAPER}, Fig. 12.",
        ),
        "disc": lambda: (
            maps.disc(clean),
            "Ages across the disc",
            "Mean age in cells of Galactocentric radius and height with "
            f"{maps.FEWEST} stars or more; {mapped}. {PAPER}, Fig. 13.",
        ),
        "abundance_grid": lambda: (
            maps.abundance_grid(clean),
            "The abundance plane across the disc",
            "[Fe/H] and [alpha/M] by age in bins of radius and height, with the stars in each (a "
            "few of them beyond its axes), and the line between the two sequences; of "
            f"{mapped} those with good parallaxes inside these bins. {PAPER}, Fig. 14.",
        ),
        "age_histograms": lambda: (
            maps.age_histograms(clean),
            "Ages of the two sequences",
            "Ages above and below the line [alpha/M] = -0.2211 [Fe/H] + 0.0442 (and 0.05); "
            f"{mapped}. {PAPER}, Fig. 15.",
        ),
        "ablations": lambda: (
            ages(test, ABLATIONS),
            "Ages from less, from more, and without a latent space",
            "Forests with other inputs: latent alone, with Teff, with [Fe/H], with [alpha/M] too; "
            "APOGEE's labels alone; the spectrum's components alone; in each panel "
            f"{both_ages(test, 'log_age', ABLATIONS)}. {PAPER}, Figs. 16 and 17.",
        ),
    }
    return {name: drawn[name]() for name in names}


ABUNDANCES = (
    ("fe_h", "[Fe/H]", "dex", lambda stars: stars["fe_h"]),
    ("alpha_m", r"[$\alpha$/M]", "dex", lambda stars: stars["alpha_m"]),
    ("n_h", "[N/H]", "dex", lambda stars: stars["n_fe"] + stars["fe_h"]),
    ("c_n", "[C/N]", "dex", lambda stars: stars["c_fe"] - stars["n_fe"]),
)
SEISMOLOGY = (
    (
        "log_numax",
        r"$\ln\,(\nu_\mathrm{max}/\mu\mathrm{Hz})$",
        "",
        lambda stars: np.log(stars["numax"]),
    ),
    ("log_dnu", r"$\ln\,(\Delta\nu/\mu\mathrm{Hz})$", "", lambda stars: np.log(stars["dnu"])),
    (
        "excess_dnu",
        r"excess $\Delta\nu$",
        "",
        lambda stars: excess_dnu(stars["numax"], stars["dnu"]),
    ),
)
"""Predicted column, label, unit, measured value."""

INPUTS = {
    "fiducial": r"latent, $T_\mathrm{eff}$, [Fe/H]",
    "z_only": "latent",
    "z_teff": r"latent, $T_\mathrm{eff}$",
    "z_feh": "latent, [Fe/H]",
    "z_teff_feh_alpha": r"latent, $T_\mathrm{eff}$, [Fe/H], [$\alpha$/M]",
    "surface": r"$T_\mathrm{eff}$, log $g$, [Fe/H]",
    "labels": "APOGEE labels",
    "spectrum": "spectrum",
}


def both_ages(stars: Table, truth: str, inputs: tuple[str, ...]) -> str:
    """
    Say how many stars panels of ages draw, and how many of these lie beyond their axes.

    Args:
        stars: of the panels.
        truth: column of the reference's log age [log10 of Gyr].
        inputs: of the forests, one a panel.
    """
    count, beyond = [], []
    for name in inputs:
        pair = 10 ** np.stack([stars[truth], stars.get(f"age_{name}", stars[truth] * np.nan)])
        pair = pair[:, np.isfinite(pair).all(axis=0) & np.isin(stars["state"], (1, 2))]
        count.append(pair.shape[1])
        beyond.append(int(((pair < AGE_LIMITS[0]) | (pair > AGE_LIMITS[1])).any(axis=0).sum()))
    drawn, outside = (
        f"{min(n):,}" if min(n) == max(n) else f"{min(n):,} to {max(n):,}" for n in (count, beyond)
    )
    return f"{drawn} test stars with both ages, {UNSEEN}, {outside} of them beyond the axes"


def latent(pairs: Table) -> Figure:
    """Neighbouring dimensions of the latent space, one row a pair, one column a quantity."""
    n_latent = sum(name[:1] == "z" and name[1:].isdigit() for name in pairs)
    mean = np.stack([pairs[f"z{i}"] for i in range(n_latent)], axis=1)
    order = np.argsort(-mean.std(axis=0), kind="stable")
    axes_of = [(order[0], order[i]) for i in range(1, min(3, n_latent))]
    excess = excess_dnu(pairs["numax"], pairs["dnu"])
    shown = (
        ("evolutionary state", (pairs["state"] == 2).astype(float)),
        (r"$\log_{10}\nu_\mathrm{max}$ [$\mu$Hz]", np.log10(pairs["numax"])),
        ("[Fe/H] [dex]", pairs["fe_h"]),
        (r"excess $\Delta\nu$", excess),
    )
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.0 + 1.6 * (len(axes_of) - 1) + 1.0))
        panels = figure.subplots(
            len(axes_of), len(shown), squeeze=False, sharex="row", sharey="row"
        )
        for column, (label, values) in enumerate(shown):
            low, high = (0, 1) if column == 0 else finite_range(values, 2)
            colours = ListedColormap([one[2] for one in STATES]) if column == 0 else "viridis"
            for row, (i, j) in enumerate(axes_of):
                axes = panels[row, column]
                points = axes.scatter(
                    mean[:, i], mean[:, j], c=values, s=2.5, vmin=low, vmax=high, linewidths=0,
                    rasterized=True, plotnonfinite=False, cmap=colours,
                )  # fmt: skip
                axes.set_xlim(*finite_range(mean[:, i], 0.2))
                axes.set_ylim(*finite_range(mean[:, j], 0.2))
                axes.set_xlabel(f"$z_{i}$")
                if column == 0:
                    axes.set_ylabel(f"$z_{j}$")
            bar = figure.colorbar(
                points, ax=panels[:, column], location="top", aspect=16, label=label
            )
            if column == 0:
                bar.set_ticks([0.25, 0.75], labels=[one[1] for one in STATES])
                bar.ax.tick_params(which="both", length=0)
    return figure


def against(stars: Table, shown: tuple) -> Figure:
    """Predictions from the latent against measurements, one panel a quantity."""
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.3))
        for axes, (key, label, unit, measure) in zip(
            figure.subplots(1, len(shown)), shown, strict=True
        ):
            truth = measure(stars)
            value = stars.get(f"predicted_{key}", np.full(len(truth), np.nan))
            _against(axes, truth, value, stars["state"])
            said = f"{label} [{unit}]" if unit else label
            axes.set_xlabel(f"{said}, measured")
            axes.set_ylabel(f"{said}, from latent")
            left = (value - truth)[np.isfinite(value - truth)]
            spread = np.diff(np.percentile(left, [15.865, 84.135]))[0] / 2 if len(left) else np.nan
            # The scatter of a natural logarithm is a relative one.
            width = f"{100 * spread:.3g} %" if key.startswith("log_") else f"{spread:.3g} {unit}"
            axes.set_title(f"scatter {width} (central 68 %)".replace("  ", " "), fontsize=7)
        axes.legend(loc="lower right", fontsize=6)
    return figure


def ages(stars: Table, inputs: tuple[str, ...]) -> Figure:
    """Predicted ages against seismic ones, one panel a forest."""
    columns = min(3, len(inputs))
    rows = -(-len(inputs) // columns)
    width = PAGE_INCH if columns > 1 else 0.5 * PAGE_INCH
    with styled():
        figure = Figure(figsize=(width, 2.7 * rows))
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
        for axes, name in zip(panels.flat, inputs, strict=False):
            truth = 10 ** stars["log_age"]
            value = 10 ** stars.get(f"age_{name}", np.full(len(truth), np.nan))
            _against(axes, truth, value, stars["state"], AGE_LIMITS)
            _age_axes(axes)
            axes.set_title(INPUTS[name], fontsize=7)
            axes.label_outer()
        panels[0, 0].legend(loc="upper left", fontsize=6)
        for axes in panels[:, 0]:
            axes.set_ylabel("predicted age [Gyr]")
        for axes in panels[-1]:
            axes.set_xlabel("seismic age [Gyr]")
    return figure


def beside_apokasc2(stars: Table) -> Figure:
    """Predicted ages against those of APOKASC-2."""
    with styled():
        figure = Figure(figsize=(0.5 * PAGE_INCH, 2.7))
        axes = figure.subplots()
        truth = 10 ** stars["log_age_apokasc2"]
        value = 10 ** stars.get("age_fiducial", np.full(len(truth), np.nan))
        _against(axes, truth, value, stars["state"], AGE_LIMITS)
        _age_axes(axes)
        axes.set_xlabel("age of APOKASC-2 [Gyr]")
        axes.set_ylabel("predicted age [Gyr]")
        axes.legend(loc="upper left", fontsize=6)
    return figure


def states(stars: Table) -> Figure:
    """Share of each seismic class that the latent calls each class."""
    called = stars.get("predicted_clump", np.zeros(len(stars["state"]))) > 0.5
    share = np.array(
        [
            [np.mean(called[stars["state"] == code] == is_clump) for is_clump in (False, True)]
            if (stars["state"] == code).any()
            else [0.0, 0.0]
            for code in (1, 2)
        ]
    )
    with styled():
        figure = Figure(figsize=(0.45 * PAGE_INCH, 2.6))
        axes = figure.subplots()
        axes.imshow(share, vmin=0, vmax=1, cmap="Blues")
        for (i, j), value in np.ndenumerate(share):
            axes.text(
                j, i, f"{100 * value:.1f} %", ha="center", color="w" if value > 0.6 else "0.2"
            )
        axes.set_xticks([0, 1], ["RGB", "red clump"])
        axes.set_yticks([0, 1], ["RGB", "red clump"])
        axes.tick_params(length=0, which="both")
        axes.set_xlabel("from the latent")
        axes.set_ylabel("from seismology")
    return figure


def _against(axes: Axes, truth, value, state, limits=None):
    for code, name, colour, marker in STATES:
        here = state == code
        axes.plot(
            truth[here], value[here], marker, markersize=2, color=colour, alpha=0.7,
            markeredgewidth=0, label=name, rasterized=True,
        )  # fmt: skip
    low, high = limits or finite_range(np.concatenate([truth, value]), 0.5)
    axes.plot([low, high], [low, high], color="0.4", linewidth=0.7, zorder=0)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)


def _age_axes(axes):
    for set_scale, set_limits, axis in (
        (axes.set_xscale, axes.set_xlim, axes.xaxis),
        (axes.set_yscale, axes.set_ylim, axes.yaxis),
    ):
        set_scale("log")
        set_limits(*AGE_LIMITS)
        axis.set_major_locator(FixedLocator(AGE_TICKS))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())
