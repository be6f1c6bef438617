"""Figures of the study scatter_vae: arrays in, matplotlib Figures out."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from starloom.figures.style import COLUMN_INCH, PAGE_INCH, finite_range, kiel_axes, styled

LABELS = {
    "teff": r"$T_\mathrm{eff}$ [K]",
    "logg": r"$\log g$ [dex]",
    "m_h": r"[M/H] [dex]",
    "alpha_m": r"[$\alpha$/M] [dex]",
}


def draw_all(
    tables: dict[str, dict[str, np.ndarray]], card: dict, names: list[str]
) -> dict[str, tuple[Figure, str, str]]:
    """
    Draw the named figures of the study.

    Args:
        tables: `history`, `catalog`, `stars` and `residuals`, as the study's rules write them.
        card: of the model.
        names: losses, residuals, coefficients, latent, kiel.

    Returns:
        By name: the figure, its title and its caption.
    """
    stars, residual = tables["stars"], tables["residuals"]
    n_bp = residual["relative"].shape[1] // 2 if len(residual["relative"]) else 0
    count = f"{len(residual['source_id']):,} test stars"
    encoded = np.isfinite(tables["catalog"]["z0"])
    n_latent = card["architecture"]["latent"]
    mean = np.stack([tables["catalog"][f"z{i}"][encoded] for i in range(n_latent)], axis=1)
    drawn = {
        "losses": lambda: (
            losses(tables["history"], card["best_epoch"]),
            "Training of the scatter VAE",
            "Loss, its reconstruction part and the Kullback-Leibler divergence of the latent by "
            f"epoch. Dotted: epoch {card['best_epoch']}, the one that was kept.",
        ),
        "residuals": lambda: (
            residuals(residual["normalised"], n_bp),
            "Held-out residuals over their predicted errors",
            f"Residuals of {count} over errors and scatter, with the unit Gaussian (left), and "
            "their width by coefficient (right). Shaded: 1.00 ± 0.05.",
        ),
        "coefficients": lambda: (
            coefficients(residual["relative"], n_bp),
            "Reconstruction error by coefficient",
            f"Median and central 68 % of R(j) for the first 32 coefficients of BP and RP, and "
            f"RMSE(j) of each star; {count}. Laroche & Speagle (2024), Eqs. 6 and 7.",
        ),
        "latent": lambda: (
            latent(mean, {k: stars[k][encoded] for k in LABELS if k in stars}),
            "Latent space of XP spectra",
            "Latent means of all stars in the dimensions that spread most, coloured by labels "
            "that the model has not seen.",
        ),
        "kiel": lambda: (
            kiel(stars, {n: stars[f"in_{n}"] for n in ("full", "good", "pristine")}),
            "Kiel diagrams of the full, good and pristine catalogues",
            "Stars per cell (top) and [M/H] of each star (bottom) in the three catalogues; stars "
            "hotter than 7,200 K lie beyond the axis. Laroche & Speagle "
            "(2024), Fig. 2.",
        ),
    }
    return {name: drawn[name]() for name in names}


def losses(history: dict[str, np.ndarray], best_epoch: int) -> Figure:
    """
    Loss by epoch, its two parts, and the epoch that was kept.

    Args:
        history: `epoch`, `train_loss`, `validation_reconstruction`, `validation_kl`,
            `validation_loss` [nat], one value an epoch; NaN where it was not evaluated.
        best_epoch: the epoch of the model that was kept.

    Returns:
        Two panels: reconstruction with loss, and KL divergence.
    """
    with styled():
        figure = Figure(figsize=(COLUMN_INCH, 3.6))
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        epoch = history["epoch"]
        seen = np.isfinite(history["validation_loss"])
        top.plot(epoch, history["train_loss"], label="training", color="C0", alpha=0.8)
        for name, label, colour in (
            ("validation_loss", "validation", "C1"),
            ("validation_reconstruction", "its reconstruction part", "C2"),
        ):
            top.plot(epoch[seen], history[name][seen], label=label, color=colour)
        late = slice(len(epoch) // 20, None)
        shown = ("train_loss", "validation_loss", "validation_reconstruction")
        low, high = finite_range(np.concatenate([history[name][late] for name in shown]), 0.5)
        top.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
        bottom.plot(epoch[seen], history["validation_kl"][seen], color="C3")
        for axes in (top, bottom):
            axes.axvline(best_epoch, color="0.5", linestyle=":", linewidth=0.9)
        top.set_ylabel("loss [nat per star]")
        figure.legend(*top.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        bottom.set_ylabel("KL [nat]")
        bottom.set_xlabel("epoch")
        bottom.set_xlim(0, 1.02 * epoch[-1])
        bottom.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def residuals(normalised: np.ndarray, n_bp: int) -> Figure:
    """
    Held-out residuals over their predicted errors, against the unit Gaussian.

    Args:
        normalised: (x - xhat) / sqrt(e^2 + s^2), [n_star, n_coefficient].
        n_bp: how many of the coefficients are BP's; they come first.

    Returns:
        Histogram of all residuals, and their width for each coefficient.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.6))
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
        edges = np.linspace(-5, 5, 101)
        middle = 0.5 * (edges[1:] + edges[:-1])
        density = np.histogram(normalised, edges)[0] / (normalised.size * np.diff(edges))
        left.stairs(density, edges, label="test stars", color="C0")
        left.plot(middle, norm.pdf(middle), color="0.3", linestyle="--", label="unit Gaussian")
        left.set_yscale("log")
        left.set_ylim(1e-5, 1)
        left.set_xlabel(r"$(x-\hat x)/\sqrt{\sigma^2+\hat s^2}$")
        left.set_ylabel("density")
        left.legend(loc="lower center")
        low, high = np.percentile(normalised, [15.865, 84.135], axis=0)
        for part, name, colour in (
            (slice(0, n_bp), "BP", "C0"),
            (slice(n_bp, None), "RP", "C1"),
        ):
            width = 0.5 * (high - low)[part]
            right.plot(np.arange(len(width)), width, "o", markersize=2.5, color=colour, label=name)
        right.axhline(1, color="0.3", linestyle="--", linewidth=0.8)
        right.axhspan(0.95, 1.05, color="0.9", zorder=0)
        right.set_ylim(0, None)
        right.set_xlabel("coefficient $j$ of the band")
        right.set_ylabel("width (half of 16th to 84th percentile)")
        right.legend(loc="lower right", ncols=2)
    return figure


