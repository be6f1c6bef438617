"""Networks applied to any number of stars: in padded chunks of one size, compiled once."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
from threadpoolctl import threadpool_limits

CHUNK = {"cpu": 2048}
"""Stars in a chunk by kind of device: on a CPU what fits its caches."""

LARGE_CHUNK = 32_768
"""Stars in a chunk on any other device."""


def in_chunks(
    function: Callable,
    weights: object,
    stars: Mapping[str, np.ndarray],
    *,
    chunk: int | None = None,
) -> dict[str, np.ndarray]:
    """
    Apply a compiled function to stars, a chunk at a time.

    As many chunks are under way as there are cores (on another device two: one is computed while
    the other is copied). Each chunk is computed by itself, so their order does not matter.

    Args:
        function: of `(weights, stars)`, compiled; gives arrays by name, first axis the star.
        weights: passed on.
        stars: arrays by name, first axis the star.
        chunk: stars in a call; the last chunk is filled up with copies of its last star.

    Returns:
        The function's arrays for all stars, in order.

    Raises:
        ValueError: if there is no star.
    """
    n_star = len(next(iter(stars.values())))
    if not n_star:
        raise ValueError("no star to apply the network to")
    backend = jax.default_backend()
    chunk = chunk or CHUNK.get(backend, LARGE_CHUNK)
    workers = len(os.sched_getaffinity(0)) if backend == "cpu" else 2

    def run(start):
        part = {name: _padded(v[start : start + chunk], chunk) for name, v in stars.items()}
        return jax.device_get(function(weights, part))

    # JAX brings its own threads; those of BLAS under its linear algebra would only fight them.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(workers) as pool:
        first = run(0)
        results = {name: np.empty((n_star, *v.shape[1:]), v.dtype) for name, v in first.items()}

        def store(start, arrays):
            stop = min(start + chunk, n_star)
            for name, values in arrays.items():
                results[name][start:stop] = values[: stop - start]

        store(0, first)
        list(pool.map(lambda start: store(start, run(start)), range(chunk, n_star, chunk)))
    return results


def _padded(values, chunk):
    values = np.asarray(values)
    missing = chunk - len(values)
    return np.concatenate([values, np.repeat(values[-1:], missing, axis=0)]) if missing else values
