"""
Power spectra: the limit that infinite data would show, and one realisation of it.

Stars are computed one after another by the same compiled program, so a star's spectrum does not
depend on which others are computed with it.
"""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.separation import grid_dnu
from starloom.sky.averaged_noise import gamma_mean
from starloom.sky.granulation import apodisation, granulation
from starloom.sky.mixed_modes import dipole, multiplet
from starloom.sky.modes import (
    VISIBILITY,
    WIDTH_FACTOR,
    Parameters,
    comb,
    comb_mean,
    envelope_ppm2,
    radial_order,
    ridge_order,
)

BATCH = 64
"""Stars in one call of the compiled program."""

LANES = 64
"""Array lengths are multiples of it: the compiler vectorises no loop of odd length."""

SUBBINS = 3
FINE_DNU = 0.02
"""Points at which the limit spectrum is taken in a bin that is 0.02 of the large separation wide,
as those of the age study are; wider bins have more."""

OBSERVED_DAYS = 1350.0
"""Days of data in four years of Kepler long cadence."""

NEEDED = (
    "numax_uhz dnu_uhz epsilon d01 d02 d03 curvature glitch glitch_period glitch_phase fwhm_uhz "
    "amplitude_ppm envelope_uhz granulation_ppm coupling period_spacing_s gravity_phase "
    "core_splitting_uhz cos_inclination mixed white_ppm2_uhz"
).split()
"""Parameters of `starloom.sky.seismology.scaling` that shape a spectrum."""


def power_density(
    freq_uhz: Float[Array, " n_freq"], parameters: Mapping[str, Float[Array, " n_star"]]
) -> Float[Array, "n_star n_freq"]:
    """
    Limit power spectrum of each star.

    Args:
        freq_uhz: frequencies [uHz], from 0.
        parameters: what `scaling` returned.

    Returns:
        One-sided power density [ppm2/uHz]: its integral to the Nyquist frequency is the variance
        of the light curve. NaN for a star whose parameters are NaN.

    Raises:
        KeyError: if a parameter is absent.
    """
    freq = np.asarray(freq_uhz, np.float32)
    padded = np.append(freq, np.full(-len(freq) % LANES, freq[-1]))
    program = partial(_density_batch, jnp.asarray(padded))
    return in_batches(program, parameters)[:, : len(freq)]


