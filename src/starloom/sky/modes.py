"""
Oscillation modes as combs: the power of a whole ridge at a frequency, without a sum over modes.

A ridge is given by a continuous order, an integer at each of its modes. Where the order is linear
over a line width, the sum of the Lorentzians of all modes is a Poisson kernel of the order; so the
cost of a spectrum does not depend on how many modes a star has.
"""

from collections.abc import Mapping

import jax.numpy as jnp
from jaxtyping import Array, Float

from starloom.sky.trigonometry import angle_of, sin_cos

VISIBILITY = (1.0, 1.35, 0.67, 0.05)
"""Power of the modes of degree 0 to 3 in a radial order over that of the radial mode: Mosser et
al. (2012), A&A 537, A30, Sec. 5, within 0.1; medians in 657 published spectra of stars on
the red giant branch are 1.2, 0.70, 0.04. They add up to 3.07; 3.04 in Bedding et al. (2010)."""

WIDTH_FACTOR = (1.0, 1.0, 1.5, 1.5)
"""Width of a pressure mode over that of the radial mode: degrees 2 and 3 are broadened by
rotation and mixing that is not resolved here."""

FLAT = 2.0
"""Half width, in orders, at which lines have merged to a level continuum (to 1e-5)."""

Parameters = Mapping[str, Float[Array, ""]]
"""One star's rows of `starloom.sky.seismology.scaling`."""


def radial_order(
    freq_uhz: Float[Array, " n_freq"], star: Parameters
) -> tuple[Float[Array, " n_freq"], Float[Array, " n_freq"]]:
    """
    Radial order as a continuous function of frequency: an integer at each radial mode.

    Args:
        freq_uhz: frequencies [uHz].
        star: one star's parameters.

    Returns:
        The order and its derivative [1/uHz], which is 1 over the local large separation.

    References:
        Mosser et al. (2011), A&A 525, L9, Eq. 1, and Mosser et al. (2013), A&A 550, A126, Eq. 9,
        solved for the order; Vrard et al. (2015), A&A 579, A84, Eq. 8: helium glitch.
    """
    dnu, curvature = star["dnu_uhz"], star["curvature"]
    scaled = freq_uhz / dnu
    centre = star["numax_uhz"] / dnu
    angle = 2.0 * (scaled - centre) / star["glitch_period"] + star["glitch_phase"]
    sine, cosine = sin_cos(0.5 * angle)
    offset = scaled - centre - star["glitch"] * (cosine**2 - sine**2)
    root = jnp.sqrt(jnp.maximum(1.0 + 2.0 * curvature * offset, 0.05))
    order = centre - star["epsilon"] + 2.0 * offset / (1.0 + root)
    slope = 1.0 + 2.0 * jnp.pi * star["glitch"] / star["glitch_period"] * 2.0 * sine * cosine
    return order, slope / (dnu * root)


def ridge_order(
    order: Float[Array, " n_freq"], degree: int, star: Parameters
) -> Float[Array, " n_freq"]:
    """Order of the pressure modes of a degree: an integer at each mode."""
    return order if degree == 0 else order - degree / 2.0 + star[f"d0{degree}"]


def comb(
    order: Float[Array, " n_freq"], half_width: Float[Array, " n_freq"]
) -> Float[Array, " n_freq"]:
    """
    Lines of equal area at every integer, with mean 1.

    Args:
        order: where to take the comb.
        half_width: half width of a line at half maximum, in units of the order.

    Returns:
        The Poisson kernel: the sum of Lorentzians of this half width at all integers.
    """
    sharp = jnp.sinh(jnp.pi * jnp.minimum(half_width, FLAT))
    sine, _ = sin_cos(order)
    return sharp * jnp.sqrt(1.0 + sharp**2) / (sharp**2 + sine**2)


def comb_mean(
    low: Float[Array, " n_bin"], high: Float[Array, " n_bin"], half_width: Float[Array, " n_bin"]
) -> Float[Array, " n_bin"]:
    """
    Mean of `comb` between two orders, exact however narrow the lines are.

    Args:
        low: orders where the means begin.
        high: orders where they end, above `low`.
        half_width: half width of a line in each interval, in units of the order.
    """
    sine_low, cosine_low = sin_cos(low)
    sine_high, cosine_high = sin_cos(high)
    narrow = jnp.tanh(jnp.pi * half_width)
    across = narrow * (sine_high * cosine_low - sine_low * cosine_high)
    along = narrow**2 * cosine_high * cosine_low + sine_high * sine_low
    lines = jnp.round(high) - jnp.round(low) + angle_of(across, along)
    return lines / (high - low)


def envelope_ppm2(freq_uhz: Float[Array, " n_freq"], star: Parameters) -> Float[Array, " n_freq"]:
    """
    Mean square of a radial mode as a function of its frequency [ppm2].

    References:
        Mosser et al. (2012), A&A 537, A30, Eq. 1: a Gaussian of the given full width.
    """
    x = (freq_uhz - star["numax_uhz"]) / star["envelope_uhz"]
    return star["amplitude_ppm"] ** 2 * jnp.exp(-4.0 * jnp.log(2.0) * x**2)
