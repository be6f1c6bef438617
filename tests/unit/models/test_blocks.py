"""Layers against SciPy, plain NumPy and automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from starloom.models import blocks


def test_gelu_is_the_exact_one():
    x = np.linspace(-8, 8, 401).astype(np.float32)
    np.testing.assert_allclose(blocks.gelu(jnp.asarray(x)), x * stats.norm.cdf(x), atol=3e-6)


def test_a_linear_map_starts_uniform_within_one_over_root_n_in():
    linear = blocks.Linear(64, 500, rngs=nnx.Rngs(0))
    for values in (linear.kernel[...].ravel(), linear.bias[...]):
        assert stats.kstest(values, stats.uniform(-1 / 8, 2 / 8).cdf).pvalue > 1e-3
    assert linear(jnp.ones((3, 64))).shape == (3, 500)


def test_the_gradient_of_the_product_is_that_of_the_plain_product():
    x, k, w = (
        jax.random.normal(jax.random.key(i), s) for i, s in enumerate([(5, 3), (3, 4), (5, 4)])
    )
    ours = jax.grad(lambda x, k: (blocks.matmul(x, k) * w).sum(), argnums=(0, 1))(x, k)
    plain = jax.grad(lambda x, k: ((x @ k) * w).sum(), argnums=(0, 1))(x, k)
    for a, b in zip(ours, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def _plain_layer(x, scale, bias):
    normal = (x - x.mean(0)) / jnp.sqrt(x.var(0) + 1e-5)
    return jax.nn.gelu(normal * scale + bias, approximate=False)


def test_the_normalised_gelu_and_its_gradient_are_those_of_the_plain_formula():
    x = 3 + 2 * jax.random.normal(jax.random.key(0), (50, 7))
    scale, bias = 1 + jnp.arange(7) / 7, jnp.arange(7) / 5 - 0.5
    weight = jax.random.normal(jax.random.key(1), x.shape)
    value, mean, variance = blocks.normalised_gelu(x, scale, bias)
    np.testing.assert_allclose(value, _plain_layer(x, scale, bias), atol=2e-6)
    np.testing.assert_allclose(mean, np.mean(x, 0), rtol=1e-6)
    np.testing.assert_allclose(variance, np.var(x, 0), rtol=1e-5)

    def of(layer):
        return jax.grad(lambda *a: (layer(*a) * weight).sum(), argnums=(0, 1, 2))(x, scale, bias)

    ours = of(lambda *a: blocks.normalised_gelu(*a)[0])
    for a, b in zip(ours, of(_plain_layer), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_running_statistics_move_a_tenth_towards_the_batch_with_unbiased_variance():
    layers = blocks.Layers((4, 3), rngs=nnx.Rngs(0))
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    layers(jnp.asarray(x), training=True)
    before = x @ layers.linear[0].kernel[...] + layers.linear[0].bias[...]
    norm = layers.norm[0]
    np.testing.assert_allclose(norm.mean[...], 0.1 * before.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.variance[...], 0.9 + 0.1 * before.var(0, ddof=1), rtol=1e-5)


def test_outside_training_layers_use_the_running_statistics():
    layers = blocks.Layers((4, 5, 3), rngs=nnx.Rngs(1))
    for norm in layers.norm:
        norm.mean[...] += 0.3
        norm.variance[...] *= 2.5
        norm.scale[...] *= 1.5
        norm.bias[...] -= 0.2
    x = np.random.default_rng(0).normal(size=(6, 4))
    expected = x
    for linear in layers.linear:
        y = expected @ np.float64(linear.kernel[...]) + np.float64(linear.bias[...])
        y = 1.5 * (y - 0.3) / np.sqrt(2.5 + 1e-5) - 0.2
        expected = y * stats.norm.cdf(y)
    found = layers(jnp.asarray(x, jnp.float32), training=False)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_array_equal(layers.norm[0].mean[...], np.full(5, 0.3, np.float32))


def test_a_batch_of_one_star_is_refused():
    layers = blocks.Layers((2, 2), rngs=nnx.Rngs(0))
    with pytest.raises(ValueError, match="one star"):
        layers(jnp.ones((1, 2)), training=True)
