"""The uncertain network: its derivative, the covariance of ratios, dropout by star."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.models import uncertain as network

N_BAND, N_COLOUR, N_MAG, N_LABEL = 5, 3, 4, 2
N_RATIO = 2 * N_BAND - 1
N_INPUT = N_RATIO + N_COLOUR


@pytest.fixture(scope="module")
def params():
    return network.init(jax.random.key(3), N_INPUT, N_COLOUR, (16, 12), N_LABEL)


@pytest.fixture(scope="module")
def raw():
    """Coefficients with random covariances of their own, and colours, of eight stars."""
    rng = np.random.default_rng(0)
    n_star = 8
    correlation = np.empty((n_star, 2, N_BAND, N_BAND))
    covariance = np.zeros((n_star, 2 * N_BAND, 2 * N_BAND))
    error = rng.uniform(0.5, 2.0, (n_star, 2 * N_BAND))
    for star in range(n_star):
        for band in range(2):
            a = rng.normal(size=(N_BAND, 3 * N_BAND))
            c = np.corrcoef(a)
            part = slice(band * N_BAND, (band + 1) * N_BAND)
            correlation[star, band] = c
            covariance[star, part, part] = c * np.outer(error[star, part], error[star, part])
    coefficients = rng.normal(100, 20, (n_star, 2 * N_BAND))
    return {"x": coefficients, "error": error, "correlation": correlation, "cov": covariance}


@pytest.fixture(scope="module")
def stars(raw):
    rng = np.random.default_rng(1)
    first = raw["x"][:, N_BAND, None]
    ratio = np.delete(raw["x"] / first, N_BAND, axis=1)
    known = np.ones((8, N_COLOUR), bool)
    known[2, 1] = False
    return {
        "x": np.concatenate([ratio, rng.normal(size=(8, N_COLOUR))], axis=1).astype(np.float32),
        "known": known,
        "ratio": ratio.astype(np.float32),
        "error": (raw["error"] / first).astype(np.float32),
        "correlation": raw["correlation"].astype(np.float32),
        "band_error": rng.uniform(0.01, 0.1, (8, N_MAG)).astype(np.float32),
        "to_input": rng.uniform(0.5, 2.0, N_INPUT).astype(np.float32),
        "to_colour": rng.integers(-1, 2, (N_COLOUR, N_MAG)).astype(np.float32),
        "name": np.arange(8, dtype=np.uint32) * np.uint32(2654435761),
    }


def delta_covariance(x, covariance):
    """The covariance of x_i / x_RP0 from the full matrix of derivatives, star by star."""
    found = []
    for values, matrix in zip(x, covariance, strict=True):
        first = values[N_BAND]
        derivative = np.eye(len(values)) / first
        derivative[:, N_BAND] -= values / first**2
        found.append(np.delete(np.delete(derivative @ matrix @ derivative.T, N_BAND, 0), N_BAND, 1))
    return np.array(found)


def test_the_input_variance_is_j_sigma_jt_with_the_full_delta_method(raw, stars):
    slope = np.random.default_rng(2).normal(size=(8, N_LABEL, N_INPUT)).astype(np.float32)
    found = network.input_variance(jnp.asarray(slope), stars)
    sigma = delta_covariance(raw["x"], raw["cov"])
    scaled = slope * stars["to_input"]
    for star in range(8):
        colour = stars["to_colour"] * stars["known"][star][:, None]
        photometry = colour @ np.diag(stars["band_error"][star] ** 2) @ colour.T
        for label in range(N_LABEL):
            ratio, rest = np.split(scaled[star, label], [N_RATIO])
            expected = ratio @ sigma[star] @ ratio + rest @ photometry @ rest
            np.testing.assert_allclose(found[star, label], expected, rtol=2e-4)


def test_the_delta_method_agrees_with_drawn_coefficients(raw):
    rng = np.random.default_rng(4)
    star = 0
    draws = rng.multivariate_normal(raw["x"][star], raw["cov"][star] * 1e-2, 200_000)
    drawn = np.cov(np.delete(draws / draws[:, N_BAND, None], N_BAND, axis=1), rowvar=False)
    exact = delta_covariance(raw["x"][:1], raw["cov"][:1] * 1e-2)[0]
    scale = np.sqrt(np.outer(np.diag(exact), np.diag(exact)))
    np.testing.assert_allclose(drawn / scale, exact / scale, atol=0.02)


@pytest.mark.parametrize("masked", [False, True])
def test_the_written_out_derivative_is_that_of_automatic_differentiation(params, stars, masked):
    masks = network.draw_masks(jax.random.key(1), 8, (16, 12)) if masked else None
    keep = masks or (jnp.ones((8, 16)), jnp.ones((8, 12)))
    first, first_slope = network.gelu_and_slope(network.first_layer(params, stars))
    before = (first * keep[0]) @ params["w1"] + params["b1"]
    second_slope = network.gelu_and_slope(before)[1]
    found = network.jacobian(params, first_slope * keep[0], second_slope * keep[1], N_INPUT)

    def one(x, known, first_keep, second_keep):
        star = {"x": x[None], "known": known[None]}
        return network.predict(params, star, (first_keep, second_keep))[0][0]

    expected = jax.vmap(jax.jacrev(one))(stars["x"], stars["known"], *keep)
    # A missing colour has the derivative of its fill-in; automatic differentiation gives zero.
    found = np.array(found)
    seen = np.pad(stars["known"], ((0, 0), (N_RATIO, 0)), constant_values=True)
    found *= seen[:, None]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_a_missing_colour_counts_through_its_fill_in_alone(params, stars):
    other = {**stars, "x": stars["x"].copy()}
    other["x"][2, N_RATIO + 1] = 99.0
    np.testing.assert_array_equal(
        network.predict(params, stars)[0], network.predict(params, other)[0]
    )
    filled = {**params, "fill": params["fill"] + 1.0}
    changed = np.asarray(
        network.predict(filled, stars)[0] != network.predict(params, stars)[0]
    ).any(axis=1)
    np.testing.assert_array_equal(changed, np.arange(8) == 2)


def test_the_gradient_of_the_quadratic_form_is_right():
    rng = np.random.default_rng(5)
    vector, matrix = rng.normal(size=(3, 2, 4)), rng.normal(size=(3, 4, 4))
    matrix = (matrix + matrix.transpose(0, 2, 1)).astype(np.float32)
    weight = rng.normal(size=(3, 2))
    ours = jax.grad(lambda v: (weight * network.quadratic(v, matrix)).sum())
    plain = jax.grad(lambda v: (weight * jnp.einsum("bli,bij,blj->bl", v, matrix, v)).sum())
    np.testing.assert_allclose(ours(vector), plain(vector), rtol=1e-4, atol=1e-4)


def test_a_fifth_of_the_neurons_drops_and_each_star_has_its_own_neurons():
    names = np.arange(400, dtype=np.uint32) * np.uint32(97)
    masks = network.star_masks(names, 50, (128, 128))
    dropped = np.concatenate([np.asarray(mask) == 0 for mask in masks], axis=-1)
    assert abs(dropped.mean() - network.DROP / 256) < 1e-3
    for axis in ((0, 2), (1, 2), (0, 1)):
        share = dropped.mean(axis=axis)
        n = dropped.size / share.size
        assert np.abs(share - dropped.mean()).max() < 5.5 * np.sqrt(0.16 / n)
    pairs = (dropped[:, :, :-1] & dropped[:, :, 1:]).mean()
    np.testing.assert_allclose(pairs, dropped.mean() ** 2, rtol=0.01)
    alone = network.star_masks(names[7:8], 50, (128, 128))
    np.testing.assert_array_equal(alone[0][:, 0], masks[0][:, 7])


def test_many_passes_give_the_median_and_the_spread_of_single_ones(params, stars):
    passes = 9
    found = network.dropout_passes(params, stars, passes, each_input=True)
    once = network.dropout_passes(params, stars, passes)
    masks = network.star_masks(stars["name"], passes, (16, 12))
    single = [
        network.predict_with_input(params, stars, [mask[i] for mask in masks])
        for i in range(passes)
    ]
    mean, excess, given = (np.array([one[part] for one in single]) for part in range(3))
    np.testing.assert_allclose(found["mean"], np.median(mean, axis=0), atol=1e-6)
    np.testing.assert_allclose(found["model"], mean.var(axis=0, ddof=1), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(found["input"], given.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(found["excess"], excess.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(once["mean"], found["mean"], atol=1e-6)
    without = network.predict_with_input(params, stars)[2]
    np.testing.assert_allclose(once["input"], without, rtol=1e-4)
