"""Networks applied in padded chunks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.models.chunks import in_chunks


@jax.jit
def _scaled(weights, stars):
    return {"sum": weights * stars["x"].sum(axis=1), "x": stars["x"]}


@pytest.mark.parametrize("chunk", [1, 3, 10, 64])
def test_any_chunk_gives_all_stars_in_order(chunk):
    x = np.arange(20, dtype=np.float32).reshape(10, 2)
    found = in_chunks(_scaled, jnp.float32(2), {"x": x}, chunk=chunk)
    np.testing.assert_array_equal(found["sum"], 2 * x.sum(axis=1))
    np.testing.assert_array_equal(found["x"], x)


def test_one_size_of_chunk_is_compiled_however_many_stars():
    compiled = jax.jit(lambda weights, stars: {"y": stars["x"] + weights})
    for n_star in (8, 9, 23):
        in_chunks(compiled, 1.0, {"x": np.zeros((n_star, 2), np.float32)}, chunk=8)
    assert compiled._cache_size() == 1


def test_no_star_is_an_error():
    with pytest.raises(ValueError, match="no star"):
        in_chunks(_scaled, 1.0, {"x": np.zeros((0, 2), np.float32)})
