"""Figures of the study scatter_vae: arrays in, matplotlib Figures out."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.stats import norm

from starloom.figures import scatter_vae_alpha, scatter_vae_errors, scatter_vae_tracks
from starloom.figures.scatter_vae_scheme import architecture
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
        tables: `history`, `catalog`, `stars` and `residuals`, as the study's rules write them;
            where stars have labels, `tracks`, `alpha`, `confusion` (a matrix for each
            classifier); `numbers`, the study's published ones.
        card: of the model.
        names: of the figures, some of those below.

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
            f"epoch. Dotted: epoch {card['best_epoch']}, the one that was kept. Training: mean "
            "over an epoch's steps, each batch normalised by its own statistics, whose noise "
            "raises the loss; validation: after the epoch, by the running statistics. Validation "
            "stars chose the epoch: the numbers xpvae.val_loss, val_recon and val_kl are those of "
            f"test stars instead.{_restarts(card['training'])}",
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
            "Stars per cell (top) and [M/H] of each star (bottom) in the three catalogues, of the "
            "stars that have an effective temperature and a surface gravity; those hotter than "
            "7,200 K lie beyond the axis. Laroche & Speagle (2024), Fig. 2.",
        ),
        "architecture": lambda: (
            architecture(card["architecture"]),
            "The scatter VAE",
            "Layers with their neurons. Between layers: an affine map, a batch normalisation and "
            "a GELU. Laroche & Speagle (2024), Fig. 3.",
        ),
        "first_coefficients": lambda: (
            scatter_vae_errors.first_coefficients(residual["relative"], n_bp),
            "Reconstruction error of the first coefficients",
            f"R(j) of the first five coefficients of BP and RP for {count}, with the unit "
            "Gaussian; median (bias) and half of the central 68 % (width) are written in. "
            "Laroche & Speagle (2024), Fig. 5.",
        ),
        "wavelengths": lambda: (
            scatter_vae_errors.wavelengths(residual["relative_flux"], tables["wavelength_nm"]),
            "Reconstruction error by wavelength",
            f"R(λ) of {count} at ten wavelengths, with the unit Gaussian, and its median and "
            "central 68 % at all 61; errors from the covariance of the coefficients. Laroche & "
            "Speagle (2024), Eq. 8 and Fig. 7.",
        ),
    }
    return {name: drawn[name]() for name in names if name in drawn} | _labelled(tables, names)


def _labelled(tables, names):
    """Figures that need the stars' labels."""
    catalog, stars, residual = tables["catalog"], tables["stars"], tables["residuals"]
    n_latent = sum(f"z{i}" in catalog for i in range(len(catalog)))
    z = np.stack([catalog[f"z{i}"] for i in range(n_latent)], axis=1)

    def of(member):
        rows = member & np.isfinite(z).all(axis=1)
        return {name: values[rows] for name, values in stars.items()}, z[rows]

    flux = np.sqrt(np.square(residual["relative_flux"]).mean(axis=1))
    errors = {"RMSE$(j)$": residual["rmse"], r"RMSE$(\lambda)$": flux}
    points = "Points: averages of the stars in a box of labels, with the error of the mean"
    drawn = {
        "label_errors": lambda: (
            scatter_vae_errors.label_errors(stars),
            "Quality of the labels in the three catalogues",
            "Left: effective temperature divided by its error; middle and right: errors of surface "
            "gravity and metallicity; each against the label itself. The numbers count all stars "
            "of a catalogue, also the few without labels, which cannot be drawn. Laroche & "
            "Speagle (2024), Fig. 1.",
        ),
        "errors_by_label": lambda: (
            scatter_vae_errors.by_label(errors, tables["test"]),
            "Reconstruction error over the stars' labels",
            "Test stars by label (top), and their reconstruction errors in coefficients and in "
            "wavelength with median and central 68 % (lines). Shaded: bins of fewer than 100 "
            "stars. Laroche & Speagle (2024), Eqs. 7 and 9 and Fig. 9.",
        ),
        "tracks": lambda: (
            scatter_vae_tracks.kiel_tracks(tables["tracks"], *of(stars["in_good"])),
            "Main sequence and giant branch in the latent space",
            "Stars of the good catalogue per cell, darker for more on a logarithmic scale, below "
            "(blue) and above (grey) the line of Eq. 10, in the Kiel diagram (left) and in the two "
            "latent dimensions that tell these apart best; and tracks at solar metallicity. "
            f"{points}; dotted, open squares: the averaged spectra, encoded. Laroche & Speagle "
            "(2024), Eqs. 10 to 12 and Fig. 10.",
        ),
        "metallicity": lambda: (
            scatter_vae_tracks.metallicity_tracks(tables["tracks"], *_latent_and(of, stars)),
            "Tracks at fixed metallicity",
            f"In the Kiel diagram (left) and in the latent space. {points}. Laroche & Speagle "
            "(2024), Fig. 11.",
        ),
        "alpha_tracks": lambda: (
            scatter_vae_tracks.alpha_tracks(
                tables["tracks"], *of(stars["in_pristine"] & (stars["high"] >= 0))
            ),
            "The two alpha sequences in the latent space",
            "Stars of the pristine catalogue of the high-alpha (dots, pink) and low-alpha sequence "
            f"(light blue), tracks along both, and one at fixed metallicity. {points}. Laroche & "
            "Speagle (2024), Fig. 12.",
        ),
        "confusion": lambda: (
            scatter_vae_alpha.confusion(tables["confusion"]),
            "Classifiers of the alpha sequences",
            "Share of the stars of each sequence that get each answer, with their number; "
            f"{len(tables['alpha']['high'])} test stars of the pristine catalogue. Laroche & "
            "Speagle (2024), Fig. 13.",
        ),
        "classifiers": lambda: (
            scatter_vae_alpha.classifiers(tables["numbers"]),
            "Classifiers of the alpha sequences by temperature",
            "Area under the ROC curve for test stars of the pristine catalogue, with errors from "
            "resampling the stars; guessing has 0.5.",
        ),
        "corner": lambda: (
            scatter_vae_tracks.corner(tables["tracks"], of(stars["in_good"])[1]),
            "Main sequence and giant branch in all latent dimensions",
            "Latent means of the good catalogue (cells: darker for more stars on a logarithmic "
            "scale; on the diagonal: their histogram), and tracks of the main sequence (blue) and "
            "the giant branch (orange) at solar metallicity; vertical lines: their points. All "
            "axes span one range: a dimension that the model does not use has its stars at one "
            "place. Laroche & Speagle (2024), Fig. 14.",
        ),
    }
    return {name: drawn[name]() for name in names if name in drawn}


def _restarts(training):
    """What the jumps of the losses are, where the learning rate starts anew."""
    if training["restart_epochs"] >= training["epochs"]:
        return ""
    return (
        " Jumps: the learning rate, which falls along a cosine, starts anew every "
        f"{training['restart_epochs']} epochs."
    )


def _latent_and(of, stars):
    chosen, z = of(stars["in_good"])
    return z, chosen["m_h"]


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
