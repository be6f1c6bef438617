"""The stars that the simulated Kepler observed: how they oscillate, and what its catalogue says."""

from collections.abc import Mapping

import numpy as np

from starloom.separation import grid_dnu
from starloom.sky.draws import Draws
from starloom.sky.labels import kepler_magnitude
from starloom.sky.labels.infrared import twomass_photometry
from starloom.sky.seismology import scaling

Table = dict[str, np.ndarray]

LOW_UHZ, HIGH_UHZ, STEP_UHZ = 2.0, 269.0, 0.009
"""Ends of the grid of power spectra without a light curve, the upper one inside its last bin, and
the width of its first bin [uHz]."""


def oscillations(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    options: Mapping[str, bool],
) -> tuple[Table, Table]:
    """
    Seismic parameters of the Kepler stars: their own, and those that their data show.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes g, bp, rp [mag].
        seed: the run's seed.
        options: switches of `seismology.scaling`.

    Returns:
        Two tables of the Kepler stars in the order of `stars`: source_id, kic, and what `scaling`
        returns. They differ with `permuted_spectra` only.
    """
    here = np.asarray(stars["kepler"], bool)
    known = {name: np.asarray(values)[here] for name, values in stars.items()}
    light = {band: np.asarray(values)[here] for band, values in magnitudes.items()}
    known["kepmag"] = kepler_magnitude(light)
    names = {name: known[name] for name in ("source_id", "kic")}
    own = names | scaling(known, seed, dict(options) | {"permuted_spectra": False})
    shown = names | scaling(known, seed, options) if options.get("permuted_spectra") else own
    return own, shown


def targets(
    stars: Mapping[str, np.ndarray], magnitudes: Mapping[str, np.ndarray], seed: int
) -> Table:
    """
    What the Kepler Input Catalogue says of the Kepler stars, as headers of light curves repeat it.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes g, bp, rp, j, h, ks [mag].
        seed: the run's seed.

    Returns:
        kic, ra_deg, dec_deg, glon_deg, glat_deg, kepmag, jmag, hmag, kmag, teff, logg, feh, as
        `kepler_files.write_light_curve` takes them, in the order of the Kepler stars.

    References:
        Brown et al. (2011), AJ 142, 112, Sec. 8: 200 K in Teff, 0.4 dex in log g, metallicities
        little better than a guess.
    """
    here = np.asarray(stars["kepler"], bool)
    known = {name: np.asarray(values)[here] for name, values in stars.items()}
    light = {band: np.asarray(values)[here] for band, values in magnitudes.items()}
    draws = Draws(seed, known["star"])
    infrared = twomass_photometry(known, light, seed)
    return {
        "kic": known["kic"],
        "ra_deg": known["ra"],
        "dec_deg": known["dec"],
        "glon_deg": known["l"],
        "glat_deg": known["b"],
        "kepmag": kepler_magnitude(light),
        "jmag": infrared["j_m"],
        "hmag": infrared["h_m"],
        "kmag": infrared["ks_m"],
        "teff": known["teff"] + draws.normal("kic teff", 0.0, 200.0),
        "logg": known["logg"] + draws.normal("kic logg", 0.0, 0.4),
        "feh": 0.5 * known["fe_h"] - 0.1 + draws.normal("kic feh", 0.0, 0.3),
    }


def with_seismology(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    own: Mapping[str, np.ndarray],
) -> tuple[Table, Table]:
    """The Kepler stars with their numax_uhz and dnu_uhz from `oscillations`, and magnitudes."""
    here = np.asarray(stars["kepler"], bool)
    known = {name: np.asarray(values)[here] for name, values in stars.items()}
    light = {band: np.asarray(values)[here] for band, values in magnitudes.items()}
    return known | {name: own[name] for name in ("numax_uhz", "dnu_uhz")}, light


def with_light_curves(star: np.ndarray, seed: int, count: int) -> np.ndarray:
    """
    Which of the Kepler stars get a full light curve; the others get power spectra.

    Args:
        star: indices of the Kepler stars.
        seed: the run's seed.
        count: how many; all where there are fewer.

    Returns:
        (n_star,) bool: a sample at random that does not depend on the order of the stars.
    """
    order = np.argsort(Draws(seed, star).uniform("light curve"))
    chosen = np.zeros(len(star), bool)
    chosen[order[:count]] = True
    return chosen


def power_edges() -> np.ndarray:
    """
    Bin edges [uHz] of power spectra without a light curve: a fixed part of the large separation.

    References:
        Huber et al. (2010), ApJ 723, 1607, Eq. 1; Leung et al. (2023), Sec. 4.2.
    """
    parts = grid_dnu(LOW_UHZ) / STEP_UHZ
    edges = [LOW_UHZ]
    while edges[-1] < HIGH_UHZ:
        edges.append(edges[-1] + grid_dnu(edges[-1]) / parts)
    return np.array(edges)
