"""
Losses of one star each; a training averages them over the batch.

Sums run over the pixels (or latent dimensions) of a star, so that the two terms of a variational
loss keep their natural weights in nats.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def gaussian(
    residual: Float[Array, "n_star n_pix"], variance: Float[Array, "n_star n_pix"]
) -> Float[Array, " n_star"]:
    """
    Negative log likelihood of independent pixels, without the constant n_pix/2 ln(2 pi).

    Args:
        residual: data minus model.
        variance: of the residual, from errors and scatter.

    Returns:
        1/2 sum of residual^2/variance + ln variance, for each star.

    References:
        Laroche & Speagle (2024), Eqs. 2-4, with sums in place of the printed means.
    """
    return 0.5 * (jnp.square(residual) / variance + jnp.log(variance)).sum(axis=-1)


def gaussian_blocks(
    residual: Float[Array, "n_star n_pix"],
    error: Float[Array, "n_star n_pix"],
    correlation: Float[Array, "n_star n_block n_pair"],
    scatter: Float[Array, "n_star n_pix"],
) -> tuple[Float[Array, " n_star"], Float[Array, " n_star"]]:
    """
    Chi^2 and negative log likelihood when pixels correlate within blocks (BP, RP).

    Gradients flow to the residual and the scatter; errors and correlations are data.

    Args:
        residual: data minus model.
        error: standard deviation of each pixel.
        correlation: of each block, its strict lower triangle row by row.
        scatter: independent standard deviation added to each pixel.

    Returns:
        For each star r^T V^-1 r with V = D C D + diag(scatter^2), and half of it and of
        ln det V (without the constant).
    """
    n_block = correlation.shape[-2]
    blocks = (*residual.shape[:-1], n_block, residual.shape[-1] // n_block)
    residual, error, scatter = (a.reshape(blocks) for a in (residual, error, scatter))
    covariance = symmetric(correlation, blocks[-1]) * error[..., :, None] * error[..., None, :]
    chi2, log_det = _chi2_and_log_det(residual, jnp.square(scatter), covariance)
    return chi2.sum(axis=-1), 0.5 * (chi2 + log_det).sum(axis=-1)


@jax.custom_vjp
def _chi2_and_log_det(residual, added, covariance):
    """r^T V^-1 r and ln det V with V = covariance + diag(added), over leading axes."""
    return _chi2_and_log_det_forward(residual, added, covariance)[0]


def _chi2_and_log_det_forward(residual, added, covariance):
    n = residual.shape[-1]
    lower = jnp.linalg.cholesky(
        covariance + added[..., :, None] * jnp.eye(n), symmetrize_input=False
    )
    identity = jnp.broadcast_to(jnp.eye(n), lower.shape)
    inverse = jax.scipy.linalg.solve_triangular(lower, identity, lower=True)
    white = (inverse @ residual[..., None])[..., 0]
    log_det = 2 * jnp.log(jnp.diagonal(lower, axis1=-2, axis2=-1)).sum(axis=-1)
    return (jnp.square(white).sum(axis=-1), log_det), (inverse, white)


def _chi2_and_log_det_backward(saved, slopes):
    """From V^-1 alone: its product with the residual and its diagonal."""
    inverse, white = saved
    of_chi2, of_log_det = (slope[..., None] for slope in slopes)
    solved = (jnp.swapaxes(inverse, -1, -2) @ white[..., None])[..., 0]
    diagonal = jnp.square(inverse).sum(axis=-2)
    added = of_log_det * diagonal - of_chi2 * jnp.square(solved)
    return 2 * of_chi2 * solved, added, jnp.zeros_like(inverse)


_chi2_and_log_det.defvjp(_chi2_and_log_det_forward, _chi2_and_log_det_backward)


def symmetric(triangle: Float[Array, "*batch n_pair"], n: int) -> Float[Array, "*batch n n"]:
    """
    Correlation matrices from their strict lower triangles, row by row; ones on the diagonal.

    Args:
        triangle: n (n - 1)/2 values: (1,0), (2,0), (2,1), (3,0), ...
        n: size of the matrix.

    Returns:
        Symmetric matrices.

    Raises:
        ValueError: if the triangle does not have n (n - 1)/2 values.
    """
    if triangle.shape[-1] != n * (n - 1) // 2:
        raise ValueError(
            f"{triangle.shape[-1]} correlations do not make a {n} x {n} matrix, which has "
            f"{n * (n - 1) // 2} below its diagonal"
        )
    row, column = np.tril_indices(n, -1)
    source = np.full((n, n), triangle.shape[-1])
    source[row, column] = source[column, row] = np.arange(len(row))
    padded = jnp.concatenate([triangle, jnp.ones_like(triangle[..., :1])], axis=-1)
    return padded[..., source]


def kl_standard_normal(
    mean: Float[Array, "n_star n_latent"], log_variance: Float[Array, "n_star n_latent"]
) -> Float[Array, "n_star n_latent"]:
    """
    Kullback-Leibler divergence of each latent normal from the standard one [nat].

    References:
        Kingma & Welling (2013), Appendix B; Laroche & Speagle (2024), Eq. 5.
    """
    return 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance)
