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

from starloom.sky import atmosphere, extinction, optical, photometry, prism, xp_noise

SCALE = 1e20
"""Fluxes at the observer are multiplied by it to stay inside float32."""
TRANSITS = (15, 60)
"""Fewest and most transits of a star; between, evenly distributed."""
FLAG_OUTSIDE = 1
"""Bit of `sky_flag`: Teff outside the range of the model atmospheres (they extrapolate)."""
FLAG_NOT_FINITE = 2
"""Bit of `sky_flag`: a label or the spectrum is not finite; its results are NaN."""
RELEVANT_SIGMA = 3.0
"""Coefficients below this many errors do not count as relevant."""


@cache
def instrument() -> prism.Prism:
    """The prisms on the wavelength grid of the spectra."""
    return prism.build(*optical.wavelength_grid())


def star_keys(seed: int, star: np.ndarray) -> Array:
    """Random keys of stars.

    Args:
        seed: of the sky.
        star: int64 indices; both halves of the integer enter the key.

    Returns:
        One key a star.
    """
    index = np.asarray(star, np.int64).view(np.uint64)
    high, low = (index >> np.uint64(32)).astype(np.uint32), index.astype(np.uint32)
    root = jax.random.key(seed)
    return jax.vmap(lambda a, b: jax.random.fold_in(jax.random.fold_in(root, a), b))(high, low)


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
    wave, _ = optical.wavelength_grid()
    dilution = SCALE * photometry.dilution(radius_rsun, distance_pc)
    return surface * dilution[:, None] * extinction.transmission(wave, a_v, r_v)


@partial(jax.jit, static_argnames="names")
def _batch(labels, place, keys, names, bases):
    """Everything of one padded batch, in arrays."""
    flux = observer_flux(optical.spectra_batch(labels, names), *place.T)
    magnitude = photometry.magnitudes(flux)
    clean = coefficients(flux)
    result = {"magnitude": magnitude, "clean": clean}
    draws = jax.vmap(lambda key: jax.random.uniform(jax.random.fold_in(key, 9), (4,)))(keys)
    transits = jnp.floor(TRANSITS[0] + draws[:, 0] * (TRANSITS[1] - TRANSITS[0]))
    result["transits"] = transits
    for index, band in enumerate(prism.BANDS):
        measured = jnp.round(transits * xp_noise.SAMPLES * (0.85 + 0.15 * draws[:, 1 + index]))
        spread = 1.02 + 0.03 * draws[:, 3] + 0.02 * jnp.log1p(jnp.exp(12.0 - magnitude[:, 0]))
        internal = clean[:, index * prism.N_BASES : (index + 1) * prism.N_BASES] @ bases[index]
        result |= {
            f"{band}_weights": xp_noise.weights(internal, prism.U_STEP, measured, band),
            f"{band}_deviates": jax.vmap(
                lambda key, k=index: jax.random.normal(jax.random.fold_in(key, k), (prism.N_BASES,))
            )(keys),
            f"{band}_n_measurements": measured,
            f"{band}_standard_deviation": spread,
        }
    g_error = photometry.gaia_g_error(magnitude[:, 0], 9 * transits)
    noise = jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, 8)))(keys)
    g_flux = 10.0 ** (-0.4 * (magnitude[:, 0] - photometry.G_ZERO_POINT))
    result["phot_g_mean_flux_error"] = g_flux * g_error * (0.4 * np.log(10.0))
    result["phot_g_mean_flux"] = g_flux + noise * result["phot_g_mean_flux_error"]
    return result


def _with_noise(block):
    """A computed batch on the host, with noisy coefficients, errors and correlations."""
    block = {name: np.asarray(value) for name, value in block.items()}
    for index, band in enumerate(prism.BANDS):
        spread = block[f"{band}_standard_deviation"][:, None]
        noise, error, correlation = xp_noise.draw(
            block.pop(f"{band}_weights"),
            instrument().bases[index],
            xp_noise.order_factors(band) * spread,
            block.pop(f"{band}_deviates"),
        )
        clean = block["clean"][:, index * prism.N_BASES : (index + 1) * prism.N_BASES]
        block |= {
            f"{band}_coefficients": clean + noise,
            f"{band}_coefficient_errors": error,
            f"{band}_coefficient_correlations": correlation,
        }
    return block


def _relevant(values, errors):
    """Highest order, plus one, whose coefficient stands out of its error; at least 3."""
    stands_out = np.abs(values) > RELEVANT_SIGMA * errors
    last = values.shape[1] - np.argmax(stands_out[:, ::-1], axis=1)
    return np.where(stands_out.any(axis=1), np.maximum(last, 3), 3).astype(np.int16)


def _prepare(stars, xp_alpha, extinguish):
    labels, names = optical.label_arrays(stars, xp_alpha)
    needed = ("radius_rsun", "distance_pc", "a_v", "r_v", "star")
    missing = [name for name in needed if name not in stars]
    if missing:
        raise KeyError(f"stars lack {', '.join(missing)}; xp.observe needs {', '.join(needed)}")
    place = np.stack([np.asarray(stars[k], np.float32) for k in needed[:4]], axis=1)
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
    labels[bad], place[bad] = 0.0, (1.0, 10.0, 0.0, 3.1)
    labels[bad, 0] = 5000.0
    return labels, place, names, bad


