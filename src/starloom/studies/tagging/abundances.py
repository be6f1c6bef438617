"""Abundances from the latent by networks, one for each element, trained side by side."""

import itertools
from collections.abc import Mapping, Sequence
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.studies.tagging.library import ABUNDANCES, label
from starloom.training.fit import Settings, fit

HELD_OUT = 0.1
"""Share of the training stars, the last ones, that choose the epoch."""


def nonlinear(
    z: Float[np.ndarray, "n_star n_latent"],
    stars: Mapping[str, np.ndarray],
    new: Float[np.ndarray, "n_new n_latent"],
    *,
    widths: Sequence[int],
    training: Mapping,
    seed: int,
) -> Float[np.ndarray, "n_new n_element"]:
    """
    Abundances by a network of the latent for each element.

    Args:
        z: latents of training stars, twin after twin.
        stars: their abundances by name.
        new: latents of other stars.
        widths: hidden layers.
        training: of `Settings`.
        seed: of everything random.

    Returns:
        [Fe/H] and [X/Fe] [dex] in the order of `ABUNDANCES`.

    References:
        de Mijolla et al. (2021), Eq. A7.
    """
    truth = np.stack([stars[label(element)] for element in ABUNDANCES], axis=1)
    middle, spread = truth.mean(axis=0), truth.std(axis=0)
    centre, scale = z.mean(axis=0), z.std(axis=0)
    ready = {"z": (z - centre) / scale, "y": (truth - middle) / spread}
    ready = {name: values.astype(np.float32) for name, values in ready.items()}
    seen = len(z) - max(2, int(HELD_OUT * len(z)))
    result = fit(
        _loss,
        _init(z.shape[1], tuple(widths)),
        {name: values[:seen] for name, values in ready.items()},
        {name: values[seen:] for name, values in ready.items()},
        key=jax.random.key(seed),
        settings=Settings(**training, weight_decay=0.0),
        what="abundances",
    )
    guess = np.asarray(_apply(result.params, ((new - centre) / scale).astype(np.float32)))
    return middle + spread * guess


@cache
def _init(n_latent, widths):
    return partial(_start, (n_latent, *widths, 1))


def _start(sizes, key):
    """Kernels (n_element, n_in, n_out) and biases of all networks."""
    steps = list(itertools.pairwise(sizes))
    keys = jax.random.split(key, len(steps))
    return [
        (
            jax.random.normal(k, (len(ABUNDANCES), a, b)) * a**-0.5,
            jnp.zeros((len(ABUNDANCES), 1, b)),
        )
        for k, (a, b) in zip(keys, steps, strict=True)
    ], {}


@jax.jit
def _apply(params: list, z: Float[Array, "n_star n_latent"]) -> Float[Array, "n_star n_element"]:
    x = jnp.broadcast_to(z, (len(ABUNDANCES), *z.shape))
    for layer, (kernel, bias) in enumerate(params):
        x = x @ kernel + bias
        x = jax.nn.selu(x) if layer + 1 < len(params) else x
    return x[..., 0].T


def _loss(params, state, stars, key, training):
    return jnp.square(_apply(params, stars["z"]) - stars["y"]).mean(), (state, {})
