"""
Tracks through label space, carried into the latent space.

A point of a track is a box of labels; the spectra of its stars are averaged and encoded, and their
own latent means are averaged too.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Bool, Float

from starloom.prepare.cuts import alpha_sequence
from starloom.training import scatter_vae as vae

LEAST = 10
"""Fewest stars of a point."""

METALLICITIES = (0.4, 0.0, -0.4, -0.8, -1.2, -1.6, -2.0)
"""[M/H] of the tracks at fixed metallicity [dex]; each takes stars within 0.2 dex."""

FIXED_M_H = -0.4
"""[M/H] of the track that changes in [alpha/M] alone [dex]."""

Labels = Mapping[str, np.ndarray]


def boundary(teff: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """log g between main sequence (above) and giants, at Teff [K] (Eq. 10)."""
    return 5.9 - 0.4 * teff / 1000


def main_sequence(teff: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """log g of the main sequence at solar metallicity, at Teff [K] (Eq. 11)."""
    hot = np.asarray(teff) / 1000
    return np.select([hot < 5, hot < 6.3], [4.6, 7.1 - hot / 2], 3.95)


def giant_branch(logg: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Teff [K] of the giant branch at solar metallicity, at log g (Eq. 12)."""
    logg = np.asarray(logg)
    return 1000 * np.where(logg < 3.65, 3.59 + 0.44 * logg, 0.09 + 1.4 * logg)


def boxes(stars: Labels) -> Iterator[tuple[str, str, float, Bool[np.ndarray, " n_star"]]]:
    """
    The stars of every point of every track.

    Args:
        stars: teff [K], logg, m_h, alpha_m, fe_h, mg_fe [dex], in_good, in_pristine.

    Yields:
        Kind of track (`kiel`, `metallicity`, `alpha`), its name, its fixed metallicity (NaN where
        it has none), and which stars belong to the point. Kiel tracks are of the good catalogue
        at solar metallicity, alpha tracks of the pristine one.

    References:
        Laroche & Speagle (2024), Secs. 4.2 and 5.
    """
    teff, logg, m_h, good = (stars[name] for name in ("teff", "logg", "m_h", "in_good"))
    dwarf = good & (logg > boundary(teff))
    giant = good & (logg <= boundary(teff))
    solar = np.abs(m_h) < 0.15
    for at in np.arange(3800.0, 7001.0, 200.0):
        near = (np.abs(teff - at) < 100) & (np.abs(logg - main_sequence(at)) < 0.3)
        yield "kiel", "ms", np.nan, dwarf & solar & near
    for at in np.arange(0.5, 3.8, 0.25):
        near = (np.abs(logg - at) < 0.125) & (np.abs(teff - giant_branch(at)) < 300)
        yield "kiel", "gb", np.nan, giant & solar & near
    for metallicity in METALLICITIES:
        alike = np.abs(m_h - metallicity) < 0.2
        for at in np.arange(3800.0, 7001.0, 200.0):
            yield "metallicity", "ms", metallicity, dwarf & alike & (np.abs(teff - at) < 100)
        for at in np.arange(0.5, 3.8, 0.25):
            yield "metallicity", "gb", metallicity, giant & alike & (np.abs(logg - at) < 0.125)
    sequence = np.where(stars["in_pristine"], alpha_sequence(stars["fe_h"], stars["mg_fe"]), -1)
    for name, value in (("high", 1), ("low", 0)):
        for at in np.arange(-1.5, 0.51, 0.1):
            yield "alpha", name, np.nan, (sequence == value) & (np.abs(m_h - at) < 0.05)
    fixed = (sequence >= 0) & (np.abs(m_h - FIXED_M_H) < 0.05)
    for at in np.arange(-0.1, 0.46, 0.05):
        yield "alpha", "fixed", FIXED_M_H, fixed & (np.abs(stars["alpha_m"] - at) < 0.025)


def tracks(
    model: vae.Model,
    stars: Labels,
    latent: Float[np.ndarray, "n_star n_latent"],
    ratio: Float[np.ndarray, "n_star n_input"],
) -> dict[str, np.ndarray]:
    """
    All tracks, in label space and in the latent space.

    Args:
        model: a trained scatter VAE.
        stars: as for `boxes`.
        latent: latent means of the stars; NaN where a star has none: it is left out.
        ratio: coefficients over the G flux of the stars.

    Returns:
        One row a point: `kind`, `track`, `metallicity`, `n` stars; their mean `teff` [K], `logg`,
        `m_h`, `alpha_m`; `z`, the latent mean of their averaged spectrum (n_point, n_latent);
        `z_mean` and `z_error`, mean of their latent means and its standard error. Points of fewer
        than `LEAST` stars are left out.
    """
    encoded = np.isfinite(latent).all(axis=1)
    kept = [(*name, rows & encoded) for *name, rows in boxes(stars)]
    kept = [(*name, np.flatnonzero(rows)) for *name, rows in kept if rows.sum() >= LEAST]
    kind, track, metallicity, members = zip(*kept, strict=True) if kept else ([], [], [], [])
    n = np.array([len(rows) for rows in members], int)
    found = {"kind": np.array(kind, object), "track": np.array(track, object), "n": n}
    found["metallicity"] = np.array(metallicity, float)
    for name in ("teff", "logg", "m_h", "alpha_m"):
        found[name] = np.array([np.nanmean(stars[name][rows]) for rows in members])
    n_latent = latent.shape[1]
    for name, values in {
        "z_mean": [latent[rows].mean(axis=0) for rows in members],
        "z_error": [latent[rows].std(axis=0, ddof=1) / len(rows) ** 0.5 for rows in members],
    }.items():
        found[name] = np.array(values, np.float32).reshape(-1, n_latent)
    found["z"] = np.zeros((0, n_latent), np.float32)
    if kept:
        spectra = np.array([ratio[rows].mean(axis=0) for rows in members])
        x = ((spectra - model.mean) / model.std).astype(np.float32)
        given = {"x": x, "error": np.ones_like(x)}
        if model.architecture.likelihood == "full":
            given["correlation"] = np.zeros((len(x), 2, _pairs(x.shape[1] // 2)), np.float32)
        found["z"] = vae.predict(model, given)["latent_mean"]
    return found


def _pairs(size):
    return size * (size - 1) // 2
