"""
Our own model, `contrastive`: twins are made by the model itself, none are given.

A star is encoded, decoded at the parameters of another star, given new noise, and encoded again:
both latents must find each other among those of the whole batch. The latent is held independent
of u by two measures that need no second player: its distance correlation with u, and the
correlation of its means and covariances with u. Where this leaves a choice, the decoder changes a
spectrum's residual as little as it can.

Networks work on the components of the spectra's residuals from a polynomial in u (`polynomial`),
which keep all that white noise leaves of the chemistry: a hundred times fewer numbers than pixels,
and the place where missing pixels are dealt with.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from starloom.models import dense

LOG_NOISE = (-1.5, 1.5)
"""Range of ln(noise / reference noise) in training; outside the encoder reads its ends."""

LEAK = 0.1
"""What a component keeps of u without training, in units of its own spread."""

START = 0.1
"""Size of the networks' first outputs beside the linear maps that they correct."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes and weights.

    Args:
        n_component: components of a spectrum.
        n_u: parameters that are taken away.
        latent: dimensions of z.
        encoder: hidden layers.
        decoder: hidden layers.
        reconstruction: weight of chi^2 per component.
        independence: weight of the distance correlation.
        moments: weight of the correlation of means and covariances with u.
        least_change: weight of the change of the residual by recasting, as chi^2 per component.
    """

    n_component: int
    n_u: int
    latent: int = 20
    encoder: Sequence[int] = (256, 256)
    decoder: Sequence[int] = (256, 256)
    reconstruction: float = 0.1
    independence: float = 1.0
    moments: float = 0.1
    least_change: float = 1e-3


def init(key: PRNGKeyArray, arch: Architecture) -> tuple[PyTree, PyTree]:
    """Linear maps between components and latent, and the networks that correct them."""
    keys = jax.random.split(key, 2)
    start = jnp.eye(arch.n_component, arch.latent)
    read = arch.n_component + arch.n_u + 1
    write = arch.latent + arch.n_u
    return {
        "into": start,
        "out": start.T,
        "encoder": dense.init(keys[0], (read, *arch.encoder, arch.latent), START),
        "decoder": dense.init(keys[1], (write, *arch.decoder, arch.n_component), START),
    }, {}


def scales(
    unit: Float[np.ndarray, " n_component"], arch: Architecture
) -> Float[np.ndarray, " n_latent"]:
    """
    Units in which the latent starts: what is expected between twins, noise and a leak of u.

    Args:
        unit: the reference noise over each component's spread.
        arch: sizes.
    """
    few = np.full(arch.latent, unit[-1])
    few[: len(unit)] = unit[: arch.latent]
    return (1 / np.hypot(few, LEAK)).astype(np.float32)


def encode(
    params: PyTree,
    c: Float[Array, "n_star n_component"],
    u: Float[Array, "n_star n_u"],
    log_noise: Float[Array, "n_star 1"],
) -> Float[Array, "n_star n_latent"]:
    """
    z of standardised components.

    Args:
        params: of `init`.
        c: components over their standard deviation.
        u: scaled parameters.
        log_noise: ln of the noise over the reference noise; held inside `LOG_NOISE`.
    """
    read = jnp.concatenate([c, u, jnp.clip(log_noise, *LOG_NOISE)], axis=1)
    return c @ params["into"] + dense.apply(params["encoder"], read)


def decode(
    params: PyTree, z: Float[Array, "n_star n_latent"], u: Float[Array, "n_star n_u"]
) -> Float[Array, "n_star n_component"]:
    """Standardised components of latents at parameters u."""
    return z @ params["out"] + dense.apply(params["decoder"], jnp.concatenate([z, u], axis=1))


def loss(
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Array],
    key: PRNGKeyArray,
    training: bool,
    *,
    arch: Architecture,
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    The loss of a batch; noise and other stars' parameters are drawn in validation too.

    Args:
        params: of `init`.
        state: nothing.
        stars: `c` standardised components; `noise`, the reference noise of each component in the
            same unit; `u`.
        key: for noise and shuffles.
        training: not used.
        arch: sizes and weights.

    Returns:
        The loss, and the state with its parts.
    """
    keys = jax.random.split(key, 4)
    c, u, unit = stars["c"], stars["u"], stars["noise"]
    log_noise = jax.random.uniform(keys[0], (len(c), 1), minval=LOG_NOISE[0], maxval=LOG_NOISE[1])
    sigma = unit * jnp.exp(log_noise)
    z = encode(params, c + sigma * jax.random.normal(keys[1], c.shape), u, log_noise)
    back = decode(params, z, u)
    elsewhere = jax.random.permutation(keys[2], u)
    moved = decode(params, z, elsewhere)
    again = moved + sigma * jax.random.normal(keys[3], c.shape)
    parts = {
        "contrast": _contrast(z, encode(params, again, elsewhere, log_noise)),
        "reconstruction": jnp.square((back - c) / unit).mean(),
        "independence": distance_correlation(z, u),
        "moments": _moments(z, u),
        "least_change": jnp.square((moved - back) / unit).mean(),
    }
    weighted = ("reconstruction", "independence", "moments", "least_change")
    total = parts["contrast"] + sum(getattr(arch, name) * parts[name] for name in weighted)
    return total, (state, parts)


@functools.cache
def players(arch: Architecture):
    """Loss, init and no rival; the same objects for the same architecture."""
    return functools.partial(loss, arch=arch), functools.partial(init, arch=arch), None


def distance_correlation(
    x: Float[Array, "n_star n_x"], y: Float[Array, "n_star n_y"]
) -> Float[Array, ""]:
    """
    Squared distance correlation, without bias: 0 on average for independent samples.

    References:
        Szekely & Rizzo (2013), J. Multivariate Anal. 117, 193, Eqs. 2.5-2.6.
    """
    a, b = _centred_distances(x), _centred_distances(y)
    return (a * b).sum() / jnp.sqrt((a * a).sum() * (b * b).sum())


def _centred_distances(x):
    n = len(x)
    square = jnp.square(x).sum(axis=1)
    product = jnp.maximum(square[:, None] + square - 2 * x @ x.T, 0.0)
    # The root's slope is infinite at zero, where it is not needed.
    distance = jnp.sqrt(product + 1e-6)
    mean = distance.sum(axis=0) / (n - 2)
    centred = distance - mean - mean[:, None] + distance.sum() / ((n - 1) * (n - 2))
    return centred * (1 - jnp.eye(n))


def _contrast(z, other):
    """Cross-entropy of finding each star's partner by distance, both ways (InfoNCE)."""
    square = jnp.square(z).sum(axis=1)[:, None] + jnp.square(other).sum(axis=1)
    closeness = z @ other.T - 0.5 * square
    ways = [jnp.diagonal(jax.nn.log_softmax(closeness, axis=axis)) for axis in (0, 1)]
    return -0.5 * (ways[0] + ways[1]).mean()


def _moments(z, u):
    """
    Mean squared correlation of z and of its products with u, its squares and products.

    Times the number of stars: 1 each for independent samples.
    """
    pairs = np.triu_indices(u.shape[1])
    features = jnp.concatenate([u, u[:, pairs[0]] * u[:, pairs[1]]], axis=1)
    features = jnp.linalg.qr(features - features.mean(axis=0))[0]
    white = (z - z.mean(axis=0)) / (z.std(axis=0) + 1e-6)
    both = np.triu_indices(z.shape[1])
    products = white[:, both[0]] * white[:, both[1]]
    products = products - products.mean(axis=0)
    return jnp.square(features.T @ white).mean() + jnp.square(features.T @ products).mean()
