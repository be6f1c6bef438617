"""
Gaia as it would see the simulated stars: magnitudes and XP coefficients with errors.

`observe` goes from labels to everything the XP and photometry files need. A star's random numbers
come from its own index, stars are computed in padded batches of fixed size, and so the result of a
star does not depend on how many stars are computed with it.
"""

from collections.abc import Mapping
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import (
    companions,
    extinction,
    hydrogen,
    optical,
    optical_basis,
    photometry,
    prism,
    xp_noise,
)
from starloom.sky.xp_archive import archive_columns

SCALE = 1e20
"""Fluxes at the observer are multiplied by it to stay inside float32."""
TRANSITS = (15, 60)
"""Fewest and most transits of a star; between, evenly distributed."""
KEPT = {"bp": (0.45, 0.95), "rp": (0.85, 1.0)}
"""Share of the samples that enter the solution; BP loses more to its neighbours' light."""
EMISSION_NM = (1.0, 4.0)
"""Equivalent width of H alpha emission of Be stars, evenly distributed [nm]."""
EMISSION_SIGMA_NM = 0.5
"""Width of emission lines [nm]."""


@cache
def instrument() -> prism.Prism:
    """The prisms on the wavelength grid of the spectra."""
    return prism.build(*optical_basis.wavelength_grid())


def star_halves(star: np.ndarray) -> np.ndarray:
    """Indices of stars in the form that keys are made of: no int64 enters JAX.

    Args:
        star: int64 indices.

    Returns:
        (n_star, 2) uint32, the high and the low half.
    """
    index = np.asarray(star, np.int64).view(np.uint64)
    return np.stack([index >> np.uint64(32), index & np.uint64(0xFFFFFFFF)], 1).astype(np.uint32)


def star_keys(seed: int, halves: Array) -> Array:
    """Random keys of stars: the seed's key with the star's index folded in.

    Args:
        seed: of the sky.
        halves: from `star_halves`.

    Returns:
        One key a star.
    """
    root = jax.random.key(seed)
    return jax.vmap(lambda h: jax.random.fold_in(jax.random.fold_in(root, h[0]), h[1]))(halves)


def coefficients(flux: Float[Array, "n_star n_wave"]) -> Float[Array, "n_star 110"]:
    """Noise-free XP coefficients; linear, so differentiable wherever the flux is.

    Args:
        flux: at the observer on `optical.wavelength_grid` [1e-20 W m-2 nm-1].

    Returns:
        55 of BP, then 55 of RP [e-/s].

    References:
        See `prism.build`.
    """
    return flux @ jnp.asarray(instrument().coefficients.T / SCALE, jnp.float32)


def observer_flux(
    surface: Float[Array, "n_star n_wave"],
    radius_rsun: Float[Array, " n_star"],
    distance_pc: Float[Array, " n_star"],
    a_v: Float[Array, " n_star"],
    r_v: Float[Array, " n_star"],
) -> Float[Array, "n_star n_wave"]:
    """Flux at the observer behind dust.

    Args:
        surface: surface flux [W m-2 nm-1].
        radius_rsun: [solar radii].
        distance_pc: [pc].
        a_v: extinction in V [mag].
        r_v: ratio of total to selective extinction.

    Returns:
        [1e-20 W m-2 nm-1]
    """
    wave, _ = optical_basis.wavelength_grid()
    dilution = SCALE * photometry.dilution(radius_rsun, distance_pc)
    return surface * dilution[:, None] * extinction.transmission(wave, a_v, r_v)


def with_emission(
    surface: Float[Array, "n_star n_wave"], width_nm: Float[Array, " n_star"]
) -> Float[Array, "n_star n_wave"]:
    """Spectra with Balmer lines in emission, as of a disc round a Be star.

    Args:
        surface: surface flux [W m-2 nm-1].
        width_nm: equivalent width of the emission in H alpha [nm]; 0 for none.

    Returns:
        Surface flux with Gaussian emission in H alpha, and an eighth of it in H beta.

    References:
        Porter & Rivinius (2003), PASP 115, 1153, Sec. 2.
    """
    wave, edges = optical_basis.wavelength_grid()
    profile = np.zeros(len(wave))
    for upper, share in ((3, 1.0), (4, 0.125)):
        line = np.exp(-0.5 * ((wave - hydrogen.centre_nm(2, upper)) / EMISSION_SIGMA_NM) ** 2)
        profile += share * line / np.sum(line * np.diff(edges))
    return surface * (1.0 + width_nm[:, None] * jnp.asarray(profile, jnp.float32))


