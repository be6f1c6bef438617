"""Formal solution: surface flux of a stack of layers that emit as black bodies."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from starloom.sky.opacity import HC_OVER_K_NM

DIFFUSIVITY = 1.66
"""2 E3(tau) is close to exp(-1.66 tau)."""
FLUX_CONSTANT = 3.741772e20
"""2 pi h c^2 [W m-2 nm4]: times `emergent_flux` and wavelength [nm]^-5 it is W m-2 nm-1."""
THIN = 0.02
"""Below this optical step the mean of the exponential is the mean of its ends."""


def boltzmann_factor(
    wavelength_nm: Float[Array, " n_wave"], temperature: Float[Array, "*shape"]
) -> Float[Array, "*shape n_wave"]:
    """exp(-h nu / k T).

    Args:
        wavelength_nm: [nm].
        temperature: [K].

    Returns:
        The factor, one wavelength a column.
    """
    return jnp.exp(-jnp.minimum(HC_OVER_K_NM / wavelength_nm / temperature[..., None], 80.0))


def emergent_flux(
    opacity_layers,
    factors,
    depth: Float[Array, "n_star n_layer"],
) -> Float[Array, "n_star n_wave"]:
    """Flux, the Planck function linear in optical depth inside each layer.

    Args:
        opacity_layers: for each layer, from the surface down, opacity over density
            [(n_star, n_wave) cm2/g].
        factors: for each layer exp(-h nu / kT) (n_star, n_wave).
        depth: column mass of the layers [g/cm2].

    Returns:
        F / (2 pi h c^2 / wavelength^5), dimensionless.

    References:
        Mihalas (1978), Eq. 2-67, with 2 E3(tau) ~ exp(-1.66 tau).
    """
    source = factors[0] / (1.0 - factors[0])
    tau = DIFFUSIVITY * opacity_layers[0] * depth[:, :1]
    escape = jnp.exp(-tau)
    flux = source
    for layer in range(1, len(factors)):
        below = factors[layer] / (1.0 - factors[layer])
        mean_opacity = 0.5 * (opacity_layers[layer - 1] + opacity_layers[layer])
        column = depth[:, layer] - depth[:, layer - 1]
        step = DIFFUSIVITY * mean_opacity * column[:, None]
        tau = tau + step
        escape_below = jnp.exp(-tau)
        mean = jnp.where(
            step < THIN,
            0.5 * (escape + escape_below),
            (escape - escape_below) / jnp.maximum(step, THIN),
        )
        flux = flux + (below - source) * mean
        source, escape = below, escape_below
    return flux
