"""Figures of the simulated sky: its population, its relations, and how well surveys see it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from starloom.figures import sky_spectra as spectra
from starloom.figures.style import PAGE_INCH, kiel_axes, styled

Table = Mapping[str, np.ndarray]

COMPONENTS = (
    ("thin", "thin disc", "C0"),
    ("thick", "thick disc", "C1"),
    ("halo", "halo", "C2"),
    ("metal_weak", "metal-weak halo", "C3"),
)
STATES = (
    ("dwarf", "dwarfs", "0.6"),
    ("subgiant", "subgiants", "C2"),
    ("rgb", "first giant branch", "C0"),
    ("red_clump", "red clump", "C1"),
    ("secondary_clump", "secondary clump", "C4"),
    ("agb", "asymptotic branch", "C3"),
)
MOST = 6000
"""Points of a panel; more would hide each other."""


def draw_all(stars: Table, examples: Table, names: list[str]) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the named figures of the sky.

    Args:
        stars: truth and measured values, of `evaluate_sky`.
        examples: spectra of chosen stars, from there.
        names: of the figures.

    Returns:
        By name: the figure, its title and its caption.
    """
    main = {name: values[~stars["candidate"]] for name, values in stars.items()}
    sample = f"{len(main['teff']):,} stars, the enriched candidates apart"
    drawn = {
        "population": lambda: (
            population(main),
            "The simulated stars",
            "True effective temperature and surface gravity by evolutionary state; absolute "
            "magnitude from the measured G and parallax (error below 15 %) and measured "
            "BP - RP, not corrected for dust; true [alpha/M] and [Fe/H], and distance from the "
            f"Galaxy's axis and plane, by component. {sample}.",
        ),
        "evolution": lambda: (
            evolution(main),
            "Mass, age and surface abundances",
            "Initial mass and age of giants; those that have gained mass (crosses) look young. "
            "[C/N] against mass before and after the first dredge-up. [alpha/M] against age. All "
            f"values are true ones. {sample}.",
        ),
        "hband": lambda: (
            spectra.hband(examples),
            "APOGEE spectra of three giants",
            "Flux over the continuum as prepared from the simulated apStar files, shifted by 0.5 "
            "each; the strongest atomic lines of each element, the heads of two bands of 12CO "
            "(4-1 and 5-2).",
        ),
        "xp": lambda: (
            spectra.xp(examples),
            "XP spectra of eight kinds of stars",
            "Measured coefficients turned into spectra as GaiaXPy's calibrate does, over their "
            "maximum and shifted; noise and dust included.",
        ),
        "seismology": lambda: (
            spectra.seismology(stars, examples),
            "Oscillations of red giants",
            "Power spectra, four years of data, of a star of the red giant branch and one of the "
            "clump of like numax, with the true frequencies of their modes: circles l = 0, "
            "triangles l = 1 (mixed), squares l = 2. Large separation and numax of all Kepler "
            "giants with the relation of Stello et al. (2009). A quarter of a light curve.",
        ),
        "colours": lambda: (
            colours(main),
            "Colours of single stars and of pairs",
            "True BP - RP without dust of stars behind less than 0.5 mag of it, [Fe/H] within "
            "0.2 of the Sun's, with the relations of Mucciarelli et al. (2021) at [Fe/H] = 0. "
            "How much brighter dwarfs are in Ks than single ones of the same radius, Teff and "
            f"[Fe/H], against the mass ratio of pairs; dotted: twice as bright. Pairs near zero at "
            f"ratios above 0.8: CEMP-s stars, whose companion is a white dwarf. {sample}.",
        ),
        "errors": lambda: (
            errors(main),
            "Reported errors",
            "Errors as the archives would report them: of the Gaia parallax, of 2MASS Ks, of "
            f"APOGEE's Teff and [Fe/H], against magnitude or SNR. {sample}.",
        ),
    }
    return {name: drawn[name]() for name in names}


