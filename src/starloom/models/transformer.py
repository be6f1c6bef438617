"""
A small transformer on tokens of (value, kind): any kinds in, any kinds out.

After the model of Leung & Bovy (2023): an encoder reads up to 64 tokens, each a value of some
kind (an XP coefficient, a label, a colour); a decoder is asked for kinds and answers each with a
mean and a variance, looking at the encoded tokens alone. Values are standardised by the caller.

Differences from their network: tokens are linear in their value, and each kind has a read-out of
its own, so that a small network can hand a value through.
"""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from starloom.models.blocks import gelu

CONTEXT = 64
"""Tokens that the network reads at most (Leung & Bovy 2023)."""

EPSILON = 1e-6
"""Added to a token's variance before it is normalised."""

LEAST_LOG_VARIANCE = -14.0
"""Lower bound of the logarithm of a predicted variance."""

Params = Mapping[str, Array | list]


def init(
    key: PRNGKeyArray,
    n_kind: int,
    *,
    width: int = 32,
    heads: int = 4,
    encoder: int = 2,
    decoder: int = 1,
) -> Params:
    """
    Parameters of a new network.

    Args:
        key: for the initial values.
        n_kind: kinds of values there are.
        width: numbers in the embedding of a token, a multiple of `heads`.
        heads: of each attention.
        encoder: blocks that encode tokens.
        decoder: blocks that answer requests.

    Returns:
        Arrays by name; blocks in lists.

    Raises:
        ValueError: if `heads` does not divide `width`.
    """
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}")
    tokens, *keys = jax.random.split(key, 2 + encoder + decoder)
    slope, name, read = jax.random.split(tokens, 3)
    names = jax.random.normal(name, (n_kind, width))
    return {
        "slope": jax.random.normal(slope, (n_kind, width)),
        "name": names,
        # A request looks like the name of its kind, so it finds the token of that kind at once.
        "request": names,
        "read": jax.random.normal(read, (n_kind, width, 2)) * width**-0.5,
        "offset": jnp.zeros((n_kind, 2)),
        "encoder": [_block(k, width) for k in keys[:encoder]],
        "decoder": [_block(k, width) for k in keys[encoder : encoder + decoder]],
    }


def encode(
    params: Params,
    value: Float[Array, "n_star n_token"],
    kind: Int[Array, " n_token"],
    known: Bool[Array, "n_star n_token"],
    *,
    heads: int,
) -> Float[Array, "n_star n_token width"]:
    """
    Embeddings of tokens in the light of the others.

    Args:
        params: of the network.
        value: standardised; anything where not known.
        kind: of each place.
        known: which tokens a star has; no other token looks at one that it has not.
        heads: of each attention.

    Returns:
        One vector a token.

    Raises:
        ValueError: if there are more than 64 tokens.
    """
    if value.shape[-1] > CONTEXT:
        raise ValueError(f"{value.shape[-1]} tokens; the network reads {CONTEXT} at most")
    value = jnp.where(known, value, 0.0)
    x = value[..., None] * params["slope"][kind] + params["name"][kind]
    for block in params["encoder"]:
        seen = _normalised(x)
        x = _through(block, x, seen, seen, known, heads)
    return x


def decode(
    params: Params,
    encoded: Float[Array, "n_star n_token width"],
    known: Bool[Array, "n_star n_token"],
    request: Int[Array, " n_request"],
    *,
    heads: int,
) -> tuple[Float[Array, "n_star n_request"], Float[Array, "n_star n_request"]]:
    """
    Answers to requests, each from the encoded tokens alone.

    Args:
        params: of the network.
        encoded: of `encode`.
        known: as for `encode`.
        request: kinds that are asked for.
        heads: of each attention.

    Returns:
        Mean and variance, standardised.
    """
    shape = (len(encoded), len(request), encoded.shape[-1])
    x = jnp.broadcast_to(params["request"][request], shape)
    seen = _normalised(encoded)
    for block in params["decoder"]:
        x = _through(block, x, _normalised(x), seen, known, heads)
    answer = jnp.einsum("nrw,rwp->nrp", x, params["read"][request]) + params["offset"][request]
    return answer[..., 0], jnp.exp(jnp.maximum(answer[..., 1], LEAST_LOG_VARIANCE))


def apply(
    params: Params,
    value: Float[Array, "n_star n_token"],
    kind: Int[Array, " n_token"],
    known: Bool[Array, "n_star n_token"],
    request: Int[Array, " n_request"],
    *,
    heads: int,
) -> tuple[Float[Array, "n_star n_request"], Float[Array, "n_star n_request"]]:
    """
    Mean and variance of the requested kinds; see `encode` and `decode`.

    A star without any known token gets an answer that means nothing.
    """
    encoded = encode(params, value, kind, known, heads=heads)
    return decode(params, encoded, known, request, heads=heads)


def _block(key, width):
    """An attention and a perceptron; what they add starts small."""
    names = {
        "query": (width, width),
        "value": (width, width),
        "out": (width, width),
        "up": (width, 4 * width),
        "down": (4 * width, width),
    }
    keys = jax.random.split(key, len(names))
    block = {
        name: jax.random.normal(k, shape) * shape[0] ** -0.5
        for k, (name, shape) in zip(keys, names.items(), strict=True)
    }
    return block | {
        "key": block["query"],
        "up_bias": jnp.zeros(4 * width),
        "down_bias": jnp.zeros(width),
        "down": 0.1 * block["down"],
    }


def _through(block, x, asking, seen, known, heads):
    x = x + _attention(block, asking, seen, known, heads)
    return (
        x
        + gelu(_normalised(x) @ block["up"] + block["up_bias"]) @ block["down"]
        + (block["down_bias"])
    )


def _attention(block, asking, seen, known, heads):
    """What `asking` gathers from the known among `seen`."""
    query, key, value = (
        (x @ block[name]).reshape(*x.shape[:-1], heads, -1)
        for name, x in (("query", asking), ("key", seen), ("value", seen))
    )
    score = jnp.einsum("nqhd,nkhd->nhqk", query, key) * query.shape[-1] ** -0.5
    weight = jax.nn.softmax(jnp.where(known[:, None, None, :], score, -1e9), axis=-1)
    gathered = jnp.einsum("nhqk,nkhd->nqhd", weight, value)
    return gathered.reshape(asking.shape) @ block["out"]


def _normalised(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    return centred * jax.lax.rsqrt(jnp.square(centred).mean(axis=-1, keepdims=True) + EPSILON)