def coefficients(relative: np.ndarray, n_bp: int, shown: int = 32) -> Figure:
    """
    Reconstruction error by coefficient in units of the measurement error, R(j) and RMSE(j).

    Args:
        relative: R(j) = (x - xhat) / sigma, [n_star, n_coefficient].
        n_bp: how many of the coefficients are BP's; they come first.
        shown: first coefficients of each band that enter RMSE(j).

    Returns:
        Median and central 68 % of R(j) for BP and RP, and the distribution of RMSE(j).

    References:
        Laroche & Speagle (2024), Eqs. 6 and 7.
    """
    bands = {"BP": relative[:, :n_bp][:, :shown], "RP": relative[:, n_bp:][:, :shown]}
    rmse = np.sqrt(np.mean(np.concatenate(list(bands.values()), axis=1) ** 2, axis=1))
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 2.5))
        panels = figure.subplots(1, 3, width_ratios=(1.4, 1.4, 1))
        panels[1].sharey(panels[0])
        for axes, (name, values), colour in zip(panels, bands.items(), ("C0", "C1"), strict=False):
            order = np.arange(values.shape[1])
            low, median, high = np.percentile(values, [15.865, 50, 84.135], axis=0)
            axes.fill_between(order, low, high, color=colour, alpha=0.3, linewidth=0)
            axes.plot(order, median, color=colour)
            axes.axhline(0, color="0.5", linewidth=0.6)
            axes.set_yscale("symlog", linthresh=2)
            axes.set_xlabel(f"{name} coefficient $j$")
        panels[0].set_ylabel(r"$R(j) = (x_j-\hat x_j)/\sigma_j$")
        low, high = finite_range(np.log10(rmse), 0.5)
        panels[2].hist(np.log10(rmse), bins=np.linspace(low, high, 41), histtype="step", color="C2")
        panels[2].set_xlabel(r"$\log_{10}$ RMSE")
        panels[2].set_ylabel("test stars")
        panels[2].yaxis.set_major_locator(MaxNLocator(integer=True))
        panels[2].yaxis.set_minor_locator(MaxNLocator(1, integer=True))
    return figure


