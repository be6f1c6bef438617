"""Losses against SciPy's distributions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from starloom.training import losses


def _random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_the_diagonal_loss_is_the_negative_log_likelihood_but_for_its_constant():
    residual, variance = _random(0, 6, 9), np.exp(_random(1, 6, 9))
    expected = -stats.norm.logpdf(residual, scale=np.sqrt(variance)).sum(axis=1)
    found = losses.gaussian(jnp.asarray(residual), jnp.asarray(variance))
    np.testing.assert_allclose(found, expected - 4.5 * np.log(2 * np.pi), rtol=1e-5)


def test_triangles_are_read_row_by_row():
    matrix = losses.symmetric(jnp.arange(1.0, 7.0), 4)
    expected = [[1, 1, 2, 4], [1, 1, 3, 5], [2, 3, 1, 6], [4, 5, 6, 1]]
    np.testing.assert_array_equal(matrix, expected)


def test_a_triangle_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="5 correlations do not make a 4 x 4 matrix"):
        losses.symmetric(jnp.ones((3, 5)), 4)


@pytest.fixture
def blocks():
    """Residuals, errors, correlations and scatters of 4 stars with two blocks of 5 pixels."""
    root = _random(2, 4, 2, 5, 8)
    covariance = root @ np.swapaxes(root, -1, -2)
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / error[..., :, None] / error[..., None, :]
    row, column = np.tril_indices(5, -1)
    triangle = correlation[..., row, column].astype(np.float32)
    residual, scatter = _random(3, 4, 10), np.exp(_random(4, 4, 10))
    return residual, error.reshape(4, 10).astype(np.float32), triangle, scatter, covariance


def test_the_full_loss_is_that_of_multivariate_normals_block_by_block(blocks):
    residual, error, triangle, scatter, covariance = blocks
    chi2, loss = losses.gaussian_blocks(*map(jnp.asarray, (residual, error, triangle, scatter)))
    for star in range(4):
        expected, expected_chi2 = 0.0, 0.0
        for block in range(2):
            part = slice(5 * block, 5 * block + 5)
            total = covariance[star, block] + np.diag(scatter[star, part].astype(float) ** 2)
            r = residual[star, part].astype(float)
            expected -= stats.multivariate_normal(cov=total).logpdf(r) - 2.5 * np.log(2 * np.pi)
            expected_chi2 += r @ np.linalg.solve(total, r)
        expected -= 2 * 5 * np.log(2 * np.pi)
        np.testing.assert_allclose(loss[star], expected, rtol=1e-4)
        np.testing.assert_allclose(chi2[star], expected_chi2, rtol=1e-4)


def test_the_gradient_of_the_full_loss_is_that_of_the_formula_with_an_inverse(blocks):
    residual, error, triangle, scatter, _ = (jnp.asarray(a) for a in blocks)

    def plain(residual, scatter):
        matrices = losses.symmetric(triangle, 5)
        e, s, r = (a.reshape(4, 2, 5) for a in (error, scatter, residual))
        v = matrices * e[..., :, None] * e[..., None, :] + jnp.eye(5) * s[..., None] ** 2
        chi2 = jnp.einsum("nbi,nbij,nbj", r, jnp.linalg.inv(v), r)
        return 0.5 * (chi2 + jnp.linalg.slogdet(v)[1].sum())

    def ours(residual, scatter):
        return losses.gaussian_blocks(residual, error, triangle, scatter)[1].sum()

    for a, b in zip(
        *(jax.jit(jax.grad(f, argnums=(0, 1)))(residual, scatter) for f in (ours, plain)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


def test_without_correlations_the_full_loss_is_the_diagonal_one(blocks):
    residual, error, triangle, scatter, _ = blocks
    given = [jnp.asarray(a) for a in (residual, error, 0 * triangle, scatter)]
    expected = losses.gaussian(given[0], given[1] ** 2 + given[3] ** 2)
    np.testing.assert_allclose(losses.gaussian_blocks(*given)[1], expected, rtol=1e-5)


def test_the_divergence_is_the_integral_that_defines_it():
    mean, sigma = 0.7, 0.4
    posterior, prior = stats.norm(mean, sigma), stats.norm()
    expected, _ = integrate.quad(
        lambda z: posterior.pdf(z) * (posterior.logpdf(z) - prior.logpdf(z)), -4, 5
    )
    found = losses.kl_standard_normal(jnp.array([[mean]]), jnp.array([[2 * np.log(sigma)]]))
    np.testing.assert_allclose(found, [[expected]], rtol=1e-5)


def test_the_divergence_vanishes_only_for_the_standard_normal():
    assert losses.kl_standard_normal(jnp.zeros((1, 3)), jnp.zeros((1, 3))).sum() == 0
    other = losses.kl_standard_normal(*jax.random.normal(jax.random.key(0), (2, 5, 3)))
    assert (other > 0).all()