def population(stars: Table) -> Figure:
    """
    Kiel diagram, colour and magnitude, [alpha/M] and [Fe/H], R and z.

    Args:
        stars: as for `draw_all`.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 6.2))
        (kiel, colour), (alpha, place) = figure.subplots(2, 2)
        _groups(kiel, stars, "state", STATES, "teff", "logg")
        kiel_axes(kiel)
        kiel.legend(loc="upper left", markerscale=3)
        parallax, error = stars["seen_parallax"], stars["seen_parallax_error"]
        absolute = stars["seen_phot_g_mean_mag"] + 5 * np.log10(np.maximum(parallax, 1e-9)) - 10
        good = {name: values[parallax > error / 0.15] for name, values in stars.items()}
        good["absolute"] = absolute[parallax > error / 0.15]
        _groups(colour, good, "component", COMPONENTS, "seen_bp_rp", "absolute")
        colour.set(xlim=(0.2, 3.2), ylim=(10.5, -4.0), xlabel="BP - RP [mag]")
        colour.set_ylabel(r"$M_G$ [mag]")
        colour.legend(loc="lower left", markerscale=3)
        _groups(alpha, stars, "component", COMPONENTS, "fe_h", "alpha_m")
        alpha.set(xlim=(-3.2, 0.6), ylim=(-0.12, 0.5), xlabel="[Fe/H] [dex]")
        alpha.set_ylabel(r"[$\alpha$/M] [dex]")
        _groups(place, stars, "component", COMPONENTS, "galactic_r_kpc", "galactic_z_kpc")
        place.set(xlim=(0, 18), ylim=(-8, 8), xlabel=r"$R$ [kpc]", ylabel=r"$z$ [kpc]")
        place.plot(8.23, 0.02, "*", color="k", markersize=7)
    return figure


def evolution(stars: Table) -> Figure:
    """
    Mass and age, [C/N] and mass, [alpha/M] and age.

    Args:
        stars: as for `draw_all`.
    """
    giant = stars["logg"] < 3.6
    gained = stars["kind"] == "young_alpha_rich"
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.7))
        mass, nitrogen, alpha = figure.subplots(1, 3)
        metals = {"cmap": "viridis", "vmin": -1.0, "vmax": 0.4}
        here = _some(giant & ~gained)
        values = (stars[name][here] for name in ("age_gyr", "initial_mass_msun", "fe_h"))
        x, y, colour = values
        points = mass.scatter(x, y, 2, colour, rasterized=True, linewidths=0, **metals)
        here = _some(giant & gained)
        mass.plot(stars["age_gyr"][here], stars["initial_mass_msun"][here], "x", color="C1", ms=3)
        mass.set(xscale="log", yscale="log", xlabel="age [Gyr]", xlim=(0.28, 14.5), ylim=(0.7, 4))
        mass.set_ylabel(r"initial mass [M$_\odot$]")
        _ticks(mass.xaxis, (0.5, 1, 2, 5, 10))
        _ticks(mass.yaxis, (0.7, 1, 1.5, 2, 3))
        figure.colorbar(points, ax=mass, label="[Fe/H] [dex]", pad=0.01)
        near = (np.abs(stars["fe_h"]) < 0.3) & (stars["kind"] == "normal")
        for here, words, colour in (
            (near & (stars["logg"] > 3.9), "before", "0.65"),
            (near & (stars["logg"] < 3.3), "after", "C0"),
        ):
            row = _some(here)
            nitrogen.plot(
                stars["mass_msun"][row], stars["c_n"][row], ".", ms=2, color=colour, label=words,
                rasterized=True,
            )  # fmt: skip
        nitrogen.set(xlabel=r"mass [M$_\odot$]", xlim=(0.5, 3.2), ylim=(-0.85, 0.4))
        nitrogen.set_ylabel("[C/N] [dex]")
        nitrogen.legend(title="dredge-up", loc="lower left", markerscale=4)
        _groups(alpha, stars, "component", COMPONENTS, "age_gyr", "alpha_m")
        alpha.set(xlabel="age [Gyr]", xlim=(0, 13.8), ylim=(-0.12, 0.7))
        alpha.set_ylabel(r"[$\alpha$/M] [dex]")
        alpha.legend(loc="upper left", markerscale=3)
    return figure


def colours(stars: Table) -> Figure:
    """
    BP - RP against Teff with a published relation; how much brighter pairs are.

    Args:
        stars: as for `draw_all`.
    """
    plain = (stars["a_v"] < 0.5) & (np.abs(stars["fe_h"]) < 0.2) & (stars["kind"] == "normal")
    clear = stars["bp"] - stars["rp"] - 0.413 * stars["a_v"]
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.9))
        left, right = figure.subplots(1, 2)
        # Small points over larger ones: both groups are seen where they lie together.
        for here, words, colour, size, line in (
            (stars["logg"] > 4.0, "dwarfs", "C0", 3.5, (0.4929, 0.5092, -0.0353)),
            (stars["logg"] < 3.6, "giants", "C1", 1.5, (0.5323, 0.4775, -0.0344)),
        ):
            row = _some(here & plain & ~stars["binary"])
            left.plot(clear[row], stars["teff"][row], ".", ms=size, color=colour, rasterized=True)
            grid = np.linspace(0.6 if words == "giants" else 0.5, 1.7, 50)
            relation = 5040 / np.polyval(line[::-1], grid)
            left.plot(grid, relation, color="k", lw=1.8)
            left.plot(grid, relation, color=colour, label=words)
        left.set(xlim=(0.4, 2.0), ylim=(3700, 7000), xlabel=r"(BP $-$ RP)$_0$ [mag]")
        left.set_ylabel(r"$T_\mathrm{eff}$ [K]")
        left.legend()
        ratio, excess = _excess(stars)
        single, pair = _some(np.isnan(ratio)), _some(np.isfinite(ratio))
        right.plot(np.zeros(len(single)), excess[single], ".", ms=2, color="0.6", label="single")
        right.plot(ratio[pair], excess[pair], ".", ms=2, color="C3", label="pairs")
        right.axhline(2.5 * np.log10(2.0), color="k", lw=0.7, ls=":")
        right.set(xlabel="mass ratio", xlim=(-0.05, 1.05), ylim=(-0.25, 0.95))
        right.set_ylabel(r"brighter in $K_s$ by [mag]")
        right.legend(loc="upper left", markerscale=4)
    return figure


def _excess(stars):
    """Mass ratio of dwarfs (NaN if single), and how much brighter than single ones they are."""
    few = {name: values[stars["state"] == "dwarf"] for name, values in stars.items()}
    size = few["ks"] - 5 * np.log10(few["distance_pc"] / few["radius_rsun"]) - 0.078 * few["a_v"]
    x, metals = np.log10(few["teff"]) - 3.7, few["fe_h"]
    terms = np.stack([np.ones(len(x)), x, x**2, x**3, metals, metals**2, metals * x], axis=1)
    single = ~few["binary"]
    single_star = np.linalg.lstsq(terms[single], size[single], rcond=None)[0]
    ratio = few["companion_mass_msun"] / few["mass_msun"]
    return ratio, terms @ single_star - size


ERRORS = (
    ("seen_phot_g_mean_mag", "seen_parallax_error", "G [mag]", "parallax [mas]", (8, 18.5)),
    ("seen_ks_m", "seen_ks_msigcom", r"$K_s$ [mag]", r"$K_s$ [mag]", (5, 15)),
    ("seen_snrev", "seen_teff_err", "SNR of APOGEE", r"$T_\mathrm{eff}$ [K]", (25, 900)),
    ("seen_snrev", "seen_fe_h_err", "SNR of APOGEE", "[Fe/H] [dex]", (25, 900)),
)
"""Columns of abscissa and error, their names, range of the abscissa."""


def errors(stars: Table) -> Figure:
    """
    Reported errors against magnitude or SNR, dwarfs and giants apart.

    Args:
        stars: as for `draw_all`.
    """
    giant = stars["logg"] < 3.6
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.4))
        for axes, (x, y, across, up, limits) in zip(
            figure.subplots(2, 2).ravel(), ERRORS, strict=True
        ):
            for here, words, colour in ((giant, "giants", "C1"), (~giant, "others", "C0")):
                row = _some(here & np.isfinite(stars[y]) & (stars[y] > 0))
                axes.plot(
                    stars[x][row], stars[y][row], ".", ms=1.5, color=colour, label=words,
                    rasterized=True,
                )  # fmt: skip
            axes.set(xlabel=across, ylabel=f"error of {up}", xlim=limits, yscale="log")
            if "snr" in x:
                axes.set_xscale("log")
                axes.set_xticks([30, 100, 300], ["30", "100", "300"])
                axes.xaxis.set_minor_formatter(NullFormatter())
        axes.legend(markerscale=5)
    return figure


def _groups(axes: Axes, stars: Table, by: str, groups, x: str, y: str) -> None:
    """Points of each group in its colour, the frequent below the rare."""
    for name, words, colour in groups:
        row = _some(stars[by] == name)
        axes.plot(
            stars[x][row], stars[y][row], ".", ms=2, color=colour, label=words, rasterized=True
        )


def _some(here: np.ndarray) -> np.ndarray:
    """Rows where true, every n-th of them if they are many."""
    row = np.flatnonzero(here)
    return row[:: max(1, -(-len(row) // MOST))]


def _ticks(axis, places) -> None:
    axis.set_major_locator(FixedLocator(places))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")