def _uniform(keys):
    """Five uniform numbers of each star."""
    return jax.vmap(lambda key: jax.random.uniform(jax.random.fold_in(key, 9), (5,)))(keys)


@partial(jax.jit, static_argnames="names")
def _light(labels, place, halves, seed, names):
    """Fluxes in the bands, then noise-free coefficients, of one padded batch; light adds up."""
    low, high = EMISSION_NM
    width = low + (high - low) * _uniform(star_keys(seed, halves))[:, 4]
    surface = with_emission(optical.spectra_batch(labels, names), place[:, 4] * width)
    flux = observer_flux(surface, *place[:, :4].T)
    return jnp.concatenate([photometry.band_flux(flux), coefficients(flux)], axis=1)


@jax.jit
def _batch(light, halves, seed):
    """What Gaia makes of the light of one padded batch, as far as it is computed in JAX."""
    bases = jnp.asarray(instrument().bases, jnp.float32)
    keys = star_keys(seed, halves)
    draws = _uniform(keys)
    magnitude = photometry.vega(light[:, : len(photometry.BANDS)])
    clean = light[:, len(photometry.BANDS) :]
    result = {"magnitude": magnitude, "clean": clean}
    transits = jnp.floor(TRANSITS[0] + draws[:, 0] * (TRANSITS[1] - TRANSITS[0]))
    result["transits"] = transits
    for index, band in enumerate(prism.BANDS):
        low, high = KEPT[band]
        kept = low + (high - low) * draws[:, 1 + index]
        measured = jnp.round(transits * xp_noise.SAMPLES * kept)
        spread = 1.02 + 0.03 * draws[:, 3] + 0.02 * jnp.log1p(jnp.exp(12.0 - magnitude[:, 0]))
        internal = clean[:, index * prism.N_BASES : (index + 1) * prism.N_BASES] @ bases[index]
        result |= {
            f"{band}_weights": xp_noise.weights(internal, prism.U_STEP, measured, band),
            f"{band}_factors": spread[:, None]
            * xp_noise.error_factors(internal, prism.U_STEP, band),
            f"{band}_deviates": jax.vmap(
                lambda key, k=index: jax.random.normal(jax.random.fold_in(key, k), (prism.N_BASES,))
            )(keys),
            f"{band}_n_measurements": measured,
            f"{band}_standard_deviation": spread,
        }
    return result


def _with_noise(block):
    """A computed batch on the host, with noisy coefficients, errors and correlations."""
    block = {name: np.asarray(value) for name, value in block.items()}
    for index, band in enumerate(prism.BANDS):
        noise, error, correlation = xp_noise.draw(
            block.pop(f"{band}_weights"),
            instrument().bases[index],
            block.pop(f"{band}_factors"),
            block.pop(f"{band}_deviates"),
        )
        clean = block["clean"][:, index * prism.N_BASES : (index + 1) * prism.N_BASES]
        block |= {
            f"{band}_coefficients": clean + noise,
            f"{band}_coefficient_errors": error,
            f"{band}_coefficient_correlations": correlation,
        }
    return block