def observe(
    stars: Mapping[str, np.ndarray],
    seed: int,
    xp_alpha: bool = True,
    extinction: bool = True,
    error_scale: float = 1.0,
) -> dict[str, np.ndarray]:
    """Magnitudes and XP coefficients of stars as Gaia would publish them.

    Args:
        stars: the labels of `optical.label_arrays`, and radius_rsun, distance_pc [pc], a_v [mag],
            r_v, star (int64 index, the random key); equally long arrays.
        seed: of the sky.
        xp_alpha: False takes [alpha/M], [C/Fe], [N/Fe] out of the spectrum, at the same [M/H].
        extinction: False removes the dust.
        error_scale: factor on the reported errors; the noise is left as it is.

    Returns:
        Arrays by name, float32 unless said: true_g ... true_w2 [mag], bp_true_coefficients,
        rp_true_coefficients (n, 55), bp_ and rp_: coefficients, coefficient_errors (n, 55) [e-/s],
        coefficient_correlations (n, 1485), standard_deviation, chi_squared, n_measurements,
        degrees_of_freedom, n_relevant_bases, n_parameters (int), relative_shrinking; n_transits,
        phot_g_mean_flux and its error [e-/s], phot_g_mean_mag, sky_flag (int16: FLAG_OUTSIDE,
        FLAG_NOT_FINITE).

    Raises:
        KeyError: if a column is missing; the message names it.

    References:
        De Angeli et al. (2023), A&A 674, A2; Montegriffo et al. (2023), A&A 674, A3.
    """
    labels, place, names, bad = _prepare(stars, xp_alpha, extinction)
    keys = star_keys(seed, stars["star"])
    bases = jnp.asarray(instrument().bases, jnp.float32)
    blocks, waiting = [], None
    for start in range(0, len(labels), optical.BATCH):
        rows = np.minimum(np.arange(start, start + optical.BATCH), len(labels) - 1)
        running = _batch(labels[rows], place[rows], keys[rows], names, bases)
        if waiting is not None:
            blocks.append(_with_noise(waiting))
        waiting = running
    blocks.append(_with_noise(waiting))
    result = {k: np.concatenate([b[k] for b in blocks])[: len(labels)] for k in blocks[0]}
    return _columns(result, labels, bad, error_scale)


def _columns(result, labels, bad, error_scale):
    """Names of the archive, reported errors, integers and flags."""
    magnitude, clean = result.pop("magnitude"), result.pop("clean")
    out = {f"true_{band.lower()}": magnitude[:, k] for k, band in enumerate(photometry.BANDS)}
    out["n_transits"] = result.pop("transits").astype(np.int16)
    for index, band in enumerate(prism.BANDS):
        part = slice(index * prism.N_BASES, (index + 1) * prism.N_BASES)
        out[f"{band}_true_coefficients"] = clean[:, part]
        value, error = result[f"{band}_coefficients"], result[f"{band}_coefficient_errors"]
        relevant = _relevant(value, error)
        kept = np.arange(prism.N_BASES) < relevant[:, None]
        power = (value.astype(np.float64) ** 2 * kept).sum(axis=1)
        measured = result[f"{band}_n_measurements"].astype(np.int32)
        free = measured - prism.N_BASES
        spread = result[f"{band}_standard_deviation"]
        out |= {
            f"{band}_coefficients": value,
            f"{band}_coefficient_errors": np.float32(error_scale) * error,
            f"{band}_coefficient_correlations": result[f"{band}_coefficient_correlations"],
            f"{band}_standard_deviation": spread,
            f"{band}_n_measurements": measured,
            f"{band}_degrees_of_freedom": free,
            f"{band}_chi_squared": spread**2 * free,
            f"{band}_n_relevant_bases": relevant,
            f"{band}_n_parameters": np.full(len(value), prism.N_BASES, np.int16),
            f"{band}_relative_shrinking": np.sqrt(
                power / (value.astype(np.float64) ** 2).sum(axis=1)
            ).astype(np.float32),
        }
    for name in ("phot_g_mean_flux", "phot_g_mean_flux_error"):
        out[name] = result[name]
    out["phot_g_mean_mag"] = photometry.G_ZERO_POINT - 2.5 * np.log10(
        np.maximum(out["phot_g_mean_flux"], 1e-3)
    ).astype(np.float32)
    out["phot_g_mean_flux_error"] = np.float32(error_scale) * out["phot_g_mean_flux_error"]
    low, high = atmosphere.TEFF_K
    outside = (labels[:, 0] < low) | (labels[:, 0] > high)
    broken = bad | ~np.isfinite(magnitude).all(axis=1) | ~np.isfinite(clean).all(axis=1)
    out["sky_flag"] = (FLAG_OUTSIDE * outside + FLAG_NOT_FINITE * broken).astype(np.int16)
    for values in out.values():
        if values.dtype.kind == "f":
            values[broken] = np.nan
    return out
