"""
From stellar labels to a calibrated XP spectrum, through dust and distance.

After Zhang, Green & Rix (2023), Sec. 3: a small network gives the logarithm of the flux at a
parallax of 1 mas without dust, extinction takes away from it by a curve that is learned with it,
and the flux goes with the square of the parallax. In logarithms extinction and distance are linear,
so that both are found exactly for each star; pixels too faint for a logarithm carry no weight.
"""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from starloom.models import dense

PER_MAGNITUDE = 0.4 * float(np.log(10))
"""Natural logarithm of the flux ratio of one magnitude."""

BAND_EDGE_NM = 640.0
"""Where RP takes over from BP in calibrated spectra [nm]."""

ZERO_POINT, JOINT, PIXEL = 0.001, 0.005, 0.005
"""Floors of the errors over the flux: of each band's and of the common zero point, of a pixel."""

LEAST_SNR = 3.0
"""A pixel of less flux over its error has no usable logarithm."""

BLIND = 100.0
"""Error of the logarithm of a pixel that carries no weight."""

Params = Mapping[str, Array | dense.Dense]


def init(
    key: PRNGKeyArray,
    n_label: int,
    start: Float[Array, " n_pixel"],
    curve: Float[Array, " n_pixel"],
    widths: Sequence[int] = (32, 32, 32),
) -> Params:
    """
    Parameters of a new model.

    Args:
        key: for the initial values.
        n_label: labels of the intrinsic spectrum.
        start: logarithm of the flux of a usual star at a parallax of 1 mas.
        curve: a first extinction curve, positive: from a flat one the fit may end with a curve
            turned over and less extinction for more.
        widths: neurons of the hidden layers.

    Returns:
        `network`, and `log_curve`, the logarithm of the extinction curve.
    """
    *layers, (kernel, _) = dense.init(key, (n_label, *widths, len(start)), last=0.1)
    network = [*layers, (kernel, jnp.asarray(start))]
    return {"network": network, "log_curve": jnp.log(jnp.asarray(curve, jnp.float32))}


def intrinsic(
    params: Params, labels: Float[Array, "n_star n_label"]
) -> Float[Array, "n_star n_pixel"]:
    """Logarithm of the flux without dust at a parallax of 1 mas; labels are standardised."""
    *layers, (kernel, bias) = params["network"]
    x = labels
    for weight, offset in layers:
        x = jnp.tanh(x @ weight + offset)
    return x @ kernel + bias


def design(params: Params) -> Float[Array, "2 n_pixel"]:
    """What a magnitude of extinction, and a unit of ln parallax, add to the logarithm of flux."""
    curve = jnp.exp(params["log_curve"])
    return jnp.stack([-PER_MAGNITUDE * curve, jnp.full_like(curve, 2.0)])


def log_flux(
    params: Params,
    labels: Float[Array, "n_star n_label"],
    extinction: Float[Array, " n_star"],
    log_parallax: Float[Array, " n_star"],
) -> Float[Array, "n_star n_pixel"]:
    """
    Logarithm of the flux at each pixel.

    Args:
        params: of the model.
        labels: standardised.
        extinction: [mag], in units of the learned curve.
        log_parallax: natural logarithm of the parallax [mas].

    Returns:
        ln F(labels) - 0.4 ln(10) E R + 2 ln parallax.

    References:
        Zhang, Green & Rix (2023), Sec. 3.1.
    """
    return intrinsic(params, labels) + jnp.stack([extinction, log_parallax], axis=1) @ design(
        params
    )


def floors(
    flux: Float[np.ndarray, "n_star n_pixel"], wavelength_nm: Float[np.ndarray, " n_pixel"]
) -> Float[np.ndarray, "n_star n_pixel n_pixel"]:
    """
    Covariance that is added to that of the photons: what a calibration cannot be better than.

    Args:
        flux: in any unit.
        wavelength_nm: of the pixels [nm].

    Returns:
        0.1 % of the flux for the zero point of BP and for that of RP, 0.5 % for the one of both,
        0.5 % for each pixel by itself; in the square of the flux's unit.

    References:
        Zhang, Green & Rix (2023), Sec. 2.
    """
    red = wavelength_nm >= BAND_EDGE_NM
    relative = JOINT**2 + ZERO_POINT**2 * (red[:, None] == red) + PIXEL**2 * np.eye(len(red))
    return relative * flux[:, :, None] * flux[:, None, :]


def in_logarithms(
    flux: Float[np.ndarray, "n_star n_pixel"],
    covariance: Float[np.ndarray, "n_star n_pixel n_pixel"],
) -> tuple[Float[np.ndarray, "n_star n_pixel"], Float[np.ndarray, "n_star n_pixel n_pixel"]]:
    """
    The logarithm of spectra, and what makes its errors white.

    Args:
        flux: in any unit.
        covariance: of the flux, in the square of its unit.

    Returns:
        ln flux, 0 at pixels below `LEAST_SNR`, which correlate with none and have an error of
        `BLIND`; and lower triangles W with W^T W the inverse of the covariance of ln flux.
    """
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    with np.errstate(invalid="ignore"):
        good = flux > LEAST_SNR * np.sqrt(variance)
    safe = np.where(good, flux, 1.0)
    both = good[:, :, None] & good[:, None, :]
    relative = np.where(both, covariance / safe[:, :, None] / safe[:, None, :], 0.0)
    relative += np.where(good, 0.0, BLIND**2)[:, :, None] * np.eye(flux.shape[1])
    return np.log(safe), np.linalg.inv(np.linalg.cholesky(relative))


def dust_and_distance(
    white_design: Float[Array, "n_star 2 n_pixel"],
    white_residual: Float[Array, "n_star n_pixel"],
    prior: Float[Array, "n_star 2 2"],
) -> tuple[Float[Array, "n_star 2"], Float[Array, " n_star"]]:
    """
    The extinction, never negative, and the ln parallax that suit a star best.

    Args:
        white_design: `design` times the whitening of each star.
        white_residual: of ln flux minus its intrinsic part.
        prior: of extinction [mag] and ln parallax: what is expected, and its standard deviation.

    Returns:
        Both, and chi^2 of the pixels and the prior.
    """
    expected, sigma = prior[..., 0], prior[..., 1]
    right = (white_design * white_residual[:, None]).sum(axis=-1) + expected / sigma**2
    dust, distance = white_design[:, 0], white_design[:, 1]
    dd = jnp.square(dust).sum(axis=-1) + sigma[:, 0] ** -2
    pp = jnp.square(distance).sum(axis=-1) + sigma[:, 1] ** -2
    dp = (dust * distance).sum(axis=-1)
    # The one distance of each extinction is put in; what is left is a parabola in extinction.
    extinction = (right[:, 0] - dp * right[:, 1] / pp) / (dd - dp * dp / pp)
    extinction = jnp.maximum(extinction, 0.0)
    found = jnp.stack([extinction, (right[:, 1] - dp * extinction) / pp], axis=1)
    left = white_residual - (white_design * found[..., None]).sum(axis=1)
    off = (found - expected) / sigma
    return found, jnp.square(left).sum(axis=-1) + jnp.square(off).sum(axis=-1)