def binned_power(
    edges_uhz: Float[Array, " n_edge"],
    parameters: Mapping[str, Float[Array, " n_star"]],
    seed: int,
    observed_days: float = OBSERVED_DAYS,
) -> Float[Array, "n_star n_edge-1"]:
    """
    One observed power spectrum of each star, averaged in bins, without a light curve.

    Args:
        edges_uhz: bin edges [uHz], increasing.
        parameters: what `scaling` returned; `star` gives each star its own noise.
        seed: seed of the sky.
        observed_days: days of data, which set how many independent frequencies a bin holds.

    Returns:
        Mean power in each bin [ppm2/uHz]. The mean over realisations is the mean of the limit
        spectrum. Neighbouring bins are independent: gaps and leakage are not in it.

    Raises:
        ValueError: if the edges do not increase.
        KeyError: if a parameter is absent.
    """
    edges = np.asarray(edges_uhz, float)
    if edges.ndim != 1 or len(edges) < 2 or not np.all(np.diff(edges) > 0):
        raise ValueError("edges_uhz must increase and hold two values at least")
    bins = len(edges) - 1
    padded = np.append(edges, edges[-1] + np.diff(edges)[-1] * np.arange(1, 1 + -bins % LANES))
    width = np.diff(padded)
    usual_dnu = grid_dnu(padded[:-1].clip(0.1))
    parts = max(SUBBINS, int(np.ceil(SUBBINS * np.max(width / (FINE_DNU * usual_dnu)))))
    points = padded[:-1] + width * np.arange(parts + 1)[:, None] / parts
    window = _window(padded)
    middle = np.searchsorted(padded, np.nan_to_num(np.asarray(parameters["numax_uhz"], float)))
    start = np.clip(middle - window // 2, 0, len(width) - window)
    program = partial(
        _binned_batch,
        window,
        jax.random.key(seed),
        jnp.asarray(points[:-1], jnp.float32),
        jnp.asarray(points[1:], jnp.float32),
        jnp.asarray(np.maximum(width * observed_days * 0.0864, 1.0), jnp.float32),
    )
    return in_batches(program, dict(parameters) | {"start": start})[:, :bins]


def _window(edges):
    """Bins that hold the envelope of any star to one part in 2,000 of its height."""
    numax = np.geomspace(0.3, 2.0 * edges[-1], 300)
    reach = 1.8 * 20.0 * (numax / 50.0) ** 0.88
    held = np.searchsorted(edges, numax + reach) - np.searchsorted(edges, numax - reach)
    return int(min(held.max() + -held.max() % LANES, len(edges) - 1))


def in_batches(
    program: Callable[[dict[str, np.ndarray]], jax.Array],
    parameters: Mapping[str, np.ndarray],
    size: int = BATCH,
) -> np.ndarray:
    """
    Run a compiled program on batches of one size, the last one padded.

    Args:
        program: takes `NEEDED`, star and start, each (size,), and gives an array (size, ...).
        parameters: what `scaling` returned.
        size: stars in a batch.

    Returns:
        What the program gave, shape (n_star, ...).

    Raises:
        KeyError: if a parameter is absent; the message names it.
    """
    missing = [name for name in (*NEEDED, "star") if name not in parameters]
    if missing:
        raise KeyError(f"no parameter {', '.join(missing)}: pass what seismology.scaling returned")
    count = len(parameters["star"])
    rows = {name: np.asarray(parameters[name], np.float32) for name in NEEDED}
    rows["star"] = np.asarray(parameters["star"], np.uint32)
    rows["start"] = np.asarray(parameters.get("start", np.zeros(count)), np.int32)
    if count == 0:
        rows = {name: np.zeros(1, values.dtype) for name, values in rows.items()}
    out = []
    for first in range(0, max(count, 1), size):
        place = np.minimum(np.arange(first, first + size), max(count, 1) - 1)
        batch = program({name: values[place] for name, values in rows.items()})
        out.append(np.asarray(batch)[: count - first])
    return np.concatenate(out)


@jax.jit
def _density_batch(freq, rows):
    return jax.lax.map(partial(density, freq), rows)


@partial(jax.jit, static_argnums=0)
def _binned_batch(window, key, low, high, count, rows):
    passed = apodisation(0.5 * (low + high))
    return jax.lax.map(partial(_binned, window, key, low, high, passed, count), rows)


def density(freq: Float[Array, " n_freq"], star: Parameters) -> Float[Array, " n_freq"]:
    """Limit power spectrum [ppm2/uHz] of one star at frequencies [uHz]; see `power_density`."""
    freq = jnp.maximum(freq, 1e-3)
    order, slope = radial_order(freq, star)
    lines = {
        degree: comb(ridge_order(order, degree, star), _half_width(slope, degree, star))
        for degree in (0, 2, 3)
    }
    one = dipole(freq, order, slope, star)
    lines[1] = one["weight"] * sum(
        share * comb(one["order"] + m * one["split"], one["half_width"])
        for m, share in multiplet(star)
    )
    modes = _weighted(lines) * slope * envelope_ppm2(freq, star)
    convection = granulation(freq, star["numax_uhz"], star["granulation_ppm"])
    return apodisation(freq) * (convection + modes) + star["white_ppm2_uhz"]


def _binned(window, key, low, high, passed, count, star):
    """Limit spectrum averaged in the parts of each bin, (part, bin), and the noise of its mean."""
    place, shape = (0, star["start"]), (len(low), window)
    near = partial(jax.lax.dynamic_slice, start_indices=place, slice_sizes=shape)
    limit = granulation(0.5 * (low + high), star["numax_uhz"], star["granulation_ppm"])
    modes = _mean_modes(near(low).ravel(), near(high).ravel(), star).reshape(shape)
    limit = jax.lax.dynamic_update_slice(limit, near(limit) + modes, place)
    limit = passed * limit + star["white_ppm2_uhz"]
    mean = limit.mean(axis=0)
    free = jnp.maximum(mean**2 / (limit**2).mean(axis=0) * count, 1.0)
    normal = jax.random.normal(jax.random.fold_in(key, star["star"]), free.shape)
    return mean * gamma_mean(normal, free)


def _mean_modes(low, high, star):
    """Mean power of the modes between two frequencies [ppm2/uHz]."""
    (order_low, slope_low), (order_high, slope_high) = (radial_order(f, star) for f in (low, high))
    one_low = dipole(low, order_low, slope_low, star)
    one_high = dipole(high, order_high, slope_high, star)
    slope = 0.5 * (slope_low + slope_high)
    lines = {
        degree: comb_mean(
            ridge_order(order_low, degree, star),
            ridge_order(order_high, degree, star),
            _half_width(slope, degree, star),
        )
        for degree in (0, 2, 3)
    }
    half_width = 0.5 * (one_low["half_width"] + one_high["half_width"])
    lines[1] = (
        0.5
        * (one_low["weight"] + one_high["weight"])
        * sum(
            share
            * comb_mean(
                one_low["order"] + m * one_low["split"],
                one_high["order"] + m * one_high["split"],
                half_width,
            )
            for m, share in multiplet(star)
        )
    )
    return _weighted(lines) * slope * envelope_ppm2(0.5 * (low + high), star)


def _half_width(slope, degree, star):
    return 0.5 * slope * star["fwhm_uhz"] * WIDTH_FACTOR[degree]


def _weighted(lines):
    return sum(VISIBILITY[degree] * lines[degree] for degree in range(4))
