"""Plain chains of affine maps with SELU between them, as lists of (kernel, bias)."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from starloom.models.blocks import matmul

SMALL = 0.02
"""Size of a standardised signal in the neurons that `linear_start` sends it through."""

_SLOPE = 1.0507009873554805 * (1 + 1.6732632423543772)
"""Slope of selu(a) - selu(-a) at 0."""

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


def linear_start(
    chain: Dense, kernel: Float[Array, "n_in n_out"], bias: Float[Array, " n_out"]
) -> Dense:
    """
    A chain that starts close to an affine map: each output runs through pairs of neurons.

    selu(a) - selu(-a) is odd and nearly proportional to small a. What the map does not need keeps
    its random start, with a tenth of its weight in the output.

    Args:
        chain: of `init`; hidden layers of at least twice `n_out` neurons.
        kernel: of the affine map.
        bias: of the affine map.

    Returns:
        The chain with the same shapes.

    Raises:
        ValueError: if a hidden layer is too narrow.
    """
    n_out = kernel.shape[1]
    narrow = [layer[0].shape[1] for layer in chain[:-1] if layer[0].shape[1] < 2 * n_out]
    if narrow:
        raise ValueError(
            f"a hidden layer of {narrow[0]} neurons cannot carry {n_out} linear outputs: "
            f"{2 * n_out} are needed"
        )
    (first, offset), *hidden, (last, last_bias) = chain
    both = SMALL * jnp.concatenate([kernel, -kernel], axis=1)
    both_bias = SMALL * jnp.concatenate([bias, -bias])
    carry = jnp.concatenate([jnp.eye(n_out), -jnp.eye(n_out)]) / _SLOPE
    started = [
        (first.at[:, : 2 * n_out].set(both), offset.at[: 2 * n_out].set(both_bias)),
        *(
            (
                weight.at[:, : 2 * n_out]
                .set(0.0)
                .at[: 2 * n_out, : 2 * n_out]
                .set(jnp.concatenate([carry, -carry], axis=1)),
                shift,
            )
            for weight, shift in hidden
        ),
    ]
    last = (0.1 * last).at[: 2 * n_out].set(carry / SMALL)
    return [*started, (last, last_bias)]


def hidden(layers: Dense, x: Float[Array, "n_star n_in"]) -> Float[Array, "n_star n_hidden"]:
    """Pass `x` through hidden layers, SELU after each."""
    for kernel, bias in layers:
        x = jax.nn.selu(matmul(x, kernel) + bias)
    return x


def apply(chain: Dense, x: Float[Array, "n_star n_in"]) -> Float[Array, "n_star n_out"]:
    """Pass `x` through the chain; no activation after the last map."""
    *layers, (kernel, bias) = chain
    return matmul(hidden(layers, x), kernel) + bias
