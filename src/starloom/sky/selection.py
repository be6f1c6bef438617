"""
Which stars the surveys see: apparent magnitudes as of APOGEE's targets, and the places they imply.
"""

import numpy as np

from starloom.sky import candidates, evolution, kinematics
from starloom.sky.draws import Draws

SPHEROID = 2
"""Component code from which on no disc geometry applies."""

KEPLER_FIELD = (76.32, 13.50, 7.2)
"""Centre l, b and radius [deg]: Koch et al. (2010), Sec. 2; the square field as a circle."""

G_LIMIT, DISC_EDGE_KPC, TRIALS, NEARER = 17.0, 17.0, 5, 8
"""Rough G [mag] and R [kpc] beyond which a position is drawn again, at most so often; then the
distance shrinks by 0.6, at most so often."""


def ks_absolute(luminosity_lsun: np.ndarray, teff: np.ndarray) -> np.ndarray:
    """
    Rough absolute Ks magnitude, for the survey's selection alone.

    References:
        Bolometric correction linear in 5040/Teff through the Sun (Willmer 2018) and the red
        clump (Hawkins et al. 2017: -1.61).
    """
    correction = 1.47 + 2.79 * (np.clip(5040.0 / teff, 0.4, 1.5) - 0.869)
    return 4.74 - 2.5 * np.log10(luminosity_lsun) - correction


def in_kepler_field(
    draws: Draws, fraction: float, tracks: dict, kind: np.ndarray, component: np.ndarray
) -> np.ndarray:
    """
    Which stars Kepler observed: ordinary giants with 8 < numax < 270 uHz or so.

    Args:
        draws: random numbers of the stars.
        fraction: share of the thin-disc giants; half as many of the older ones, whose scale
            heights exceed the field's.
        tracks: state code, logg [cgs].
        kind: codes of `candidates.KINDS`.
        component: codes 0 thin, 1 thick, 2 halo, 3 metal_weak.
    """
    giant = np.isin(tracks["state"], (evolution.RGB, evolution.CLUMP, evolution.SECONDARY))
    resolved = (tracks["logg"] > 1.4) & (tracks["logg"] < 3.35)
    share = fraction * np.where(component == 0, 1.0, 0.5)
    return giant & resolved & (kind == candidates.NORMAL) & (draws.uniform("kepler") < share)


def positions(
    seed: int,
    star: np.ndarray,
    tracks: dict,
    component: np.ndarray,
    age_gyr: np.ndarray,
    kepler: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """
    Positions [kpc] and A_V [mag], drawn again for stars that the survey would not see.

    What no trial brings into view comes nearer on its last line of sight.

    Args:
        seed: the run's seed.
        star: star indices, shape (n_star,).
        tracks: luminosity_lsun, teff [K].
        component: codes 0 thin, 1 thick, 2 halo, 3 metal_weak.
        age_gyr: ages.
        kepler: which stars lie in the Kepler field.

    Returns:
        Heliocentric Galactic vectors [kpc], shape (3, n_star), and A_V [mag].
    """
    draws = Draws(seed, star)
    clumps = np.exp(0.3 * draws.normal("dust clumps"))
    place = _positions(draws, tracks, component, age_gyr, kepler)
    dust = kinematics.dust_column(place) * clumps
    for trial in range(1, TRIALS + NEARER):
        again = np.flatnonzero(_unseen(tracks, component, place, dust))
        if trial < TRIALS:
            draws = Draws(seed + trial * 0x5851F42D4C957F2D, star[again])
            few = {name: tracks[name][again] for name in ("luminosity_lsun", "teff")}
            place[:, again] = _positions(
                draws, few, component[again], age_gyr[again], kepler[again]
            )
        else:
            place[:, again] *= 0.6
        dust[again] = kinematics.dust_column(place[:, again]) * clumps[again]
    return place, dust


def _unseen(tracks, component, place, dust):
    """Fainter than the XP spectra reach, or beyond the edge of the disc."""
    distance = np.sqrt(kinematics.dot(place, place))
    ks = ks_absolute(tracks["luminosity_lsun"], tracks["teff"])
    colour = 1.4 + 3.5 * (np.clip(5040.0 / tracks["teff"], 0.5, 1.6) - 0.869)
    g_mag = ks + colour + 5 * np.log10(distance) + 10 + 0.8 * dust
    radius = np.hypot(kinematics.R_SUN_KPC - place[0], place[1])
    return (g_mag > G_LIMIT) | ((component < SPHEROID) & (radius > DISC_EDGE_KPC))


def _positions(draws, tracks, component, age_gyr, kepler):
    """Heliocentric vectors [kpc]: a magnitude makes the distance, density the direction."""
    unit = draws.uniform("magnitude")
    apogee = np.interp(
        unit, [0, 0.03, 0.12, 0.32, 0.65, 0.92, 1], [6.5, 8.5, 9.8, 10.9, 11.9, 12.9, 13.8]
    )
    bright = np.interp(unit, [0, 0.05, 0.5, 0.95, 1], [7.5, 8.6, 10.2, 11.4, 12.3])
    modulus = np.where(kepler, bright, apogee) - ks_absolute(
        tracks["luminosity_lsun"], tracks["teff"]
    )
    distance = np.clip(10 ** (modulus / 5 - 2), 0.02, 40.0)
    units = {name: draws.uniform(f"position {name}") for name in ("height", "azimuth", "side")}

    scale = kinematics.DISC_SCALE_KPC
    flat = kinematics.shell_position(distance, np.full_like(distance, 0.01), scale, units)
    radius = np.hypot(kinematics.R_SUN_KPC - flat[0], flat[1])
    thin = kinematics.thin_height_kpc(age_gyr, radius)
    height = np.choose(np.minimum(component, SPHEROID), [thin, 0.9, np.inf])
    field = kinematics.shell_position(distance, height, scale, units)

    lon, lat, size = KEPLER_FIELD
    offset = size * np.sqrt(units["height"])
    turn = 2 * np.pi * units["azimuth"]
    towards = kinematics.direction(
        lon + offset * np.cos(turn) / np.cos(np.radians(lat)), lat + offset * np.sin(turn)
    )
    return np.where(kepler, distance * towards, field)
