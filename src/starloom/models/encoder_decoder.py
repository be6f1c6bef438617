"""
A variational encoder-decoder: from a stellar spectrum to a power spectrum through a few numbers.

Convolutions are products with banded matrices, block by block: twice the operations, but such as
a processor does at its full rate, several times faster than the gradients of XLA's convolutions.
XLA's own are used where no gradient is asked for and many channels meet. Conventions are Keras's:
`same` padding with the odd place at the end, Glorot-uniform weights, zero biases.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from starloom.models.blocks import matmul

MANY_CHANNELS = 16
"""Channels from which on XLA's convolution is faster than products with banded matrices."""


class Output(NamedTuple):
    """What a forward pass gives: latent mean and log variance, and the predicted power spectrum."""

    mean: Float[Array, "n_star n_latent"]
    log_variance: Float[Array, "n_star n_latent"]
    spectrum: Float[Array, "n_star n_bin"]


class Affine(nnx.Module):
    """An affine map of the last axis; `n_in` and `n_out` set the Glorot limit."""

    def __init__(self, shape: Sequence[int], n_in: int, n_out: int, *, rngs: nnx.Rngs):
        limit = (6 / (n_in + n_out)) ** 0.5
        drawn = jax.random.uniform(rngs.params(), tuple(shape), minval=-limit, maxval=limit)
        self.kernel = nnx.Param(drawn)
        self.bias = nnx.Param(jnp.zeros(shape[-1]))

    def __call__(self, x: Float[Array, "n_star n_in"]) -> Float[Array, "n_star n_out"]:
        """Map `x`."""
        return matmul(x, self.kernel[...]) + self.bias[...]


