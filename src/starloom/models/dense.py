"""Plain chains of affine maps with SELU between them, as lists of (kernel, bias)."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from starloom.models.blocks import matmul

Dense = list[tuple[Array, Array]]
"""Kernels (n_in, n_out) and biases (n_out,), first layer first."""


def init(key: PRNGKeyArray, widths: Sequence[int], last: float = 1.0) -> Dense:
    """
    A new chain; kernels are normal with variance 1/n_in, as SELU wants them, biases zero.

    Args:
        key: for the kernels.
        widths: of the input, the hidden layers and the output.
        last: factor on the last kernel; small for a chain that should start as no more than a
            correction.

    References:
        Klambauer et al. (2017), Sec. "Initialization".
    """
    steps = list(itertools.pairwise(widths))
    keys = jax.random.split(key, len(steps))
    chain = [
        (jax.random.normal(k, (a, b)) * a**-0.5, jnp.zeros(b))
        for k, (a, b) in zip(keys, steps, strict=True)
    ]
    return [*chain[:-1], (last * chain[-1][0], chain[-1][1])]


def apply(chain: Dense, x: Float[Array, "n_star n_in"]) -> Float[Array, "n_star n_out"]:
    """Pass `x` through the chain; no activation after the last map."""
    *hidden, (kernel, bias) = chain
    for weight, offset in hidden:
        x = jax.nn.selu(matmul(x, weight) + offset)
    return matmul(x, kernel) + bias
