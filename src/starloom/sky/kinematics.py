"""
Positions and velocities: a star's place in the Galaxy, and how it looks from the Sun.

A star gets its distance from its brightness (the survey's selection), then its direction from
the density of its population along that shell, then its birth radius given where it is now.
"""

from functools import lru_cache

import numpy as np

R_SUN_KPC = 8.23
Z_SUN_KPC = 0.0208
V_SUN_KMS = (11.1, 249.44, 7.25)
"""Leung et al. (2023), Sec. 5: R0, z0 and the Sun's azimuthal velocity; U and W from Schonrich,
Binney & Dehnen (2010). Towards the centre, along rotation, towards the north pole."""

V_CIRC_KMS = 237.2
"""Circular velocity: the Sun's less its peculiar 12.24 km/s (Schonrich et al. 2010)."""

DISC_SCALE_KPC = 2.6
"""Scale length of birth radii and of the discs (Bland-Hawthorn & Gerhard 2016, Sec. 5.1)."""

KMS_PER_MASYR_KPC = 4.740470463533349
"""One astronomical unit a year in km/s."""

ICRS_TO_GALACTIC = np.array(
    [
        [-0.0548755604162154, -0.8734370902348850, -0.4838350155487132],
        [0.4941094278755837, -0.4448296299600112, 0.7469822444972189],
        [-0.8676661490190047, -0.1980763734312015, 0.4559837761750669],
    ]
)
"""ESA (1997), The Hipparcos Catalogue, Vol. 1, Eq. 1.5.11."""