def convolve(
    x: Float[Array, "n_star n n_in"], kernel: Float[Array, "n_tap n_in n_out"]
) -> Float[Array, "n_star m n_out"]:
    """
    Convolution of stride 2 with `same` padding, (n + 1) // 2 places.

    Args:
        x: channels last.
        kernel: taps.

    Returns:
        y[o] = sum over t of x[2 o + t - before] kernel[t], where `before` is half of the padding
        that the taps need, rounded down.
    """
    taps, length = len(kernel), (x.shape[1] + 1) // 2
    before = max(2 * (length - 1) + taps - x.shape[1], 0) // 2
    block = max(taps // 2 - 1, 4)
    place = np.arange(4 * block)[:, None] - 2 * np.arange(block)
    return _banded(x, kernel, place, before, block, length)


def convolve_forward(
    x: Float[Array, "n_star n n_in"], kernel: Float[Array, "n_tap n_in n_out"]
) -> Float[Array, "n_star m n_out"]:
    """The same; with many channels by XLA's own convolution, whose gradient would be slow."""
    if kernel.shape[1] < MANY_CHANNELS:
        return convolve(x, kernel)
    layout = ("NWC", "WIO", "NWC")
    return jax.lax.conv_general_dilated(x, kernel, (2,), "SAME", dimension_numbers=layout)


def spread(
    x: Float[Array, "n_star n n_in"], kernel: Float[Array, "n_tap n_in n_out"]
) -> Float[Array, "n_star 2n n_out"]:
    """
    Transposed convolution of stride 2 with `same` padding, 2 n places.

    Args:
        x: channels last.
        kernel: an even number of taps.

    Returns:
        y[o] = sum over i of x[i] kernel[o + n_tap/2 - 1 - 2 i].
    """
    taps = len(kernel)
    before = (taps + 2) // 4
    block = max(taps // 2, 4)
    first = taps // 2 - 1 + 2 * before
    place = np.arange(2 * block) + first - 2 * np.arange(2 * block)[:, None]
    return _banded(x, kernel, place, before, 2 * block, 2 * x.shape[1])


def gather(
    x: Float[Array, "n_star n n_in"], kernel: Float[Array, "n_tap n_in n_out"]
) -> Float[Array, "n_star n n_out"]:
    """
    Transposed convolution of stride 1 with `same` padding.

    Args:
        x: channels last.
        kernel: taps.

    Returns:
        y[o] = sum over t of x[o + (n_tap - 1) // 2 - t] kernel[t].
    """
    taps = len(kernel)
    before = taps // 2
    block = max(taps - 1, 4)
    place = np.arange(block) + (taps - 1) // 2 + before - np.arange(2 * block)[:, None]
    return _banded(x, kernel, place, before, block, x.shape[1])


def _banded(x, kernel, place, before, block, length):
    """
    Blocks of outputs as products of blocks of inputs with one banded matrix.

    `place` (n_window, block) says which tap takes an input of the window to an output of the
    block, if it is one of the kernel's. Windows start half a window apart: a window is two
    neighbouring blocks of inputs, so that two slices are all that is ever copied.
    """
    taps, n_in, n_out = kernel.shape
    n_window, n_block = len(place), -(-length // block)
    half = n_window // 2
    after = (n_block + 1) * half - before - x.shape[1]
    x = jnp.pad(x[:, : x.shape[1] + min(after, 0)], ((0, 0), (before, max(after, 0)), (0, 0)))
    x = x.reshape(len(x), n_block + 1, half * n_in)
    windows = jnp.concatenate([x[:, :-1], x[:, 1:]], axis=-1)
    # A product with ones and zeros, whose gradient is one too, instead of picking.
    picked = jnp.asarray(place[..., None] == np.arange(taps), kernel.dtype)
    matrix = picked.reshape(-1, taps) @ kernel.reshape(taps, -1)
    matrix = matrix.reshape(n_window, block, n_in, n_out).transpose(0, 2, 1, 3)
    matrix = matrix.reshape(n_window * n_in, block * n_out)
    y = matmul(windows.reshape(-1, n_window * n_in), matrix)
    return y.reshape(len(x), n_block * block, n_out)[:, :length]


class Encoder(nnx.Module):
    """Two convolutions, a maximum over pairs, a dense layer, latent mean and log variance."""

    def __init__(self, n_input, filters, taps, hidden, latent, *, rngs):
        first, second = filters
        self.first = Affine((taps, 1, first), taps, taps * first, rngs=rngs)
        self.second = Affine((taps, first, second), taps * first, taps * second, rngs=rngs)
        flat = ((n_input + 1) // 2 + 1) // 2 // 2 * second
        self.hidden = Affine((flat, hidden), flat, hidden, rngs=rngs)
        self.mean = Affine((hidden, latent), hidden, latent, rngs=rngs)
        self.log_variance = Affine((hidden, latent), hidden, latent, rngs=rngs)

    def __call__(
        self, x: Float[Array, "n_star n_input"], *, forward_only: bool = False
    ) -> tuple[Array, Array]:
        """Latent means and log variances of standardised spectra."""
        h = jax.nn.relu(convolve(x[..., None], self.first.kernel[...]) + self.first.bias[...])
        second = convolve_forward if forward_only else convolve
        h = jax.nn.relu(second(h, self.second.kernel[...]) + self.second.bias[...])
        half = h.shape[1] // 2
        h = jnp.maximum(h[:, 0 : 2 * half : 2], h[:, 1 : 2 * half : 2])
        h = jnp.tanh(self.hidden(h.reshape(len(h), -1)))
        return self.mean(h), self.log_variance(h)


class Decoder(nnx.Module):
    """A dense layer and three transposed convolutions, from the latent to the power spectrum."""

    def __init__(self, n_output, channels, taps, latent, *, rngs):
        if n_output % 4:
            raise ValueError(f"{n_output} bins: the decoder doubles twice, give a multiple of 4")
        places = n_output // 4
        self.channels = channels
        self.dense = Affine((latent, places * channels), latent, places * channels, rngs=rngs)
        fan = taps * channels
        self.first = Affine((taps, channels, channels), fan, fan, rngs=rngs)
        self.second = Affine((taps, channels, channels), fan, fan, rngs=rngs)
        self.last = Affine((taps, channels, 1), fan, taps, rngs=rngs)

    def __call__(self, z: Float[Array, "n_star n_latent"]) -> Float[Array, "n_star n_output"]:
        """Log power at latent positions."""
        h = jax.nn.relu(self.dense(z)).reshape(len(z), -1, self.channels)
        h = jax.nn.relu(spread(h, self.first.kernel[...]) + self.first.bias[...])
        h = jax.nn.relu(spread(h, self.second.kernel[...]) + self.second.bias[...])
        return (gather(h, self.last.kernel[...]) + self.last.bias[...])[..., 0]


class EncoderDecoder(nnx.Module):
    """
    The whole network.

    Args:
        n_input: pixels of a stellar spectrum.
        n_output: bins of a power spectrum, a multiple of 4.
        filters: channels of the encoder's two convolutions.
        taps: their width.
        hidden: neurons of the encoder's dense layer.
        latent: dimensions of the latent space.
        channels: channels of the decoder.
        decoder_taps: width of its convolutions.
        rngs: key of the initial weights.

    Raises:
        ValueError: if the number of bins is no multiple of 4.

    References:
        Leung et al. (2023), Fig. 1.
    """

    def __init__(
        self,
        n_input: int = 7514,
        n_output: int = 2092,
        filters: Sequence[int] = (32, 64),
        taps: int = 8,
        hidden: int = 16,
        latent: int = 5,
        channels: int = 16,
        decoder_taps: int = 32,
        *,
        rngs: nnx.Rngs,
    ):
        self.encoder = Encoder(n_input, tuple(filters), taps, hidden, latent, rngs=rngs)
        self.decoder = Decoder(n_output, channels, decoder_taps, latent, rngs=rngs)


def build(key: PRNGKeyArray, **sizes: object) -> tuple[nnx.GraphDef, PyTree]:
    """
    The static part of a new network and its parameters.

    Args:
        key: of the initial weights.
        sizes: of `EncoderDecoder`.

    Returns:
        The graph and the parameters.
    """
    return nnx.split(EncoderDecoder(**sizes, rngs=nnx.Rngs(params=key)))


def apply(
    graph: nnx.GraphDef,
    params: PyTree,
    x: Float[Array, "n_star n_input"],
    key: PRNGKeyArray | None = None,
) -> Output:
    """
    Pass spectra through the network.

    Args:
        graph: of `build`.
        params: parameters.
        x: standardised spectra.
        key: of the latent draws; without it the latent mean is decoded.

    Returns:
        Latent means and log variances, and predicted log power.
    """
    model = nnx.merge(graph, params)
    mean, log_variance = model.encoder(x)
    z = mean
    if key is not None:
        z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
    return Output(mean, log_variance, model.decoder(z))


def encode(
    graph: nnx.GraphDef, params: PyTree, x: Float[Array, "n_star n_input"]
) -> tuple[Float[Array, "n_star n_latent"], Float[Array, "n_star n_latent"]]:
    """Latent means and standard deviations of standardised spectra; not to be differentiated."""
    mean, log_variance = nnx.merge(graph, params).encoder(x, forward_only=True)
    return mean, jnp.exp(0.5 * log_variance)


def decode(
    graph: nnx.GraphDef, params: PyTree, z: Float[Array, "n_star n_latent"]
) -> Float[Array, "n_star n_bin"]:
    """Predicted log power at latent positions."""
    return nnx.merge(graph, params).decoder(z)
