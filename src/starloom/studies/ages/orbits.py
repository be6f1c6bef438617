"""Where the catalogue's stars are in the Galaxy, and on which orbits."""

from collections.abc import Mapping

import numpy as np

from starloom.prepare.identifiers import join_ids
from starloom.prepare.stars import NO_VALUE

Table = Mapping[str, np.ndarray]

SUN_KPC, SUN_HEIGHT_PC = 8.23, 20.8
SUN_KMS = (11.1, 249.44, 7.25)
"""The Sun's velocity inwards, along rotation and upwards."""

CIRCULAR_KMS = 237.2
"""The rotation curve at the Sun: its velocity less its own 12.24 km/s."""

PRECISION = 5.0
"""Parallax over its error below which a star has no place."""

PLACES = ("radius_kpc", "height_kpc")
ORBITS = ("lz", "guiding_radius", "eccentricity", "zmax")


def orbits(source_id: np.ndarray, stars: Table, velocity_kms: np.ndarray) -> dict[str, np.ndarray]:
    """
    Galactocentric places and orbits of catalogue rows.

    Args:
        source_id: of the rows.
        stars: source_id, ra, dec [deg], parallax and parallax_error [mas], pmra, pmdec [mas/yr];
            without parallaxes nothing is known.
        velocity_kms: heliocentric radial velocity of the rows [km/s]; NaN for none.

    Returns:
        radius_kpc and height_kpc; lz [kpc km/s], the angular momentum along rotation;
        guiding_radius [kpc], NaN for what does not rotate with the disc; eccentricity and zmax
        [kpc]. NaN where the parallax is below five of its errors, a value is missing or the
        orbit has no end.

    References:
        Leung et al. (2023), Sec. 7.1: R0 = 8.23 kpc, v = 249.44 km/s; Bennett & Bovy (2019),
        MNRAS 482, 1417: the Sun 20.8 pc above the plane; Schonrich et al. (2010), MNRAS 403,
        1829: its other velocities; Bovy (2015), ApJS 216, 29: galpy and MWPotential2014; Mackereth
        & Bovy (2018), PASP 130, 114501: eccentricities in the Staeckel approximation.
    """
    rows = join_ids(source_id, stars["source_id"])
    found = {name: np.full(len(rows), np.nan) for name in (*PLACES, *ORBITS)}
    if "parallax" not in stars:
        return found
    with np.errstate(invalid="ignore"):
        good = (rows >= 0) & (stars["parallax"] > PRECISION * stars["parallax_error"])[rows]
    none = np.full(len(stars["source_id"]), np.nan)
    gaia = {name: stars.get(name, none)[rows[good]] for name in _GAIA}
    place, speed = _cylindrical(gaia, velocity_kms[good])
    found["radius_kpc"][good], found["height_kpc"][good] = place[0], place[2]
    moving = np.isfinite(speed).all(axis=0)
    known = np.flatnonzero(good)[moving]
    place, speed = place[:, moving], speed[:, moving]
    found["lz"][known] = place[0] * speed[1]
    if len(known):
        for name, values in _integrals(place, speed).items():
            found[name][known] = np.where(np.isfinite(values), values, np.nan)
    return found


def heliocentric_velocity(allstar: Table) -> np.ndarray:
    """VHELIO_AVG of allStar [km/s], NaN where there is none."""
    velocity = np.asarray(allstar["VHELIO_AVG"], float)
    return np.where((velocity > NO_VALUE) & (np.abs(velocity) < 1e5), velocity, np.nan)


_GAIA = ("ra", "dec", "parallax", "pmra", "pmdec")


def _cylindrical(gaia, velocity_kms):
    """(R, phi, z) [kpc, rad] and (v_R, v_T, v_z) [km/s], v_T along rotation."""
    from astropy import units as u
    from astropy.coordinates import CartesianDifferential, Galactocentric, SkyCoord

    frame = Galactocentric(
        galcen_distance=SUN_KPC * u.kpc,
        z_sun=SUN_HEIGHT_PC * u.pc,
        galcen_v_sun=CartesianDifferential(SUN_KMS, unit=u.km / u.s),
    )
    star = SkyCoord(
        gaia["ra"] * u.deg,
        gaia["dec"] * u.deg,
        distance=u.kpc / gaia["parallax"],
        pm_ra_cosdec=gaia["pmra"] * u.mas / u.yr,
        pm_dec=gaia["pmdec"] * u.mas / u.yr,
        radial_velocity=velocity_kms * u.km / u.s,
    ).transform_to(frame)
    x, y, z = star.cartesian.xyz.to_value(u.kpc)
    v_x, v_y, v_z = star.velocity.d_xyz.to_value(u.km / u.s)
    radius = np.hypot(x, y)
    outward, along = (x * v_x + y * v_y) / radius, (y * v_x - x * v_y) / radius
    return np.stack([radius, np.arctan2(y, -x), z]), np.stack([outward, along, v_z])


def _integrals(place, speed):
    from galpy.orbit import Orbit
    from galpy.potential import MWPotential2014, rl

    scaled = np.stack([place[0] / SUN_KPC, *(speed[:2] / CIRCULAR_KMS)], axis=1)
    upward = np.stack([place[2] / SUN_KPC, speed[2] / CIRCULAR_KMS, place[1]], axis=1)
    orbit = Orbit(np.concatenate([scaled, upward], axis=1))
    options = {"analytic": True, "pot": MWPotential2014, "type": "staeckel"}
    momentum = scaled[:, 0] * scaled[:, 2]
    guiding = np.full(len(momentum), np.nan)
    turning = momentum > 0
    guiding[turning] = SUN_KPC * rl(MWPotential2014, momentum[turning])
    return {
        "guiding_radius": guiding,
        "eccentricity": np.atleast_1d(orbit.e(**options)),
        "zmax": SUN_KPC * np.atleast_1d(orbit.zmax(**options)),
    }