def direction(lon_deg: np.ndarray, lat_deg: np.ndarray) -> np.ndarray:
    """Unit vectors, shape (3, n_star), of longitudes and latitudes [deg]."""
    lon, lat = np.radians(lon_deg), np.radians(lat_deg)
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def dot(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """
    Scalar products of vectors of shape (3, n_star).

    Written out, for a matrix product may add up in another order for another number of stars.
    """
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def rotated(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Vectors of shape (3, n_star) under a matrix of shape (3, 3), row by row as `dot`."""
    return np.stack([dot(row, vector) for row in matrix])


def angles(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude in [0, 360) and latitude [deg] of vectors of shape (3, n_star)."""
    x, y, z = vector
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


def tangents(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors towards increasing longitude and increasing latitude, each (3, n_star)."""
    x, y, z = unit
    flat = np.maximum(np.hypot(x, y), 1e-12)
    east_x, east_y = -y / flat, x / flat
    north = np.stack([-z * east_y, z * east_x, x * east_y - y * east_x])
    return np.stack([east_x, east_y, np.zeros_like(x)]), north


def galactocentric(heliocentric: np.ndarray) -> np.ndarray:
    """
    Galactocentric Cartesian vectors [kpc], the Sun at x = -8.23 within the tilt, z = 0.0208.

    Args:
        heliocentric: Galactic vectors from the Sun [kpc], shape (3, n_star).

    References:
        The frame of astropy's `Galactocentric`.
    """
    x, y, z = heliocentric
    return rotated(_tilt(), np.stack([x - R_SUN_KPC, y, z]))


def cylindrical(position: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Galactic R [kpc], azimuth from the Sun along rotation [rad], z [kpc]."""
    x, y, z = position
    return np.hypot(x, y), np.arctan2(y, -x), z


def shell_position(
    distance_kpc: np.ndarray,
    height_kpc: np.ndarray,
    scale_kpc: np.ndarray,
    unit: dict[str, np.ndarray],
) -> np.ndarray:
    """
    Heliocentric Galactic vectors [kpc] at given distances, drawn by the density on the shell.

    Args:
        distance_kpc: distances, shape (n_star,).
        height_kpc: scale height of exp(-|z|/h); infinite for a spheroid.
        scale_kpc: one scale length for all stars, of exp(-R/L).
        unit: uniform numbers `height`, `azimuth`, `side`.

    Returns:
        Vectors, shape (3, n_star).
    """
    z_low, z_high = Z_SUN_KPC - distance_kpc, Z_SUN_KPC + distance_kpc
    z = _laplace_between(unit["height"], height_kpc, z_low, z_high) - Z_SUN_KPC
    z = np.clip(z, -0.9999 * distance_kpc, 0.9999 * distance_kpc)
    flat = np.sqrt(distance_kpc**2 - z**2)
    table, step = _azimuth_table(scale_kpc)
    azimuth = _bilinear(table, np.sqrt(flat) / step, unit["azimuth"])
    azimuth = np.where(unit["side"] < 0.5, azimuth, -azimuth)
    return np.stack([flat * np.cos(azimuth), flat * np.sin(azimuth), z])


def thin_height_kpc(age_gyr: np.ndarray, radius_kpc: np.ndarray) -> np.ndarray:
    """
    Scale height of the thin disc [kpc]: grows with age, flares outwards.

    References:
        Made for this sky after Mackereth et al. (2017): mono-age populations thicken with age
        and the low-alpha ones flare.
    """
    return (0.12 + 0.035 * age_gyr) * np.exp((np.minimum(radius_kpc, 16.0) - 8.0) / 12.0)


def migration_kpc(age_gyr: np.ndarray) -> np.ndarray:
    """
    Spread of R about the birth radius [kpc]: churning and blurring in quadrature.

    References:
        Frankel et al. (2018): 3.6 sqrt(age/8 Gyr) kpc.
    """
    return np.sqrt(3.6**2 * age_gyr / 8.0 + 0.8**2)


def birth_radius(unit: np.ndarray, radius_kpc: np.ndarray, age_gyr: np.ndarray) -> np.ndarray:
    """
    Birth radius [kpc] given where a thin-disc star is now.

    Args:
        unit: uniform numbers.
        radius_kpc: present R.
        age_gyr: age.

    Returns:
        Radii from p(Rb | R, age), proportional to Rb exp(-Rb/2.6) N(R - Rb, migration).
    """
    sigma = migration_kpc(age_gyr)
    centre = radius_kpc / sigma - sigma / DISC_SCALE_KPC
    table, low, step = _birth_table()
    row = np.clip((centre - low) / step, 0.0, table.shape[0] - 1.0)
    return sigma * (_bilinear(table, row, unit) + np.maximum(row * step + low, 0.0))


def cylindrical_velocity(
    component: np.ndarray, age_gyr: np.ndarray, radius_kpc: np.ndarray, normal: dict
) -> np.ndarray:
    """
    Velocities (v_R, v_phi, v_z) [km/s], shape (3, n_star).

    Args:
        component: code in `population.COMPONENTS`: 0 thin, 1 thick, 2 halo, 3 metal_weak.
        age_gyr: age.
        radius_kpc: R.
        normal: standard normal numbers `v_r`, `v_phi`, `v_z`.

    References:
        Thin disc: Sharma et al. (2021), exponents 0.251 and 0.441 of age, 39.4 and 21.1 km/s at
        10 Gyr; thick: Bensby, Feltzing & Oey (2014), Table A.1; halo: Smith et al. (2009): 143,
        82, 77 km/s; asymmetric drift sigma_R^2/80 km/s: Dehnen & Binney (1998), Sec. 4.2.
    """
    old = np.maximum(age_gyr, 0.1) / 10.0
    outward = np.exp(-(np.clip(radius_kpc, 3.0, 14.0) - R_SUN_KPC) / 16.0)
    thin = [39.4 * old**0.251 * outward, 27.0 * old**0.251 * outward, 21.1 * old**0.441 * outward]
    kind = np.minimum(component, 2)
    fixed = ((67.0, 143.0), (38.0, 82.0), (35.0, 77.0))
    sigma = [np.choose(kind, [disc, *pair]) for disc, pair in zip(thin, fixed, strict=True)]
    mean = np.choose(component, [V_CIRC_KMS - thin[0] ** 2 / 80.0, V_CIRC_KMS - 46.0, 20.0, 0.0])
    return np.stack(
        [
            sigma[0] * normal["v_r"],
            mean + sigma[1] * normal["v_phi"],
            sigma[2] * normal["v_z"],
        ]
    )


def observables(heliocentric: np.ndarray, velocity_rphiz: np.ndarray) -> dict[str, np.ndarray]:
    """
    What the Sun sees of positions and velocities.

    Args:
        heliocentric: Galactic vectors from the Sun [kpc], shape (3, n_star).
        velocity_rphiz: Galactocentric cylindrical velocities [km/s], v_phi along rotation.

    Returns:
        ra, dec, l, b [deg], distance_pc, pmra (with cos dec), pmdec [mas/yr], radial_velocity
        [km/s], galactic_r_kpc, galactic_phi (rad, from the Sun along rotation), galactic_z_kpc.
    """
    position = galactocentric(heliocentric)
    radius, phi, z = cylindrical(position)
    v_r, v_phi, v_z = velocity_rphiz
    flat_x = v_phi * np.sin(phi) - v_r * np.cos(phi)
    flat_y = v_phi * np.cos(phi) + v_r * np.sin(phi)
    u_sun, v_sun, w_sun = V_SUN_KMS
    relative = np.stack([flat_x - u_sun, flat_y - v_sun, v_z - w_sun])
    to_icrs = ICRS_TO_GALACTIC.T
    speed = rotated(to_icrs, rotated(_tilt().T, relative))

    distance = np.sqrt(dot(heliocentric, heliocentric))
    towards = rotated(to_icrs, heliocentric / distance)
    east, north = tangents(towards)
    ra, dec = angles(towards)
    lon, lat = angles(heliocentric)
    per_masyr = KMS_PER_MASYR_KPC * distance
    return {
        "ra": ra,
        "dec": dec,
        "l": lon,
        "b": lat,
        "distance_pc": 1000.0 * distance,
        "pmra": dot(speed, east) / per_masyr,
        "pmdec": dot(speed, north) / per_masyr,
        "radial_velocity": dot(speed, towards),
        "galactic_r_kpc": radius,
        "galactic_phi": phi,
        "galactic_z_kpc": z,
    }


def moved(ra: np.ndarray, dec: np.ndarray, pmra: np.ndarray, pmdec: np.ndarray, years: np.ndarray):
    """
    Positions after `years` of straight proper motion.

    Args:
        ra, dec: position [deg].
        pmra, pmdec: proper motion [mas/yr], pmra with cos dec.
        years: time, scalar or shape (n_star,).

    Returns:
        ra in [0, 360) and dec [deg].
    """
    unit = direction(ra, dec)
    east, north = tangents(unit)
    along_ra, along_dec = (np.radians(pm * years / 3.6e6) for pm in (pmra, pmdec))
    return angles(unit + along_ra * east + along_dec * north)


def dust_column(heliocentric: np.ndarray) -> np.ndarray:
    """
    Smooth extinction A_V [mag] from an exponential dust disc along each line of sight.

    Args:
        heliocentric: Galactic vectors from the Sun [kpc], shape (3, n_star).

    References:
        Exponential disc of the LAMOST stars, Li et al. (2018): scale height 0.103 kpc, scale
        length 3.19 kpc; 1 mag/kpc near the Sun.
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    distance = np.sqrt(dot(heliocentric, heliocentric))
    total = np.zeros_like(distance)
    for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        # squared nodes crowd the samples near the Sun, where a steep line of sight has its dust
        x, y, z = heliocentric * node**2
        radius = np.hypot(R_SUN_KPC - x, y)
        depth = np.abs(z + Z_SUN_KPC) / 0.103 + (radius - R_SUN_KPC) / 3.19
        total += 2 * node * weight * np.exp(-np.maximum(depth, -1.0))
    return distance * total


@lru_cache(maxsize=1)
def _tilt() -> np.ndarray:
    """Rotation that puts the Sun 0.0208 kpc above the plane."""
    sine = Z_SUN_KPC / R_SUN_KPC
    cosine = np.sqrt(1 - sine**2)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


def _laplace_between(unit, scale, low, high):
    """Numbers of density exp(-|z|/scale) between low < 0 < high; uniform for infinite scale."""
    with np.errstate(invalid="ignore"):
        below = -np.expm1(low / scale)
        above = -np.expm1(-high / scale)
        place = unit * (below + above) - below
        folded = -np.sign(place) * scale * np.log1p(-np.abs(place))
    return np.where(np.isfinite(scale), folded, low + unit * (high - low))


@lru_cache(maxsize=4)
def _azimuth_table(scale_kpc: float) -> tuple[np.ndarray, float]:
    """Quantiles of |l| at projected distances (k step)^2 kpc for the density exp(-R/L)."""
    step = 0.04
    flat = (np.arange(160) * step) ** 2
    azimuth = np.linspace(0.0, np.pi, 2001)
    radius = np.sqrt(
        R_SUN_KPC**2 + flat[:, None] ** 2 - 2 * R_SUN_KPC * flat[:, None] * np.cos(azimuth)
    )
    return _quantiles(np.exp(-(radius - R_SUN_KPC) / scale_kpc), azimuth), step


@lru_cache(maxsize=1)
def _birth_table() -> tuple[np.ndarray, float, float]:
    """Quantiles of x - max(c, 0) for the density x exp(-(x - c)^2/2), x > 0, by row of c."""
    low, step = -8.0, 0.125
    centre = low + step * np.arange(193)
    offset = np.linspace(-6.0, 8.0, 2801)
    x = offset + np.maximum(centre, 0.0)[:, None]
    density = np.maximum(x, 0.0) * np.exp(-0.5 * (x - centre[:, None]) ** 2)
    return _quantiles(density, offset), low, step


def _quantiles(density: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Inverse cumulative distribution of each row at 513 equal steps of probability."""
    middle = (density[:, 1:] + density[:, :-1]) / 2
    cumulative = np.concatenate([np.zeros((len(density), 1)), np.cumsum(middle, axis=1)], axis=1)
    cumulative /= cumulative[:, -1:]
    return np.array([np.interp(np.linspace(0, 1, 513), row, grid) for row in cumulative])


def _bilinear(table: np.ndarray, row: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Table at fractional rows and at probabilities in (0, 1)."""
    column = unit * (table.shape[1] - 1)
    i = np.clip(row.astype(int), 0, table.shape[0] - 2)
    j = np.clip(column.astype(int), 0, table.shape[1] - 2)
    a, b = np.clip(row - i, 0.0, 1.0), column - j
    return (1 - a) * ((1 - b) * table[i, j] + b * table[i, j + 1]) + a * (
        (1 - b) * table[i + 1, j] + b * table[i + 1, j + 1]
    )