def latent(mean: np.ndarray, labels: dict[str, np.ndarray]) -> Figure:
    """
    The latent space coloured by stellar labels, in the pairs of dimensions that spread most.

    Args:
        mean: latent means, [n_star, n_latent].
        labels: any of teff [K], logg, m_h, alpha_m [dex], NaN where a star has none.

    Returns:
        One column a label; the dimension that spreads most against the next two.
    """
    order = np.argsort(-mean.std(axis=0), kind="stable")
    first, second, third = order[0], order[1 % len(order)], order[2 % len(order)]
    pairs = [(first, second), (first, third)]
    shown = {name: labels[name] for name in LABELS if name in labels} or {"": np.zeros(len(mean))}
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.9))
        panels = figure.subplots(2, len(shown), squeeze=False, sharex="row", sharey="row")
        size = float(np.clip(1.2e4 / max(len(mean), 1), 1.0, 12.0))
        for column, (name, values) in enumerate(shown.items()):
            low, high = finite_range(values)
            for row, (i, j) in enumerate(pairs):
                axes = panels[row, column]
                points = axes.scatter(
                    mean[:, i], mean[:, j], c=values, s=size, vmin=low, vmax=high,
                    linewidths=0, rasterized=True, plotnonfinite=False,
                )  # fmt: skip
                axes.set_xlim(*finite_range(mean[:, i], 0.2))
                axes.set_ylim(*finite_range(mean[:, j], 0.2))
                axes.set_xlabel(f"$z_{i}$")
                if column == 0:
                    axes.set_ylabel(f"$z_{j}$")
            if name:
                figure.colorbar(
                    points, ax=panels[:, column], location="top", aspect=18, label=LABELS[name]
                )
    return figure


def kiel(labels: dict[str, np.ndarray], catalogues: dict[str, np.ndarray]) -> Figure:
    """
    Kiel diagrams of catalogues of growing quality, by number of stars and by metallicity.

    Args:
        labels: teff [K], logg, m_h [dex].
        catalogues: for each catalogue's name, which stars it holds (bool).

    Returns:
        One column a catalogue; number density above, each star's [M/H] below.

    References:
        Laroche & Speagle (2024), Fig. 2.
    """
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 4.6))
        panels = figure.subplots(2, len(catalogues), sharex=True, sharey=True, squeeze=False)
        known = np.isfinite(labels["teff"]) & np.isfinite(labels["logg"])
        low, high = finite_range(labels["m_h"][known], 2)
        size = float(np.clip(4e3 / max(known.sum(), 1), 0.3, 6))
        norm = LogNorm(vmin=1)  # scaled by the first catalogue, which holds the others
        for column, (name, member) in enumerate(catalogues.items()):
            chosen = known & member
            x, y, z = (labels[key][chosen] for key in ("teff", "logg", "m_h"))
            top, bottom = panels[:, column]
            counts = top.hexbin(
                x, y, gridsize=60, extent=(3300, 7200, -0.3, 5.3), mincnt=1, norm=norm,
                linewidths=0.1, rasterized=True,
            )  # fmt: skip
            metal = bottom.scatter(
                x, y, c=z, s=size, vmin=low, vmax=high, linewidths=0, cmap="cividis",
                rasterized=True,
            )  # fmt: skip
            top.set_title(f"{name}: {chosen.sum():,} stars")
            for axes in (top, bottom):
                kiel_axes(axes)
                axes.label_outer()
            if column == len(catalogues) - 1:
                figure.colorbar(counts, ax=top, label="stars per cell", format="%g")
                figure.colorbar(metal, ax=bottom, label=LABELS["m_h"])
    return figure
