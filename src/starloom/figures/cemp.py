"""Figures of the study cemp: arrays in, matplotlib Figures out."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from starloom.figures.style import COLUMN_INCH, PAGE_INCH, finite_range, styled

NOISE = "0.75"
POLE_RA, POLE_DEC, NODE_L = 192.85948, 27.12825, 122.93192
"""North Galactic pole and the longitude of the celestial one [deg], ICRS (Hipparcos Vol. 1)."""

Drawn = tuple[Figure, str, str]


def draw_all(
    tables: dict, votes: list[dict], clustering: dict, names: list[str]
) -> dict[str, Drawn]:
    """
    Draw the named figures of the study.

    Args:
        tables: `catalog`; `stars` in its order with `m_g`; `latent`, the standardised means in
            its order; `spectra` with `wavelength_nm`; `sweep`.
        votes: of each population.
        clustering: with the `row` of the sweep that was chosen.
        names: spectra, hrd, sky, probability, latent, stability.

    Returns:
        By name: the figure, its title and its caption.
    """
    labels, stars = tables["catalog"]["population"], tables["stars"]
    titles = [f"{v['population']}: {v['n']:,} stars, {v['winner']}" for v in votes]
    count = f"{len(labels):,} candidates, {(labels < 0).sum():,} of them in no population"
    placed = np.isfinite(stars["bp_rp"]) & np.isfinite(stars["m_g"])
    drawn = {
        "spectra": lambda: (
            spectra(tables["spectra"], titles),
            "XP spectra of the populations",
            "Median XP spectrum over the G flux of each population with its central 68 % "
            "(left; each panel has its own range), and its difference from the median of all other "
            "candidates (right; of two populations the second's mirrors the first's). Unit: the "
            "highest median. Headings: stars, and the majority vote of SIMBAD's types.",
        ),
        "hrd": lambda: (
            hrd(stars["bp_rp"], stars["m_g"], labels),
            "Populations in the Gaia HRD",
            f"Colour and absolute magnitude, neither corrected for dust, of the {placed.sum():,} "
            f"of {len(labels):,} candidates whose parallax has five sigma; "
            f"{(labels[placed] < 0).sum():,} of those drawn are in no population (grey).",
        ),
        "sky": lambda: (
            sky(*galactic(stars["ra"], stars["dec"]), labels),
            "Populations on the sky",
            "Galactic coordinates, Mollweide projection: the Galactic centre is in the middle, "
            "longitude grows to the left, with a line every 60 degrees, and a line every 30 of "
            f"latitude; {count} (grey). The models have seen no position.",
        ),
        "probability": lambda: (
            probability(tables["catalog"]["probability"], labels),
            "Probability of a carbon-enhanced metal-poor star by population",
            "Distribution of each population's probabilities by the trees, each over its "
            "largest bin; dots: medians, bars: quartiles.",
        ),
        "latent": lambda: (
            latent(tables["latent"], labels, votes),
            "Populations in the latent space",
            "Standardised latent means of the expert model in the dimensions that tell the "
            f"populations apart best; {count} (grey). HDBSCAN uses all dimensions.",
        ),
        "stability": lambda: (
            stability(tables["sweep"], clustering["row"]),
            "Settings of HDBSCAN",
            "Populations, share of noise, relative validity, and the adjusted Rand index against "
            "models of other seeds and bootstraps of the stars, by the fewest stars that make a "
            "population. Colours: how many neighbours measure the density. Solid: clusters by "
            "excess of mass, dashed: the leaves of the tree of clusters. Circle: the choice.",
        ),
    }
    return {name: drawn[name]() for name in names}


def colour_of(group: int) -> str:
    """Colour of a population; noise is grey."""
    return NOISE if group < 0 else f"C{group % 10}"


def spectra(table: dict[str, np.ndarray], titles: list[str]) -> Figure:
    """
    Median spectra with their band, and their difference from all others.

    Args:
        table: `wavelength_nm`, and `low`, `median`, `high`, `difference`
            (n_population, n_pixel).
        titles: one a population.

    Returns:
        One row a population, spectrum on the left, difference on the right: of two populations
        one has it, since the other's is its mirror image.
    """
    n_group = len(titles)
    wavelength = np.asarray(table["wavelength_nm"])
    with styled():
        if not n_group:
            return _empty("no population")
        figure = Figure(figsize=(PAGE_INCH, 0.9 + 0.95 * n_group))
        panels = figure.subplots(n_group, 2, sharex=True, squeeze=False)
        for right in panels[1:, 1]:
            right.sharey(panels[0, 1])
        scale = np.nanmax(table["median"])
        for group, (left, right) in enumerate(panels):
            colour = colour_of(group)
            low, high = (table[name][group] / scale for name in ("low", "high"))
            left.fill_between(wavelength, low, high, color=colour, alpha=0.3, linewidth=0)
            left.plot(wavelength, table["median"][group] / scale, color=colour)
            left.set_ylim(0, None)
            left.set_title(titles[group], fontsize=7, loc="left", pad=2)
            if not group:
                right.set_title("median minus that of the others", fontsize=7, pad=2)
            if group and n_group == 2:
                right.remove()
                continue
            right.axhline(0, color="0.5", linewidth=0.6)
            right.plot(wavelength, table["difference"][group] / scale, color=colour)
        low, high = finite_range(table["difference"] / scale, 0.0)
        panels[0, 1].set_ylim(low - 0.05, high + 0.05)
        for axes in (panels[-1, 0], panels[0 if n_group == 2 else -1, 1]):
            axes.set_xlabel("wavelength [nm]")
            axes.tick_params(labelbottom=True)
        figure.supylabel("flux / G flux, relative", fontsize=8)
    return figure


def hrd(colour: np.ndarray, magnitude: np.ndarray, labels: np.ndarray) -> Figure:
    """
    Populations in colour and absolute magnitude.

    Args:
        colour: BP - RP [mag].
        magnitude: M_G [mag], NaN where unknown.
        labels: population of each star, -1 for noise.

    Returns:
        One panel with all populations.
    """
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 3.6))
        axes = figure.subplots()
        _scatter(axes, colour, magnitude, labels)
        axes.set_xlabel(r"$G_\mathrm{BP} - G_\mathrm{RP}$ [mag]")
        axes.set_ylabel("$M_G$ [mag], not corrected for dust")
        low, high = finite_range(magnitude, 0)
        axes.set_ylim(high + 0.5, low - 0.5)
        figure.legend(handles=_handles(labels), loc="outside upper center", ncols=4)
    return figure


def sky(longitude: np.ndarray, latitude: np.ndarray, labels: np.ndarray) -> Figure:
    """
    Populations on the sky, one Mollweide map each.

    Args:
        longitude: Galactic [deg].
        latitude: Galactic [deg].
        labels: population of each star, -1 for noise.

    Returns:
        A map for each of the ten largest populations, with all candidates in grey.
    """
    groups = range(min(int(labels.max()) + 1, 10)) or [-1]
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    x = -np.deg2rad((longitude + 180) % 360 - 180)
    y = np.deg2rad(latitude)
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 0.4 + 3.6 / columns * rows))
        for place, group in enumerate(groups):
            axes = figure.add_subplot(rows, columns, place + 1, projection="mollweide")
            axes.set_axisbelow(True)
            axes.scatter(x, y, s=1.0, color="0.75", linewidths=0, rasterized=True)
            own = labels == group
            axes.scatter(
                x[own], y[own], s=4.0, color=colour_of(group), linewidths=0, rasterized=True
            )
            axes.grid(color="0.85", linewidth=0.3)
            # Labels on the equator would lie on the stars of the disc.
            axes.set_xticks(np.deg2rad([-120, -60, 0, 60, 120]), [])
            axes.set_yticks(np.deg2rad([-60, -30, 0, 30, 60]))
            axes.tick_params(labelsize=6)
            axes.set_title("noise" if group < 0 else f"population {group}", fontsize=8)
    return figure


def probability(values: np.ndarray, labels: np.ndarray) -> Figure:
    """
    Distribution of the probabilities of each population.

    Args:
        values: probability of each candidate, NaN where unknown.
        labels: population of each star, -1 for noise.

    Returns:
        One strip a population and one for noise, by log odds.
    """
    with styled():
        groups = [group for group in range(-1, int(labels.max()) + 1) if (labels == group).any()]
        if not np.isfinite(values).any():
            return _empty("the list gives no probabilities")
        figure = Figure(figsize=(COLUMN_INCH, 1.0 + 0.32 * len(groups)))
        axes = figure.subplots()
        odds = np.log10(np.clip(values, 1e-6, 1 - 1e-6) / (1 - np.clip(values, 1e-6, 1 - 1e-6)))
        edges = np.linspace(np.nanmin(odds) - 0.05, np.nanmax(odds) + 0.05, 41)
        middle = 0.5 * (edges[1:] + edges[:-1])
        for row, group in enumerate(groups):
            own = odds[(labels == group) & np.isfinite(odds)]
            if not len(own):
                continue
            height = np.histogram(own, edges)[0] / max(np.histogram(own, edges)[0].max(), 1)
            axes.fill_between(
                middle, row - 0.42 * height, row + 0.42 * height, step="mid",
                color=colour_of(group), alpha=0.6, linewidth=0,
            )  # fmt: skip
            low, median, high = np.percentile(own, [25, 50, 75])
            axes.plot([low, high], [row, row], color="0.2", linewidth=1.2)
            axes.plot(median, row, "o", color="0.2", markersize=3)
        names = ["noise" if group < 0 else f"{group}" for group in groups]
        axes.set_yticks(range(len(groups)), names)
        axes.minorticks_off()
        shown = np.array([1e-4, 1e-3, 1e-2, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999])
        place = np.log10(shown / (1 - shown))
        kept = (place > edges[0]) & (place < edges[-1])
        axes.set_xticks(place[kept], [f"{value:g}" for value in shown[kept]], rotation=45)
        axes.set_xlabel("CEMP probability")
        axes.set_ylabel("population")
    return figure


def latent(z: np.ndarray, labels: np.ndarray, votes: list[dict]) -> Figure:
    """
    Populations in the three latent dimensions that tell them apart best.

    Args:
        z: standardised latent means (n_star, n_latent).
        labels: population of each star, -1 for noise.
        votes: of each population, for the legend.

    Returns:
        Three panels, one a pair of dimensions (one where the latent has two).
    """
    shown = _telling(z, labels)
    pairs = [(i, j) for place, i in enumerate(shown) for j in shown[place + 1 :]]
    with styled():
        if not pairs:
            return _empty("one latent dimension alone says something")
        figure = Figure(figsize=(PAGE_INCH, 2.9))
        for axes, (i, j) in zip(
            figure.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True
        ):
            _scatter(axes, z[:, i], z[:, j], labels)
            axes.set_xlim(*finite_range(z[:, i], 0.1))
            axes.set_ylim(*finite_range(z[:, j], 0.1))
            axes.set_xlabel(f"$z_{i}$")
            axes.set_ylabel(f"$z_{j}$")
        handles = _handles(labels)
        for handle, vote in zip(handles[1:], votes, strict=False):
            handle.set_label(f"{vote['population']}: {vote['winner']}")
        figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def stability(sweep: dict[str, np.ndarray], chosen: int) -> Figure:
    """
    What each setting of HDBSCAN gives.

    Args:
        sweep: columns of the sweep, one row a setting.
        chosen: row of the setting that was used.

    Returns:
        Five panels against the least size of a population.
    """
    panels = {
        "populations": "populations",
        "noise": "share of noise",
        "validity": "relative validity",
        "seed_ari": "ARI, other seeds",
        "bootstrap_ari": "ARI, bootstraps",
    }
    samples = np.unique(sweep["min_samples"])
    methods = (("eom", "-", "excess of mass"), ("leaf", "--", "leaves of the tree"))
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.9))
        grid = figure.subplots(2, 3, sharex=True).ravel()
        for axes, (name, label) in zip(grid, panels.items(), strict=False):
            for number, neighbours in enumerate(samples):
                for method, style, _ in methods:
                    rows = (sweep["min_samples"] == neighbours) & (sweep["method"] == method)
                    axes.plot(
                        sweep["min_cluster_size"][rows], sweep[name][rows], style, marker=".",
                        color=f"C{number}", markersize=4,
                    )  # fmt: skip
            axes.plot(
                sweep["min_cluster_size"][chosen], sweep[name][chosen], "o", markersize=9,
                markerfacecolor="none", color="0.1",
            )  # fmt: skip
            axes.set_ylabel(label)
        grid[0].yaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in grid[2:5]:
            axes.set_xlabel("fewest stars of a population")
            axes.tick_params(labelbottom=True)
        grid[5].axis("off")
        handles = [
            Line2D(
                [],
                [],
                color=f"C{number}",
                marker=".",
                label=f"{neighbours} neighbour{'s' if neighbours > 1 else ''}",
            )
            for number, neighbours in enumerate(samples)
        ]
        handles += [
            Line2D([], [], color="0.3", linestyle=style, label=words) for _, style, words in methods
        ]
        grid[5].legend(handles=handles, loc="center")
    return figure


def galactic(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Galactic longitude and latitude [deg] of ICRS positions [deg]."""
    east, north, pole = np.deg2rad(ra - POLE_RA), np.deg2rad(dec), np.deg2rad(POLE_DEC)
    sine = np.sin(north) * np.sin(pole) + np.cos(north) * np.cos(pole) * np.cos(east)
    y = np.cos(north) * np.sin(east)
    x = np.sin(north) * np.cos(pole) - np.cos(north) * np.sin(pole) * np.cos(east)
    return (NODE_L - np.rad2deg(np.arctan2(y, x))) % 360, np.rad2deg(np.arcsin(sine))


def _telling(z, labels):
    """At most three dimensions, by the spread of population means over that within."""
    members = [z[labels == group] for group in range(int(labels.max()) + 1)]
    between = np.var([own.mean(axis=0) for own in members], axis=0) if members else z.var(axis=0)
    return np.sort(np.argsort(-between, kind="stable")[:3])


def _scatter(axes, x, y, labels):
    size = float(np.clip(1e4 / max(len(x), 1), 0.5, 10.0))
    for group in range(-1, int(labels.max()) + 1):
        own = labels == group
        axes.scatter(x[own], y[own], s=size, color=colour_of(group), linewidths=0, rasterized=True)


def _handles(labels):
    groups = range(-1, int(labels.max()) + 1)
    return [
        Line2D([], [], color=colour_of(group), marker="o", linestyle="none", markersize=4,
               label="noise" if group < 0 else f"population {group}")
        for group in groups
    ]  # fmt: skip


def _empty(text):
    figure = Figure(figsize=(COLUMN_INCH, 1.5))
    axes = figure.subplots()
    axes.axis("off")
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
    return figure
