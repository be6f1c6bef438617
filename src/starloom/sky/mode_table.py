"""The modes of one star as a list: frequencies, degrees, widths and amplitudes."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np

from starloom.sky.mixed_modes import dipole, multiplet
from starloom.sky.modes import VISIBILITY, WIDTH_FACTOR, envelope_ppm2, radial_order, ridge_order

STEPS = 32768
"""Frequencies at which the order is taken to find where it is an integer."""


def mode_table(
    star: Mapping[str, float], reach: float = 1.2, zonal_only: bool = True
) -> dict[str, np.ndarray]:
    """
    Modes of a star round its frequency of maximum power.

    Args:
        star: one star's parameters, as numbers, from `starloom.sky.seismology.scaling`.
        reach: largest distance from numax, in full widths of the envelope.
        zonal_only: leave out the modes of m = -1 and 1.

    Returns:
        By mode, in order of frequency: degree, azimuthal order, freq_uhz [uHz], fwhm_uhz [uHz],
        amplitude_ppm (rms) [ppm], height_ppm2_uhz (before the sampling's attenuation) [ppm2/uHz],
        zeta (0 for a pure pressure mode). All empty for a star without parameters.

    References:
        The integers of the orders of `starloom.sky.modes` and `starloom.sky.mixed_modes`, which
        are what `starloom.sky.power` draws.
    """
    star = {name: jnp.float32(value) for name, value in star.items()}
    centre, width = float(star["numax_uhz"]), float(star["envelope_uhz"])
    if not np.isfinite(centre + width):
        return _sorted([])
    low = max(centre - reach * width, 0.05 * centre)
    freq = np.linspace(low, centre + reach * width, STEPS)
    order, power, one = jax.tree.map(
        lambda curve: np.asarray(curve, float), _curves(jnp.asarray(freq, jnp.float32), star)
    )
    modes = []
    for degree in (0, 2, 3):
        fwhm = np.full(STEPS, float(star["fwhm_uhz"]) * WIDTH_FACTOR[degree])
        line = ridge_order(order, degree, {name: float(value) for name, value in star.items()})
        modes.append(_integers(freq, line, degree, 0, power, fwhm, np.zeros(STEPS)))
    fwhm = 2.0 * one["half_width"] / np.gradient(one["order"], freq)
    for m, share in multiplet(star):
        if m == 0 or (not zonal_only and float(star["mixed"])):
            line = one["order"] - m * one["split"]
            shared = power * (1.0 - one["zeta"]) * (1.0 if zonal_only else float(share))
            modes.append(_integers(freq, line, 1, m, shared, fwhm, one["zeta"]))
    return _sorted(modes)


@jax.jit
def _curves(freq, star):
    order, slope = radial_order(freq, star)
    return order, envelope_ppm2(freq, star), dipole(freq, order, slope, star)


def _integers(freq, line, degree, m, power, fwhm, zeta):
    """Where a continuous order is an integer, and what the other curves are there."""
    whole = np.arange(np.ceil(line[0]), np.floor(line[-1]) + 1)
    at = np.interp(whole, line, freq)
    square = VISIBILITY[degree] * np.interp(at, freq, power)
    width = np.interp(at, freq, fwhm)
    return {
        "degree": np.full(len(at), degree),
        "azimuthal": np.full(len(at), m),
        "freq_uhz": at,
        "fwhm_uhz": width,
        "amplitude_ppm": np.sqrt(square),
        "height_ppm2_uhz": 2.0 * square / (np.pi * width),
        "zeta": np.interp(at, freq, zeta),
    }


def _sorted(modes):
    names = "degree azimuthal freq_uhz fwhm_uhz amplitude_ppm height_ppm2_uhz zeta".split()
    if not modes:
        return {name: np.zeros(0, int if name in names[:2] else float) for name in names}
    table = {name: np.concatenate([mode[name] for mode in modes]) for name in names}
    order = np.argsort(table["freq_uhz"], kind="stable")
    return {name: values[order] for name, values in table.items()}