def _prepare(stars, xp_alpha, extinguish):
    labels, names = optical.label_arrays(stars, xp_alpha)
    needed = ("radius_rsun", "distance_pc", "a_v", "r_v", "star")
    missing = [name for name in needed if name not in stars]
    if missing:
        raise KeyError(f"stars lack {', '.join(missing)}; xp.observe needs {', '.join(needed)}")
    emission = np.asarray(stars.get("kind", np.zeros(len(labels), "<U1"))) == "be_star"
    place = [np.asarray(stars[k], np.float32) for k in needed[:4]] + [emission.astype(np.float32)]
    place = np.stack(place, axis=1)
    if not extinguish:
        place[:, 2] = 0.0
    bad = ~(
        np.isfinite(labels).all(axis=1)
        & np.isfinite(place).all(axis=1)
        & (place[:, 0] > 0)
        & (place[:, 1] > 0)
        & (place[:, 3] > 0)
        & (labels[:, 0] > 0)
    )
    labels[bad], place[bad] = 0.0, (1.0, 10.0, 0.0, 3.1, 0.0)
    labels[bad, 0] = 5000.0
    return labels, place, names, bad


def observe(
    stars: Mapping[str, np.ndarray],
    seed: int,
    xp_alpha: bool = True,
    extinction: bool = True,
    error_scale: float = 1.0,
    companion_light: bool = True,
) -> dict[str, np.ndarray]:
    """Magnitudes and XP coefficients of stars as Gaia would publish them.

    Args:
        stars: the labels of `optical.label_arrays`, and radius_rsun, distance_pc [pc], a_v [mag],
            r_v, star (int64 index, the random key); equally long arrays. Where the optional
            column `kind` says be_star, Balmer lines are in emission; the columns of
            `companions.draw` give unresolved companions.
        seed: of the sky.
        xp_alpha: False takes [alpha/M], [C/Fe], [N/Fe] out of the spectrum, at the same [M/H].
        extinction: False removes the dust.
        error_scale: factor on the reported errors; the noise is left as it is.
        companion_light: False leaves companions dark.

    Returns:
        Arrays by name, float32 unless said: true_g ... true_w2 [mag], bp_true_coefficients,
        rp_true_coefficients (n, 55), bp_ and rp_: coefficients, coefficient_errors (n, 55) [e-/s],
        coefficient_correlations (n, 1485), standard_deviation, chi_squared, n_measurements,
        degrees_of_freedom, n_relevant_bases, n_parameters (int), relative_shrinking; n_transits,
        sky_flag (int16: FLAG_OUTSIDE, FLAG_NOT_FINITE). The measured G of the stars is in
        gaia_source only (`labels.gaia_source`), as in the archive.

    Raises:
        KeyError: if a column is missing; the message names it.

    References:
        De Angeli et al. (2023), A&A 674, A2; Montegriffo et al. (2023), A&A 674, A3.
    """
    labels, place, names, bad = _prepare(stars, xp_alpha, extinction)
    halves = star_halves(stars["star"])
    n_star = len(labels)
    more = np.zeros((n_star, len(photometry.BANDS) + 2 * prism.N_BASES), np.float32)
    if companion_light:
        rows, others = companions.shining(stars, companions.LIT)
        theirs = _prepare(others, xp_alpha, extinction)[:2]
        parts = [
            (few, _light(*(values[few] for values in theirs), halves[rows[few]], seed, names))
            for few in _batches(len(rows))
        ]
        for few, light in parts:
            more[rows[few]] = light
        more[bad] = 0.0
    if n_star == 0:
        labels, place = np.full((1, len(names)), 1e3, np.float32), np.ones((1, 5), np.float32)
        halves, more = np.zeros((1, 2), np.uint32), np.zeros((1, more.shape[1]), np.float32)
    blocks, waiting = [], None
    for rows in _batches(len(labels)):
        light = _light(labels[rows], place[rows], halves[rows], seed, names)
        running = _batch(light + more[rows], halves[rows], seed)
        if waiting is not None:
            blocks.append(_with_noise(waiting))
        waiting = running
    blocks.append(_with_noise(waiting))
    result = {k: np.concatenate([b[k] for b in blocks])[:n_star] for k in blocks[0]}
    return archive_columns(result, labels[:n_star, 0], bad, error_scale)


def _batches(count):
    """Rows of each batch; the last row fills the last one."""
    for start in range(0, count, optical.BATCH):
        yield np.minimum(np.arange(start, start + optical.BATCH), count - 1)
