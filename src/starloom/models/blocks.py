"""
Layers that networks share, with the conventions of PyTorch so that published weights fit.

Parameters start as PyTorch's do, batch normalisation keeps its running statistics the way
PyTorch does (unbiased variance, weight 0.1 on the new batch), and GELU is the exact one.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

EPSILON = 1e-5
"""Added to a batch's variance before the square root."""

MOMENTUM = 0.1
"""Weight of the newest batch in the running statistics."""


class Linear(nnx.Module):
    """An affine map; kernel and bias start uniform within 1/sqrt(n_in)."""

    def __init__(self, n_in: int, n_out: int, *, rngs: nnx.Rngs):
        limit = n_in**-0.5
        self.kernel = nnx.Param(
            jax.random.uniform(rngs.params(), (n_in, n_out), minval=-limit, maxval=limit)
        )
        self.bias = nnx.Param(
            jax.random.uniform(rngs.params(), (n_out,), minval=-limit, maxval=limit)
        )

    def __call__(self, x: Float[Array, "n_star n_in"]) -> Float[Array, "n_star n_out"]:
        """Map `x`."""
        return x @ self.kernel[...] + self.bias[...]


class BatchNorm(nnx.Module):
    """Normalises by the batch in training (and notes its statistics), by the running ones after."""

    def __init__(self, n: int):
        self.scale = nnx.Param(jnp.ones(n))
        self.bias = nnx.Param(jnp.zeros(n))
        self.mean = nnx.BatchStat(jnp.zeros(n))
        self.variance = nnx.BatchStat(jnp.ones(n))

    def __call__(self, x: Float[Array, "n_star n"], training: bool) -> Float[Array, "n_star n"]:
        """Normalise `x`; in training the running statistics change in place."""
        if training:
            mean = x.mean(axis=0)
            variance = jnp.square(x - mean).mean(axis=0)
            unbiased = variance * (len(x) / (len(x) - 1))
            self.mean[...] = (1 - MOMENTUM) * self.mean[...] + MOMENTUM * mean
            self.variance[...] = (1 - MOMENTUM) * self.variance[...] + MOMENTUM * unbiased
        else:
            mean, variance = self.mean[...], self.variance[...]
        factor = self.scale[...] * jax.lax.rsqrt(variance + EPSILON)
        return x * factor + (self.bias[...] - mean * factor)


class Layers(nnx.Module):
    """A chain of Linear + BatchNorm + GELU, of the given widths."""

    def __init__(self, widths: Sequence[int], *, rngs: nnx.Rngs):
        steps = list(itertools.pairwise(widths))
        self.linear = nnx.List([Linear(a, b, rngs=rngs) for a, b in steps])
        self.norm = nnx.List([BatchNorm(b) for _, b in steps])

    def __call__(
        self, x: Float[Array, "n_star n_in"], training: bool
    ) -> Float[Array, "n_star n_out"]:
        """Pass `x` through the chain."""
        for linear, norm in zip(self.linear, self.norm, strict=True):
            x = gelu(norm(linear(x), training))
        return x

    def folded(self) -> list[tuple[Array, Array]]:
        """Kernel and bias of each layer with the running normalisation multiplied in."""
        return [fold(a, b) for a, b in zip(self.linear, self.norm, strict=True)]


def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Gaussian error linear unit in its exact form, x Phi(x)."""
    return x * (0.5 + 0.5 * jax.lax.erf(x * 0.5**0.5))


def fold(linear: Linear, norm: BatchNorm) -> tuple[Array, Array]:
    """
    One affine map that equals `norm(linear(x))` with the running statistics.

    Args:
        linear: the affine map.
        norm: the normalisation that follows it.

    Returns:
        Kernel (n_in, n_out) and bias (n_out,).
    """
    factor = norm.scale[...] * jax.lax.rsqrt(norm.variance[...] + EPSILON)
    kernel = linear.kernel[...] * factor
    return kernel, (linear.bias[...] - norm.mean[...]) * factor + norm.bias[...]


def chain(
    x: Float[Array, "n_star n_in"], layers: Sequence[tuple[Array, Array]]
) -> Float[Array, "n_star n_out"]:
    """Pass `x` through folded layers, GELU after each."""
    for kernel, bias in layers:
        x = gelu(x @ kernel + bias)
    return x
