"""
Open clusters: stars with one birth, hence one age, one composition, one place and one motion.

Members take the random numbers of what they share from their cluster, of the rest from themselves.
"""

import numpy as np

from starloom.sky import kinematics
from starloom.sky.draws import Draws

COUNT = 40
"""Clusters on the sky."""

FIRST_INDEX = 2**40
"""Index of the first cluster among the random numbers, beyond every star's."""

RADIUS_KPC, DISPERSION_KMS = 0.003, 0.8
"""Spread of the members about the centre and its motion: Hunt & Reffert (2024), typical values."""


def membership(draws: Draws, fraction: float, eligible: np.ndarray) -> np.ndarray:
    """
    Cluster of each star.

    Args:
        draws: random numbers of the stars.
        fraction: share of the eligible stars that are members.
        eligible: which stars can be members, shape (n_star,).

    Returns:
        Index from 0 to `COUNT` - 1, or -1 for field stars.
    """
    which = np.floor(draws.uniform("cluster") * COUNT).astype(np.int64)
    return np.where(eligible & (draws.uniform("cluster member") < fraction), which, -1)


def shared(seed: int, star: np.ndarray, cluster: np.ndarray) -> Draws:
    """Random numbers that members of a cluster have in common; field stars have their own."""
    return Draws(seed, np.where(cluster >= 0, FIRST_INDEX + cluster, star))


def place_members(
    common: Draws,
    own: Draws,
    cluster: np.ndarray,
    age_gyr: np.ndarray,
    place: np.ndarray,
    dust: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """
    Put members round the centre of their cluster.

    Args:
        common: random numbers of the clusters.
        own: random numbers of the stars.
        cluster: index of the cluster, -1 for field stars.
        age_gyr: ages.
        place: heliocentric Galactic vectors [kpc], shape (3, n_star); not changed.
        dust: A_V [mag].

    Returns:
        Places and A_V with those of the members replaced: within 0.4 to 4 kpc, in the thin disc.
    """
    inside = cluster >= 0
    if not np.any(inside):
        return place, dust
    distance = 10 ** common.uniform("cluster distance", -0.4, 0.6)
    units = {name: common.uniform(f"cluster {name}") for name in ("height", "azimuth", "side")}
    height = kinematics.thin_height_kpc(age_gyr, np.full(len(cluster), kinematics.R_SUN_KPC))
    centre = kinematics.shell_position(distance, height, kinematics.DISC_SCALE_KPC, units)
    offset = np.stack([own.normal(f"cluster offset {axis}", 0.0, RADIUS_KPC) for axis in "xyz"])
    column = kinematics.dust_column(centre) * np.exp(0.3 * common.normal("dust clumps"))
    return np.where(inside, centre + offset, place), np.where(inside, column, dust)


def inner_motion(own: Draws, cluster: np.ndarray) -> np.ndarray:
    """Velocities [km/s] of the members about their cluster's, shape (3, n_star); 0 in the field."""
    inside = cluster >= 0
    if not np.any(inside):
        return np.zeros((3, len(cluster)))
    axes = [own.normal(f"cluster motion {axis}", 0.0, DISPERSION_KMS) for axis in "xyz"]
    return np.stack(axes) * inside
