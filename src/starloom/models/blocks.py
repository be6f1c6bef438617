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
        return matmul(x, self.kernel[...]) + self.bias[...]


class BatchNorm(nnx.Module):
    """Scale and shift of a batch normalisation, with its running statistics."""

    def __init__(self, n: int):
        self.scale = nnx.Param(jnp.ones(n))
        self.bias = nnx.Param(jnp.zeros(n))
        self.mean = nnx.BatchStat(jnp.zeros(n))
        self.variance = nnx.BatchStat(jnp.ones(n))

    def note(self, mean: Float[Array, " n"], variance: Float[Array, " n"], n_star: int) -> None:
        """Move the running statistics towards those of a batch of `n_star` stars."""
        unbiased = variance * (n_star / (n_star - 1))
        self.mean[...] = (1 - MOMENTUM) * self.mean[...] + MOMENTUM * mean
        self.variance[...] = (1 - MOMENTUM) * self.variance[...] + MOMENTUM * unbiased


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
        if not training:
            return chain(x, self.folded())
        if len(x) < 2:
            raise ValueError("a batch of one star has no variance to normalise by; give two")
        for linear, norm in zip(self.linear, self.norm, strict=True):
            # The batch's mean takes any bias away again: it only enters the running mean.
            product = matmul(x, linear.kernel[...])
            x, mean, variance = normalised_gelu(product, norm.scale[...], norm.bias[...])
            norm.note(mean + linear.bias[...], variance, len(x))
        return x

    def folded(self) -> list[tuple[Array, Array]]:
        """Kernel and bias of each layer with the running normalisation multiplied in."""
        return [fold(a, b) for a, b in zip(self.linear, self.norm, strict=True)]


def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Gaussian error linear unit in its exact form, x Phi(x)."""
    return x * _normal_cdf(x)


@jax.custom_vjp
def matmul(
    x: Float[Array, "n_star n_in"], kernel: Float[Array, "n_in n_out"]
) -> Float[Array, "n_star n_out"]:
    """The product `x @ kernel`, with a gradient that needs no transposed copy of its result."""
    return x @ kernel


def _matmul_forward(x, kernel):
    return x @ kernel, (x, kernel)


def _matmul_backward(saved, slope):
    x, kernel = saved
    return (
        jax.lax.dot_general(slope, kernel, (((1,), (1,)), ((), ()))),
        jax.lax.dot_general(x, slope, (((0,), (0,)), ((), ()))),
    )


matmul.defvjp(_matmul_forward, _matmul_backward)


@jax.custom_vjp
def normalised_gelu(
    x: Float[Array, "n_star n"], scale: Float[Array, " n"], bias: Float[Array, " n"]
) -> tuple[Float[Array, "n_star n"], Float[Array, " n"], Float[Array, " n"]]:
    """
    GELU of the batch-normalised `x`, with a gradient that passes over the batch few times.

    Args:
        x: pre-activations of a batch.
        scale: factor on the normalised values.
        bias: added to them.

    Returns:
        The activations, and mean and (biased) variance of the batch; no gradient flows through
        the last two, which are for the running statistics.
    """
    return _normalised_gelu_forward(x, scale, bias)[0]


def _normalised_gelu_forward(x, scale, bias):
    mean = _column_sum(x) / len(x)
    centred = x - mean
    variance = _column_sum(jnp.square(centred)) / len(x)
    inverse = jax.lax.rsqrt(variance + EPSILON)
    normal = centred * inverse
    y = normal * scale + bias
    cdf = _normal_cdf(y)
    return (y * cdf, mean, variance), (normal, cdf, inverse, scale, bias)


def _normalised_gelu_backward(saved, slopes):
    normal, cdf, inverse, scale, bias = saved
    y = normal * scale + bias
    slope = slopes[0] * (cdf + y * jnp.exp(-0.5 * jnp.square(y)) * (2 * jnp.pi) ** -0.5)
    to_bias, to_scale = _column_sum(slope), _column_sum(slope * normal)
    n_star = len(normal)
    to_x = (scale * inverse) * (slope - to_bias / n_star - normal * (to_scale / n_star))
    return to_x, to_scale, to_bias


normalised_gelu.defvjp(_normalised_gelu_forward, _normalised_gelu_backward)


def _column_sum(x):
    """Sum over the stars; a product with ones is twice as fast as a reduction on a CPU."""
    return jax.lax.platform_dependent(
        x,
        cpu=lambda x: jnp.ones(len(x), x.dtype) @ x,
        default=lambda x: x.sum(axis=0),
    )


def _normal_cdf(x):
    return 0.5 + 0.5 * jax.lax.erf(x * 0.5**0.5)


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
