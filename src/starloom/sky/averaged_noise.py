"""Noise of a mean of independent powers: gamma numbers from normal ones, one for each bin."""

from functools import lru_cache

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.special import gammaincinv, ndtr

Z_MAX = 5.0
Z_STEPS = 160
S_STEPS = 32


def gamma_mean(
    normal: Float[Array, " n_bin"], shape: Float[Array, " n_bin"]
) -> Float[Array, " n_bin"]:
    """
    Gamma-distributed numbers of mean 1, by inversion of the cumulative distribution.

    The mean of n powers of a noise spectrum, each exponentially distributed, is one of shape n.

    Args:
        normal: standard normal numbers; beyond 5 they are taken as 5.
        shape: shapes, 1 or larger; the variance is 1 over the shape.

    Returns:
        Numbers above zero; the distribution is right to 0.1 %.

    References:
        Wilson & Hilferty (1931), PNAS 17, 684: the cube root is nearly normal. What that leaves
        is interpolated in a table of the exact inverse.
    """
    s = 1.0 / jnp.sqrt(shape)
    z = jnp.clip(normal, -Z_MAX, Z_MAX)
    column = (z + Z_MAX) * (Z_STEPS / (2.0 * Z_MAX))
    row = jnp.clip(s, 0.0, 1.0) * S_STEPS
    i = jnp.clip(row.astype(jnp.int32), 0, S_STEPS - 1)
    j = jnp.clip(column.astype(jnp.int32), 0, Z_STEPS - 1)
    down, along = row - i, column - j
    table = jnp.asarray(_table())
    place = i * (Z_STEPS + 1) + j
    near = (1.0 - along) * table[place] + along * table[place + 1]
    far = (1.0 - along) * table[place + Z_STEPS + 1] + along * table[place + Z_STEPS + 2]
    root = 1.0 - s**2 / 9.0 + s * z / 3.0 + (1.0 - down) * near + down * far
    return jnp.maximum(root, 1e-3) ** 3


@lru_cache(maxsize=1)
def _table() -> np.ndarray:
    """Exact cube roots less Wilson and Hilferty's, flat, by 1 / sqrt(shape) and normal number."""
    s = np.linspace(0.0, 1.0, S_STEPS + 1)[1:, None]
    z = np.linspace(-Z_MAX, Z_MAX, Z_STEPS + 1)
    exact = np.cbrt(gammaincinv(s**-2.0, ndtr(z)) * s**2)
    rest = exact - (1.0 - s**2 / 9.0 + s * z / 3.0)
    return np.vstack([np.zeros(Z_STEPS + 1), rest]).ravel().astype(np.float32)
