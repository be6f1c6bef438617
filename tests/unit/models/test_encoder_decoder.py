"""The encoder-decoder against its definition written out with NumPy, in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.models import encoder_decoder as network
from starloom.training.checkpoint import flatten

SMALL = {"n_input": 62, "n_output": 24, "filters": (3, 4), "taps": 8, "hidden": 5, "latent": 2}
SMALL |= {"channels": 3, "decoder_taps": 8}


def _convolve(x, kernel):
    taps, _, n_out = kernel.shape
    length = -(-len(x) // 2)
    padding = max(2 * (length - 1) + taps - len(x), 0)
    padded = np.pad(x, ((padding // 2, padding - padding // 2), (0, 0)))
    out = np.zeros((length, n_out))
    for o in range(length):
        for t in range(taps):
            out[o] += padded[2 * o + t] @ kernel[t]
    return out


def _transposed(x, kernel, stride):
    """The full transposed convolution, cut to `stride` times the input as Keras does."""
    taps, _, n_out = kernel.shape
    full = np.zeros(((len(x) - 1) * stride + taps, n_out))
    for i in range(len(x)):
        for t in range(taps):
            full[stride * i + t] += x[i] @ kernel[t]
    before = (taps - stride) // 2
    return full[before : before + stride * len(x)]


@pytest.mark.parametrize(("length", "taps"), [(62, 8), (61, 8), (17, 6), (7514, 8), (3757, 8)])
@pytest.mark.parametrize("channels", [2, network.MANY_CHANNELS])
def test_a_convolution_of_stride_two_is_kerass(length, taps, channels):
    random = np.random.default_rng(length)
    x, kernel = random.normal(size=(length, channels)), random.normal(size=(taps, channels, 3))
    with jax.enable_x64(True):
        given = jnp.asarray(x[None]), jnp.asarray(kernel)
        found, forward = network.convolve(*given), network.convolve_forward(*given)
    np.testing.assert_allclose(found[0], _convolve(x, kernel), atol=1e-12)
    np.testing.assert_allclose(forward[0], _convolve(x, kernel), atol=1e-12)


@pytest.mark.parametrize(("length", "taps"), [(9, 8), (10, 6), (6, 4), (523, 32), (11, 10)])
def test_a_transposed_convolution_of_stride_two_is_kerass(length, taps):
    random = np.random.default_rng(length)
    x, kernel = random.normal(size=(length, 2)), random.normal(size=(taps, 2, 3))
    with jax.enable_x64(True):
        found = network.spread(jnp.asarray(x[None]), jnp.asarray(kernel))
    np.testing.assert_allclose(found[0], _transposed(x, kernel, 2), atol=1e-13)


@pytest.mark.parametrize("taps", [32, 8, 7])
def test_a_transposed_convolution_of_stride_one_is_kerass(taps):
    random = np.random.default_rng(taps)
    x, kernel = random.normal(size=(40, 3)), random.normal(size=(taps, 3, 2))
    with jax.enable_x64(True):
        found = network.gather(jnp.asarray(x[None]), jnp.asarray(kernel))
    np.testing.assert_allclose(found[0], _transposed(x, kernel, 1), atol=1e-13)


def test_the_network_is_its_layers_one_after_the_other():
    with jax.enable_x64(True):
        graph, params = network.build(jax.random.key(0), **SMALL)
        params = jax.tree.map(lambda a: a.astype(jnp.float64) + 0.01, params)
        x = np.random.default_rng(0).normal(size=(3, 62))
        out = network.apply(graph, params, jnp.asarray(x))
        plain = {name.removesuffix("/value"): v for name, v in flatten(params).items()}

    def layer(name):
        return plain[f"{name}/kernel"], plain[f"{name}/bias"]

    for star in range(3):
        h = x[star][:, None]
        for name in ("encoder/first", "encoder/second"):
            kernel, bias = layer(name)
            h = np.maximum(_convolve(h, kernel) + bias, 0)
        h = h[: len(h) // 2 * 2].reshape(-1, 2, h.shape[1]).max(axis=1).ravel()
        kernel, bias = layer("encoder/hidden")
        h = np.tanh(h @ kernel + bias)
        for name, values in (("mean", out.mean), ("log_variance", out.log_variance)):
            kernel, bias = layer(f"encoder/{name}")
            np.testing.assert_allclose(values[star], h @ kernel + bias, atol=1e-13)
        kernel, bias = layer("decoder/dense")
        h = np.maximum(np.array(out.mean[star]) @ kernel + bias, 0).reshape(-1, 3)
        for name in ("decoder/first", "decoder/second"):
            kernel, bias = layer(name)
            h = np.maximum(_transposed(h, kernel, 2) + bias, 0)
        kernel, bias = layer("decoder/last")
        h = _transposed(h, kernel, 1) + bias
        np.testing.assert_allclose(out.spectrum[star], h[:, 0], atol=1e-13)


def test_the_network_of_the_paper_has_its_sizes():
    params = jax.eval_shape(lambda: network.build(jax.random.key(0))[1])
    count = sum(leaf.size for leaf in jax.tree.leaves(params))
    encoder = (8 * 32 + 32) + (8 * 32 * 64 + 64) + (939 * 64 * 16 + 16) + 2 * (16 * 5 + 5)
    decoder = (5 + 1) * 523 * 16 + 2 * (32 * 16 * 16 + 16) + (32 * 16 + 1)
    assert count == encoder + decoder


def test_draws_have_the_encoders_mean_and_spread():
    graph, params = network.build(jax.random.key(0), **SMALL)
    x = jax.random.normal(jax.random.key(1), (4, 62))
    mean, sigma = network.encode(graph, params, x)
    out = network.apply(graph, params, x, jax.random.key(2))
    again = network.apply(graph, params, x, jax.random.key(2))
    np.testing.assert_array_equal(out.spectrum, again.spectrum)
    np.testing.assert_allclose(mean, out.mean)
    np.testing.assert_allclose(sigma, np.exp(0.5 * out.log_variance), rtol=1e-6)
    plain = network.apply(graph, params, x)
    np.testing.assert_allclose(plain.spectrum, network.decode(graph, params, mean), atol=1e-6)
    assert not np.allclose(out.spectrum, plain.spectrum)


def test_a_number_of_bins_that_cannot_be_halved_twice_is_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        network.build(jax.random.key(0), **(SMALL | {"n_output": 26}))
