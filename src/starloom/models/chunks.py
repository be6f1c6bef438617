"""Networks applied to any number of stars: in padded chunks of one size, compiled once."""

from collections.abc import Callable, Mapping

import jax
import numpy as np
from jaxtyping import Array

CHUNK = 8192
"""Stars in a chunk."""


def in_chunks(
    function: Callable,
    weights: object,
    stars: Mapping[str, np.ndarray],
    *,
    chunk: int = CHUNK,
) -> dict[str, np.ndarray]:
    """
    Apply a compiled function to stars, a chunk at a time.

    The next chunk is handed over while the device still works on the one before.

    Args:
        function: of `(weights, stars)`, compiled; gives arrays by name, first axis the star.
        weights: passed on.
        stars: arrays by name, first axis the star.
        chunk: stars in a call; the last chunk is filled up with copies of its last star.

    Returns:
        The function's arrays for all stars, in order; empty ones for no star.
    """
    n_star = len(next(iter(stars.values())))
    if not n_star:
        one = {
            name: np.zeros((1, *values.shape[1:]), values.dtype) for name, values in stars.items()
        }
        shapes = jax.eval_shape(function, weights, one)
        return {name: np.empty((0, *like.shape[1:]), like.dtype) for name, like in shapes.items()}
    chunk = min(chunk, n_star)
    results: dict[str, np.ndarray] = {}
    waiting = None
    for start in range(0, n_star, chunk):
        part = {
            name: _padded(values[start : start + chunk], chunk) for name, values in stars.items()
        }
        running = start, function(weights, part)
        if waiting:
            _store(results, *waiting, n_star)
        waiting = running
    _store(results, *waiting, n_star)
    return results


def _store(results, start, arrays: Mapping[str, Array], n_star):
    for name, values in jax.device_get(arrays).items():
        if name not in results:
            results[name] = np.empty((n_star, *values.shape[1:]), values.dtype)
        stop = min(start + len(values), n_star)
        results[name][start:stop] = values[: stop - start]


def _padded(values, chunk):
    values = np.asarray(values)
    missing = chunk - len(values)
    return np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values
