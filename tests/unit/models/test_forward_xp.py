"""From labels to XP spectra: floors, logarithms, dust and distance, the forward pass."""

import jax
import numpy as np
import pytest
from scipy.optimize import lsq_linear

from starloom.models import forward_xp as network

N_PIXEL = 5


@pytest.fixture(scope="module")
def params():
    params = network.init(
        jax.random.key(0), 2, np.linspace(-1, 1, N_PIXEL), np.ones(N_PIXEL), (4, 3)
    )
    curve = np.log([1.5, 1.2, 1.0, 0.8, 0.5]).astype(np.float32)
    return params | {"log_curve": curve}


def test_floors_by_hand():
    floor = network.floors(np.array([[2.0, 3.0, 4.0]]), np.array([400.0, 639.9, 640.0]))[0]
    joint = 0.005**2
    assert floor[0, 0] == pytest.approx(4 * (2 * joint + 1e-6))
    assert floor[0, 1] == pytest.approx(6 * (joint + 1e-6))
    assert floor[0, 2] == pytest.approx(8 * joint)
    assert floor[2, 2] == pytest.approx(16 * 5.1e-5)
    np.testing.assert_array_equal(floor, floor.T)


def test_logarithms_have_the_relative_covariance_and_leave_faint_pixels_aside():
    rng = np.random.default_rng(1)
    flux = np.array([[4.0, 0.5, -1.0, 9.0]])
    a = rng.normal(size=(4, 8))
    covariance = (0.1 * a @ a.T)[None]
    covariance[0, 1, 1] = 1.0
    log_flux, white = network.in_logarithms(flux, covariance)
    np.testing.assert_allclose(log_flux[0], [np.log(4), 0, 0, np.log(9)])
    found = np.linalg.inv(white[0].T @ white[0])
    expected = np.diag([covariance[0, 0, 0] / 16, 1e4, 1e4, covariance[0, 3, 3] / 81])
    expected[0, 3] = expected[3, 0] = covariance[0, 0, 3] / 36
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_a_spectrum_is_what_the_formula_says(params):
    labels = np.array([[0.3, -1.0], [1.0, 2.0]], np.float32)
    x = labels.astype(float)
    *layers, (kernel, bias) = [tuple(map(np.asarray, layer)) for layer in params["network"]]
    for weight, offset in layers:
        x = np.tanh(x @ weight + offset)
    curve = np.exp(params["log_curve"])
    for star, (extinction, parallax) in enumerate([(0.0, 1.0), (2.5, 0.2)]):
        flux = np.exp(x[star] @ kernel + bias) * 10 ** (-0.4 * extinction * curve) * parallax**2
        given = np.float32([extinction]), np.log(np.float32([parallax]))
        found = np.exp(network.log_flux(params, labels[star : star + 1], *given))[0]
        np.testing.assert_allclose(found, flux, rtol=1e-4)


@pytest.mark.parametrize("dust", [1.3, -0.8])
def test_dust_and_distance_as_bounded_least_squares(params, dust):
    rng = np.random.default_rng(2)
    white = rng.normal(size=(N_PIXEL, N_PIXEL)) + 3 * np.eye(N_PIXEL)
    design = np.asarray(network.design(params), float)
    residual = np.array([dust, -0.4]) @ design + 0.05 * rng.normal(size=N_PIXEL)
    prior = np.array([[0.5, 2.0], [0.1, 0.3]])

    # Pixels and priors as rows of one bounded least-squares problem.
    rows = np.concatenate([(design @ white.T).T, np.diag(1 / prior[:, 1])])
    right = np.concatenate([white @ residual, prior[:, 0] / prior[:, 1]])
    expected = lsq_linear(rows, right, ([0, -np.inf], np.inf), method="bvls", tol=1e-12)
    found, least = network.dust_and_distance(
        (design @ white.T)[None], (white @ residual)[None], prior[None]
    )
    np.testing.assert_allclose(found[0], expected.x, rtol=1e-3, atol=1e-3)
    assert least[0] == pytest.approx(2 * expected.cost, rel=1e-3)
