"""The scatter VAE against plain NumPy and, where it is installed, PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from starloom.models import scatter_vae as network

SMALL = {"n_input": 12, "widths": (9, 7, 4), "n_latent": 3}


def _random_state(key, tree):
    """The tree with positive random numbers, as statistics after some training."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    drawn = [
        jax.random.uniform(k, a.shape, minval=0.3, maxval=2)
        for k, a in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, drawn)


@pytest.fixture(scope="module")
def small():
    graph, params, stats_ = network.build(jax.random.key(0), **SMALL)
    return graph, params, _random_state(jax.random.key(1), stats_)


def test_the_network_of_the_paper_has_67182_parameters():
    params = jax.eval_shape(lambda: network.build(jax.random.key(0))[1])
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == 67_182


def test_an_unknown_scatter_head_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="capped, free"):
        network.build(jax.random.key(0), **SMALL, scatter="relu")


def _affine(x, part):
    return x @ np.float64(part["kernel"]) + np.float64(part["bias"])


def _layers(x, params, running):
    for i in range(len(params["linear"])):
        y = _affine(x, params["linear"][i])
        norm, seen = params["norm"][i], running["norm"][i]
        y = (y - np.float64(seen["mean"])) / np.sqrt(np.float64(seen["variance"]) + 1e-5)
        y = y * np.float64(norm["scale"]) + np.float64(norm["bias"])
        x = y * stats.norm.cdf(y)
    return x


def _decoder(z, params, running):
    hidden = _layers(_affine(z, params["first"]), params["layers"], running["layers"])
    return _affine(hidden, params["last"])


def test_folded_weights_equal_the_network_written_out_in_double_precision(small):
    graph, params, running = small
    x = np.random.default_rng(0).normal(size=(20, 12))
    weights = network.folded(graph, params, running)
    mean, sigma = network.encode(weights, jnp.asarray(x, jnp.float32))
    hidden = _layers(x, params["encoder"], running["encoder"])
    np.testing.assert_allclose(mean, _affine(hidden, params["mean"]), atol=2e-6)
    log_variance = _affine(hidden, params["log_variance"])
    np.testing.assert_allclose(sigma, np.exp(log_variance / 2), rtol=2e-6)

    spectrum, scatter = network.decode(weights, mean)
    z = np.float64(mean)
    np.testing.assert_allclose(
        spectrum, _decoder(z, params["decoder"], running["decoder"]), atol=3e-6
    )
    raw = _decoder(z, params["scatter"], running["scatter"])
    np.testing.assert_allclose(scatter, 1 / (1 + np.exp(-raw)), atol=2e-6)
    free = network.decode(weights, mean, "free")[1]
    np.testing.assert_allclose(free, np.log1p(np.exp(raw)), atol=3e-6)


def test_outside_training_the_network_decodes_a_draw_from_its_posterior(small):
    graph, params, running = small
    x = jax.random.normal(jax.random.key(5), (4000, 1)) * 0 + jnp.arange(12.0) / 6
    weights = network.folded(graph, params, running)
    out, after = network.apply(graph, params, running, x, key=jax.random.key(2), training=False)
    mean, sigma = network.encode(weights, x)
    np.testing.assert_allclose(out.mean, mean, atol=1e-6)
    np.testing.assert_allclose(np.exp(0.5 * out.log_variance), sigma, rtol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, after, running)
    draws = mean + sigma * jax.random.normal(jax.random.key(3), mean.shape)
    expected = network.decode(weights, draws)[0]
    np.testing.assert_allclose(out.spectrum.mean(0), expected.mean(0), atol=0.02)
    np.testing.assert_allclose(out.spectrum.std(0), expected.std(0), rtol=0.05, atol=1e-4)


def test_training_renews_the_statistics_and_leaves_what_was_given(small):
    graph, params, running = small
    before = jax.tree.map(np.array, running)
    x = jax.random.normal(jax.random.key(5), (30, 12))
    _, after = network.apply(graph, params, running, x, key=jax.random.key(2), training=True)
    jax.tree.map(np.testing.assert_array_equal, running, before)
    moved = jax.tree.map(lambda a, b: bool((a != b).all()), before, after)
    assert all(jax.tree.leaves(moved))


def test_a_training_step_equals_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is only in the extra `bench`")
    from torch import nn

    graph, params, running = network.build(jax.random.key(0), **SMALL)
    x = np.random.default_rng(0).normal(size=(16, 12)).astype(np.float32)

    def copied(linear):
        layer = nn.Linear(*linear["kernel"].shape)
        layer.weight.data = torch.tensor(np.array(linear["kernel"]).T)
        layer.bias.data = torch.tensor(np.array(linear["bias"]))
        return layer

    linears = params["encoder"]["linear"]
    parts = []
    for i in range(len(linears)):
        parts += [copied(linears[i]), nn.BatchNorm1d(linears[i]["bias"].shape[0]), nn.GELU()]
    peer = nn.Sequential(*parts, copied(params["mean"]))
    expected = peer(torch.tensor(x))
    expected.square().sum().backward()

    def total(params):
        out, after = network.apply(
            graph, params, running, jnp.asarray(x), key=jax.random.key(0), training=True
        )
        return jnp.square(out.mean).sum(), (out.mean, after)

    slope, (mean, after) = jax.grad(total, has_aux=True)(params)
    np.testing.assert_allclose(mean, expected.detach().numpy(), atol=4e-6)
    found = slope["encoder"]
    seen = after["encoder"]["norm"]
    for i in range(len(linears)):
        linear, norm = peer[3 * i], peer[3 * i + 1]
        kernel = found["linear"][i]["kernel"]
        np.testing.assert_allclose(kernel.T, linear.weight.grad.numpy(), atol=2e-4, rtol=2e-4)
        np.testing.assert_allclose(found["norm"][i]["scale"], norm.weight.grad, atol=2e-4)
        np.testing.assert_allclose(found["norm"][i]["bias"], norm.bias.grad, atol=2e-4)
        np.testing.assert_allclose(seen[i]["mean"], norm.running_mean, atol=1e-6)
        np.testing.assert_allclose(seen[i]["variance"], norm.running_var, rtol=1e-5)
