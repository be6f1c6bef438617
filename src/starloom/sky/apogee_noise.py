"""
APOGEE spectra as observed: fluxes, errors and mask bits of DR17's combined apStar files.

`observe` goes from stars, magnitudes and SNR to the arrays that `files.write_apstar` takes. All
random numbers of a star come from (seed, star): the result does not depend on what is computed
with it.
"""

from collections.abc import Mapping
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.archives.sdss import PIXELS
from starloom.sky import companions, hband
from starloom.sky.draws import Draws
from starloom.sky.hband_basis import wavelength_angstrom
from starloom.sky.reference import read_rows
from starloom.sky.xp import star_halves, star_keys

CHIPS = ((202, 3324), (3538, 6130), (6295, 8382))
"""First pixel and the one after the last of the blue, green and red detector; DR17 has NaN
elsewhere, with mask 0."""
PIXEL_KMS = 4.1446
H_ZERO_POINT = 1.133e7
"""Flux of H = 0 (2MASS) in 1e-17 erg/s/cm2/Angstrom: Cohen, Wheaton & Megeath (2003)."""
SKY_AT_H12 = 0.35
"""Photons of background for each of a star of H = 12.2, as in the SNR of the targets."""
AIRGLOW = 60.0
"""Peak of a strong airglow line over the background between the lines."""
SKYLINE_EXCESS = 2.0
"""A pixel whose variance the airglow raises by this factor gets the bit for sky lines."""
SYSTEMATIC = 0.005
"""Part of the flux that every error holds at least: SNR saturates near 200 (Nidever 2015)."""
BAD_ERROR = 1e10
BIT = {"badpix": 0, "baddark": 4, "badflat": 5, "littrow": 8, "skyline": 12, "not_enough_psf": 14}
"""Bits of APOGEE_PIXMASK (SDSS DR17)."""
SKY_REACH = 6
"""Pixels on either side of an airglow line that it raises."""
LITTROW = (2180, 2243)
"""Pixels of the Littrow ghost on the blue detector; their place is approximate."""
GROUP = 5
"""Pixels of a group of bad ones."""
N_GROUP = 24
"""Largest number of groups of bad pixels."""
COMPANION_LIT = 0.01
"""Companions fainter than this part of their star in H are left out."""
EDGE = 8
"""Unusable pixels at the start of the blue detector; half as many at other ends."""


@cache
def _good() -> np.ndarray:
    """(8575,) bool: on a detector."""
    inside = np.zeros(PIXELS, bool)
    for first, last in CHIPS:
        inside[first:last] = True
    return inside


