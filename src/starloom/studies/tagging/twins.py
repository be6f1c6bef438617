"""
Who is nearest in the latent: exact, by matrix products of chunks, without a tree.

Distances are compared as |b|^2 - 2 a.b, centred so that little is lost to rounding; the products
are as fast as the machine multiplies.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

QUERIES = 512
"""Stars that are ranked together."""

OTHERS = 4096
"""Stars that they are compared with at a time: the block of products stays in the caches."""

ROUNDING = 2e-6
"""Relative error of a squared distance in float32: what lies closer is decided in float64."""

METRICS = ("euclidean", "manhattan")


def ranks(
    latent: Float[np.ndarray, "n_star n_latent"],
    query: Int[np.ndarray, " n_query"],
    twin: Int[np.ndarray, " n_query"],
    metric: str = "euclidean",
) -> Int[np.ndarray, " n_query"]:
    """
    How many stars lie nearer to a star than its twin does; the star itself does not count.

    Args:
        latent: of all stars.
        query: rows of stars to ask for.
        twin: row of each one's twin.
        metric: `euclidean` or `manhattan`.

    Returns:
        Counts; 0 where the twin was found first. Stars at exactly the twin's distance do not
        count as nearer.

    Raises:
        ValueError: if a value is not finite or the metric is unknown.
    """
    if metric not in METRICS:
        raise ValueError(f"metric {metric!r} is none of {', '.join(METRICS)}")
    others, _ = _prepared(latent)
    count = _counter(metric)
    sure, close = np.empty((2, len(query)), np.int64)
    for start in range(0, len(query), QUERIES):
        rows, twins = (_filled(np.asarray(v)[start : start + QUERIES]) for v in (query, twin))
        counts = np.asarray(count(others, rows, twins))[:, : len(query) - start]
        sure[start : start + QUERIES], close[start : start + QUERIES] = counts
    for i in np.flatnonzero(close):
        sure[i] = _count_in_double(latent, query[i], twin[i], metric)
    return sure


def nearest(
    latent: Float[np.ndarray, "n_star n_latent"], number: int
) -> tuple[Int[np.ndarray, "n_star number"], Float[np.ndarray, "n_star number"]]:
    """
    The nearest other stars of every star, nearest first.

    Args:
        latent: of all stars.
        number: how many; fewer where there are fewer stars.

    Returns:
        Their rows and Euclidean distances.

    Raises:
        ValueError: if a value is not finite.
    """
    others, n_star = _prepared(latent)
    number = min(number, n_star - 1)
    search = _searcher(number + 1)
    rows = np.empty((n_star, number), np.int64)
    for start in range(0, n_star, QUERIES):
        own = np.arange(start, min(start + QUERIES, n_star))
        found = np.asarray(search(others, _filled(own)))[: len(own)]
        # The star itself is among the nearest, first unless another has the very same latent.
        itself = found == own[:, None]
        itself[~itself.any(axis=1), -1] = True
        rows[own] = found[~itself].reshape(len(own), number)
    wide = np.asarray(latent, np.float64)
    distance = np.sqrt(np.square(wide[:, None, :] - wide[rows]).sum(axis=2))
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(rows, order, 1), np.take_along_axis(distance, order, 1)


def _prepared(latent):
    """Centred latents in whole blocks, filled up with stars infinitely far away."""
    latent = np.asarray(latent, np.float64)
    bad = ~np.isfinite(latent).all(axis=1)
    if bad.any():
        raise ValueError(
            f"{bad.sum()} stars have latents that are not finite, the first is row {bad.argmax()}; "
            "leave them out and count them"
        )
    centred = (latent - latent.mean(axis=0)).astype(np.float32)
    n_star = len(centred)
    block = min(OTHERS, n_star)
    missing = -n_star % block
    size = np.square(centred, dtype=np.float64).sum(axis=1).astype(np.float32)
    values = np.concatenate([centred, np.zeros((missing, centred.shape[1]), np.float32)])
    size = np.concatenate([size, np.full(missing, np.inf, np.float32)])
    return jax.device_put((values, size)), n_star


def _filled(rows):
    return np.concatenate([rows, np.full(QUERIES - len(rows), rows[-1])])


def _blocks(others):
    values, size = others
    block = min(OTHERS, len(values))
    return values.reshape(-1, block, values.shape[1]), size.reshape(-1, block)


def _from(metric, query, values, size):
    """Distances of queries from a block, in a measure that grows with them."""
    if metric == "manhattan":
        return jnp.abs(query[:, None, :] - values[None]).sum(axis=2) + jnp.where(
            jnp.isinf(size), jnp.inf, 0.0
        )
    return size - 2 * (query @ values.T)


@functools.cache
def _counter(metric):
    @jax.jit
    def count(others, rows, twins):
        values, size = others
        query, partner = values[rows], values[twins]
        if metric == "manhattan":
            limit = jnp.abs(query - partner).sum(axis=1)
            error = ROUNDING * (jnp.abs(query).sum(axis=1) + jnp.abs(partner).sum(axis=1))
        else:
            limit = size[twins] - 2 * (query * partner).sum(axis=1)
            error = ROUNDING * (size[rows] + size[twins])
        low, high = (limit - error)[:, None], (limit + error)[:, None]

        def step(total, block):
            (values, size), start = block
            measure = _from(metric, query, values, size)
            index = start + jnp.arange(len(values))
            other = (index != rows[:, None]) & (index != twins[:, None])
            sure = (measure < low) & other
            close = (measure >= low) & (measure <= high) & other
            news = [part.sum(axis=1, dtype=jnp.int32) for part in (sure, close)]
            return total + jnp.stack(news), None

        blocks = _blocks(others)
        starts = blocks[0].shape[1] * jnp.arange(len(blocks[0]))
        return jax.lax.scan(step, jnp.zeros((2, len(rows)), jnp.int32), (blocks, starts))[0]

    return count


def _count_in_double(latent, query, twin, metric):
    """The same for one star whose twin is so close to another that float32 cannot tell."""
    offset = np.abs(np.asarray(latent, np.float64) - np.asarray(latent[query], np.float64))
    distance = offset.sum(axis=1) if metric == "manhattan" else np.square(offset).sum(axis=1)
    nearer = distance < distance[twin]
    nearer[query] = False
    return nearer.sum()


@functools.cache
def _searcher(number):
    @jax.jit
    def search(others, rows):
        query = others[0][rows]
        width = min(OTHERS, len(others[0]))

        def step(best, block):
            (values, size), start = block
            close = -_from("euclidean", query, values, size)
            value, index = jax.lax.top_k(close, min(number, width))
            value = jnp.concatenate([best[0], value], axis=1)
            index = jnp.concatenate([best[1], index + start], axis=1)
            value, order = jax.lax.top_k(value, number)
            return (value, jnp.take_along_axis(index, order, axis=1)), None

        none = jnp.full((len(rows), number), -jnp.inf), jnp.zeros((len(rows), number), jnp.int32)
        blocks = _blocks(others)
        starts = width * jnp.arange(len(blocks[0]))
        return jax.lax.scan(step, none, (blocks, starts))[0][1]

    return search
