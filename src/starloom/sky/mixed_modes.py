"""Dipole modes of giants: pressure modes coupled to the gravity modes of the core."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from starloom.sky.modes import WIDTH_FACTOR, Parameters, ridge_order
from starloom.sky.trigonometry import angle_of, sin_cos

RESOLVED_UHZ = 0.012
"""Width added to a dipole mode: one and a half resolution elements of four years, so that modes
which live longer than the mission keep their power at a height that a spectrum can show."""


def dipole(
    freq_uhz: Float[Array, " n_freq"],
    order: Float[Array, " n_freq"],
    slope: Float[Array, " n_freq"],
    star: Parameters,
) -> dict[str, Float[Array, " n_freq"]]:
    """
    Order, widths and weights of the dipole modes.

    Args:
        freq_uhz: frequencies [uHz], positive.
        order: radial order at each frequency.
        slope: its derivative [1/uHz].
        star: one star's parameters; `mixed` chooses between mixed and pure pressure modes.

    Returns:
        order, an integer at each mode of m = 0; half_width of the modes in units of the order;
        weight, the power of the modes here relative to evenly spread power; zeta, the share of a
        mode's inertia in the core; split, what the order of neighbouring m differs by.

    References:
        Shibahashi (1979), PASJ 31, 87, and Mosser et al. (2012), A&A 540, A143, Eq. 9: modes lie
        where tan(theta_p) = q tan(theta_g). Mosser et al. (2015), A&A 584, A50, Eqs. 13-16: zeta
        and the local spacing. Benomar et al. (2014), ApJ 781, L29, and Grosjean et al. (2014),
        A&A 572, A11: widths go with 1 - zeta. Goupil et al. (2013), A&A 549, A75: splittings go
        with zeta.
    """
    q = star["coupling"]
    pressure = ridge_order(order, 1, star)
    sine, cosine = sin_cos(pressure)
    gravity_rate = 1e6 / (star["period_spacing_s"] * freq_uhz**2)
    gravity = gravity_rate * freq_uhz - star["gravity_phase"]
    bend = angle_of((1.0 / q - 1.0) * sine * cosine, cosine**2 + sine**2 / q)
    trapped = (q * cosine) ** 2 + sine**2
    envelope_rate = slope * q / trapped
    core = jnp.minimum(star["core_splitting_uhz"], 0.5 * freq_uhz)
    width = star["fwhm_uhz"] * WIDTH_FACTOR[1]
    half = 0.5 * (envelope_rate * width + (envelope_rate + gravity_rate) * RESOLVED_UHZ)
    mixed = star["mixed"] > 0.5
    return {
        "order": jnp.where(mixed, pressure + bend - gravity, pressure),
        "half_width": jnp.where(mixed, half, 0.5 * slope * width),
        "weight": jnp.where(mixed, q / trapped, 1.0),
        "zeta": jnp.where(mixed, gravity_rate / (gravity_rate + envelope_rate), 0.0),
        "split": jnp.where(mixed, gravity_rate * core, 0.0),
    }


def multiplet(star: Parameters) -> tuple[tuple[int, Float[Array, ""]], ...]:
    """
    Azimuthal orders of a dipole mode, each with its share of the power.

    References:
        Gizon & Solanki (2003), ApJ 589, 1009, Eq. 11.
    """
    zonal = star["cos_inclination"] ** 2
    tesseral = 0.5 * (1.0 - zonal)
    return ((0, zonal), (-1, tesseral), (1, tesseral))