@cache
def _edges() -> np.ndarray:
    ends = np.zeros(PIXELS, bool)
    for number, (first, last) in enumerate(CHIPS):
        ends[first : first + (EDGE if number == 0 else EDGE // 2)] = True
        ends[last - EDGE // 2 : last] = True
    return ends


@cache
def _airglow() -> tuple[np.ndarray, np.ndarray]:
    """Pixel and strength of each airglow line."""
    rows = read_rows("hband_airglow.csv")
    wave = np.array([float(row["wavelength_vacuum_angstrom"]) for row in rows])
    pixel = np.interp(wave, wavelength_angstrom(), np.arange(PIXELS))
    return pixel, np.array([float(row["relative_strength"]) for row in rows])


@cache
def _throughput() -> np.ndarray:
    """Relative sensitivity: falls to 60 % at the ends of each detector."""
    value = np.ones(PIXELS)
    for first, last in CHIPS:
        x = np.linspace(-1, 1, last - first)
        value[first:last] = 1.0 - 0.4 * x**4
    return value


def _sky(shift: Float[Array, " n_visit"], width: Array) -> Float[Array, " n_pixel"]:
    """Airglow in units of the background between the lines, for each visit's own shift [pixel]."""
    pixel, strength = _airglow()
    centre = (pixel + shift[:, None])[..., None]
    near = jnp.round(centre).astype(int) + np.arange(-SKY_REACH, SKY_REACH + 1)
    profile = jnp.exp(-0.5 * ((near - centre) / width) ** 2) * strength[:, None] / len(shift)
    return AIRGLOW * jnp.zeros(PIXELS).at[near].add(profile, mode="drop")


def _one(flux, continuum, key, star):
    """Noisy spectrum, error, mask, continuum and noise-free normalised spectrum of one star."""
    keys = [jax.random.fold_in(key, 20 + k) for k in range(5)]
    good, inside = jnp.asarray(_good()), jnp.asarray(_good() & ~_edges())
    slope = jnp.gradient(flux)
    middle = PIXELS // 2
    tilt = 1.0 + star["wiggle"] * jnp.sin(
        2 * jnp.pi * (jnp.arange(PIXELS) / PIXELS * 1.5 + star["phase"])
    )
    level = star["level"] * continuum / continuum[middle] * tilt
    clean = (flux + star["shift"] / PIXEL_KMS * slope) * level
    airglow = _sky(star["sky_shift"] / PIXEL_KMS, star["lsf"] / PIXEL_KMS)
    plain = clean / star["level"] + star["background"]
    extra = star["background"] * airglow
    variance = (plain + extra) / jnp.asarray(_throughput(), jnp.float32)
    quiet = jnp.sqrt(plain / jnp.asarray(_throughput(), jnp.float32)) * star["level"] / clean
    typical = jnp.sum(jnp.where(inside, quiet, 0.0)) / jnp.sum(inside)
    error = jnp.sqrt(variance) * star["level"] / (typical * star["snr"])
    error = jnp.sqrt(error**2 + (SYSTEMATIC * clean) ** 2)
    noisy = clean + error * jax.random.normal(keys[0], (PIXELS,))
    starts = jax.random.randint(keys[1], (N_GROUP,), 0, PIXELS - GROUP)
    used = jnp.arange(N_GROUP) < star["groups"]
    members = jnp.where(used[:, None], starts[:, None] + jnp.arange(GROUP), PIXELS)
    bad = jnp.zeros(PIXELS, bool).at[members].set(True, mode="drop") & good
    lost = bad | (good & ~inside)
    dark = jax.random.bernoulli(keys[2], 0.5, (PIXELS,))
    mask = jnp.where(bad, jnp.where(dark, 1 << BIT["baddark"], 1 << BIT["badflat"]), 0)
    mask = mask | jnp.where(lost, 1 << BIT["badpix"], 0)
    mask = mask | jnp.where(good & ~inside, 1 << BIT["not_enough_psf"], 0)
    mask = mask | jnp.where(good & (extra > SKYLINE_EXCESS * plain), 1 << BIT["skyline"], 0)
    ghost = (jnp.arange(PIXELS) >= LITTROW[0]) & (jnp.arange(PIXELS) < LITTROW[1])
    mask = mask | jnp.where(ghost & star["ghost"], 1 << BIT["littrow"], 0)
    noisy = jnp.where(good, noisy, jnp.nan)
    error = jnp.where(good, jnp.where(lost, BAD_ERROR, error), jnp.nan)
    return noisy, error, mask, jnp.where(good, level, jnp.nan), jnp.where(good, flux, jnp.nan)


@jax.jit
def _batch(flux, continuum, keys, stars):
    return jax.vmap(_one)(flux, continuum, keys, stars)


def _instrument(stars, h_mag, snr, visits, seed):
    """What the telescope does to each star: widths, shifts, sky, bad pixels."""
    draws = Draws(seed, stars["star"])
    h_mag, snr = np.asarray(h_mag, float), np.asarray(snr, float)
    photons = 10 ** (-0.4 * (h_mag - 12.2))
    earth = np.stack([draws.uniform(f"earth {k}", -27.0, 27.0) for k in range(3)], axis=1)
    earth[:, 1:] = np.where(np.asarray(visits)[:, None] > 1, earth[:, 1:], earth[:, :1])
    velocity = np.asarray(stars.get("radial_velocity", np.zeros(len(snr))), float)
    return {
        "lsf": hband.LSF_KMS * np.clip(1.0 + 0.04 * draws.normal("lsf"), 0.88, 1.12),
        "level": H_ZERO_POINT * 10 ** (-0.4 * h_mag),
        "snr": np.minimum(snr, 2500.0),
        "background": SKY_AT_H12 / photons,
        "sky_shift": -(velocity[:, None] + earth),
        "shift": draws.normal("residual velocity") * np.hypot(0.10, 4.0 / snr),
        "wiggle": 0.03 * draws.normal("flux calibration"),
        "phase": draws.uniform("flux phase"),
        "groups": np.minimum(draws.poisson("bad pixels", 14.0 / np.sqrt(visits)), N_GROUP),
        "ghost": draws.uniform("littrow") < 0.5,
    }


def observe(
    stars: Mapping[str, np.ndarray],
    h_mag: np.ndarray,
    snr: np.ndarray,
    visits: np.ndarray,
    seed: int,
    error_scale: float = 1.0,
    companion_light: bool = True,
) -> dict[str, np.ndarray]:
    """Spectra of stars as APOGEE's pipeline would combine them.

    Args:
        stars: the labels of `hband.label_arrays`, star (int64 index, the random key) and, where
            there are, radial_velocity [km/s], and radius_rsun with the columns of
            `companions.draw` for companions; equally long arrays.
        h_mag: 2MASS H [mag].
        snr: median SNR of a pixel, from `labels.allstar.apogee_snr`.
        visits: number of visits combined.
        seed: of the sky.
        error_scale: factor on the reported errors; the noise is left as it is.
        companion_light: False leaves companions dark. They shine at the velocity of their star.

    Returns:
        flux, error (n_star, 8575) float32 [1e-17 erg/s/cm2/Angstrom], mask (n_star, 8575) int32,
        continuum [as flux], model (the spectrum over its continuum without noise or shift), and
        lsf_kms. NaN and mask 0 off the detectors; error 1e10 and bit 0 in bad pixels. A star
        whose labels, magnitude or SNR are not finite is NaN with bit 0 in all pixels.

    Raises:
        KeyError: if a label is missing; the message names it.

    References:
        Nidever et al. (2015), AJ 150, 173; Abdurro'uf et al. (2022), ApJS 259, 35 (DR17).
    """
    telescope = _instrument(stars, h_mag, snr, visits, seed)
    stars = {**stars, "lsf_kms": telescope["lsf"]}
    labels, names = hband.label_arrays(stars)
    bad = ~np.isfinite(labels).all(axis=1) | ~np.isfinite(telescope["level"])
    bad |= ~(telescope["snr"] > 0) | (labels[:, 0] <= 0)
    labels[bad] = 0.0
    labels[bad, :2] = 5000.0, 2.5
    labels[bad, names.index("width_kms")] = hband.LSF_KMS
    keys = star_keys(seed, jnp.asarray(star_halves(stars["star"])))
    pairs = _companions(stars) if companion_light else (np.zeros(0, int), None)
    parts = []
    for start in range(0, len(labels), hband.BATCH):
        rows = np.minimum(np.arange(start, start + hband.BATCH), len(labels) - 1)
        flux, continuum = hband.spectra_batch(labels[rows], names)
        flux, continuum = _joined(flux, continuum, rows, *pairs)
        mine = {name: _float(values)[rows] for name, values in telescope.items()}
        parts.append([np.asarray(v) for v in _batch(flux, continuum, keys[rows], mine)])
    columns = (np.concatenate(part)[: len(labels)] for part in zip(*parts, strict=True))
    flux, error, mask, continuum, model = columns
    scaled = np.where(error < 0.1 * BAD_ERROR, error * error_scale, error)
    flux[bad], scaled[bad], mask[bad] = np.nan, np.nan, 1 << BIT["badpix"]
    return {
        "flux": flux,
        "error": scaled.astype(np.float32),
        "mask": mask,
        "continuum": continuum,
        "model": model,
        "lsf_kms": telescope["lsf"].astype(np.float32),
    }


def _companions(stars):
    """Rows of stars with a bright companion; its spectrum, and its continuum on the star's area."""
    rows, others = companions.shining(stars, COMPANION_LIT)
    if not len(rows):
        return rows, None
    flux, continuum = hband.spectra(others)
    area = (others["radius_rsun"] / stars["radius_rsun"][rows]) ** 2
    return rows, (flux, continuum * area[:, None].astype(np.float32))


def _joined(flux, continuum, rows, paired, theirs):
    """Spectra and continua of a batch, with the light of the companions of some of its stars."""
    here = np.flatnonzero(np.isin(paired, rows))
    if not len(here):
        return flux, continuum
    flux, continuum = np.array(flux), np.array(continuum)
    place = np.searchsorted(rows, paired[here])
    light, more = continuum[place], theirs[1][here]
    continuum[place] = light + more
    flux[place] = (flux[place] * light + theirs[0][here] * more) / continuum[place]
    return flux, continuum


def _float(values):
    return np.asarray(values, bool if values.dtype == bool else np.float32)
