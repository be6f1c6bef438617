"""
The scatter VAE: a variational auto-encoder of XP spectra that also tells its own scatter.

Laroche & Speagle (2024), Sec. 3.2. Training works on a split network (static graph, parameters,
running statistics); inference on folded weights, where each batch normalisation has been
multiplied into the affine map before it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from starloom.models.blocks import Layers, Linear, chain

SCATTERS = {"capped": jax.nn.sigmoid, "free": jax.nn.softplus}
"""Last activation of the scatter head: at most 1 in normalised units, or without a cap."""


class Output(NamedTuple):
    """What the network says of a batch: latent mean and log variance, spectrum, scatter."""

    mean: Float[Array, "n_star n_latent"]
    log_variance: Float[Array, "n_star n_latent"]
    spectrum: Float[Array, "n_star n_input"]
    scatter: Float[Array, "n_star n_input"]


class Decoder(nnx.Module):
    """From the latent to as many values as the input has: a bare affine map, layers, another."""

    def __init__(self, n_latent: int, widths: Sequence[int], n_output: int, *, rngs: nnx.Rngs):
        self.first = Linear(n_latent, widths[0], rngs=rngs)
        self.layers = Layers(widths, rngs=rngs)
        self.last = Linear(widths[-1], n_output, rngs=rngs)

    def __call__(
        self, z: Float[Array, "n_star n_latent"], training: bool
    ) -> Float[Array, "n_star n_output"]:
        """Decode `z`."""
        return self.last(self.layers(self.first(z), training))

    def folded(self) -> list[tuple[Array, Array]]:
        """Kernel and bias of each step; the bare first map is multiplied into the next."""
        last = self.last.kernel[...], self.last.bias[...]
        (kernel, bias), *rest = [*self.layers.folded(), last]
        return [(self.first.kernel[...] @ kernel, self.first.bias[...] @ kernel + bias), *rest]


class ScatterVAE(nnx.Module):
    """Encoder, decoder and scatter head; 67,182 parameters with the default sizes."""

    def __init__(
        self,
        n_input: int = 110,
        widths: Sequence[int] = (90, 70, 50, 30, 10),
        n_latent: int = 6,
        scatter: str = "capped",
        *,
        rngs: nnx.Rngs,
    ):
        if scatter not in SCATTERS:
            raise ValueError(f"scatter is {scatter!r}; it must be one of {', '.join(SCATTERS)}")
        mirror = tuple(reversed(widths))
        self.encoder = Layers((n_input, *widths), rngs=rngs)
        self.mean = Linear(widths[-1], n_latent, rngs=rngs)
        self.log_variance = Linear(widths[-1], n_latent, rngs=rngs)
        self.decoder = Decoder(n_latent, mirror, n_input, rngs=rngs)
        self.scatter = Decoder(n_latent, mirror, n_input, rngs=rngs)
        self.activation = scatter

    def __call__(
        self, x: Float[Array, "n_star n_input"], key: PRNGKeyArray, training: bool
    ) -> Output:
        """Encode `x`, draw one latent vector for each star, decode it."""
        hidden = self.encoder(x, training)
        mean, log_variance = self.mean(hidden), self.log_variance(hidden)
        z = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        scatter = SCATTERS[self.activation](self.scatter(z, training))
        return Output(mean, log_variance, self.decoder(z, training), scatter)


def build(key: PRNGKeyArray, **architecture) -> tuple[nnx.GraphDef, PyTree, PyTree]:
    """
    A new network, split once.

    Args:
        key: for the initial parameters.
        architecture: `n_input`, `widths`, `n_latent`, `scatter` of `ScatterVAE`.

    Returns:
        The static graph, and the parameters and running statistics as nested dicts of arrays.

    Raises:
        ValueError: if `scatter` is not known.
    """
    network = ScatterVAE(**architecture, rngs=nnx.Rngs(key))
    graph, params, stats = nnx.split(network, nnx.Param, nnx.BatchStat)
    return graph, nnx.to_pure_dict(params), nnx.to_pure_dict(stats)


def apply(
    graph: nnx.GraphDef,
    params: PyTree,
    stats: PyTree,
    x: Float[Array, "n_star n_input"],
    *,
    key: PRNGKeyArray,
    training: bool,
) -> tuple[Output, PyTree]:
    """
    Run the network as a pure function.

    Args:
        graph: static graph from `build`.
        params: parameters.
        stats: running statistics of the batch normalisations.
        x: normalised coefficients.
        key: for the one latent draw of each star.
        training: normalise by the batch and renew the statistics.

    Returns:
        The output, and the statistics (renewed in training).
    """
    network = nnx.merge(graph, params, stats)
    output = network(x, key, training)
    return output, nnx.to_pure_dict(nnx.state(network, nnx.BatchStat))


def folded(graph: nnx.GraphDef, params: PyTree, stats: PyTree) -> dict[str, list]:
    """
    Weights for inference: lists of (kernel, bias), normalisations multiplied in.

    Args:
        graph: static graph from `build`.
        params: parameters.
        stats: running statistics.

    Returns:
        `encoder` (its last step gives the mean and then the log variance), `decoder`, `scatter`.
    """
    network = nnx.merge(graph, params, stats)
    heads = [
        jnp.concatenate(
            [getattr(network.mean, part)[...], getattr(network.log_variance, part)[...]], -1
        )
        for part in ("kernel", "bias")
    ]
    return {
        "encoder": [*network.encoder.folded(), tuple(heads)],
        "decoder": network.decoder.folded(),
        "scatter": network.scatter.folded(),
    }


def encode(
    weights: Mapping[str, list], x: Float[Array, "n_star n_input"]
) -> tuple[Float[Array, "n_star n_latent"], Float[Array, "n_star n_latent"]]:
    """Latent mean and sigma of normalised coefficients, by folded weights."""
    *layers, (kernel, bias) = weights["encoder"]
    mean, log_variance = jnp.split(chain(x, layers) @ kernel + bias, 2, axis=-1)
    return mean, jnp.exp(0.5 * log_variance)


def decode(
    weights: Mapping[str, list], z: Float[Array, "n_star n_latent"], scatter: str = "capped"
) -> tuple[Float[Array, "n_star n_input"], Float[Array, "n_star n_input"]]:
    """Spectrum and scatter of latent vectors, in normalised units, by folded weights."""
    *layers, (kernel, bias) = weights["decoder"]
    spectrum = chain(z, layers) @ kernel + bias
    *layers, (kernel, bias) = weights["scatter"]
    return spectrum, SCATTERS[scatter](chain(z, layers) @ kernel + bias)
