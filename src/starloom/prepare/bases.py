"""Basis functions sampled on a grid: fluxes, variances and covariances of many stars at once."""

import numpy as np
from jaxtyping import Float


class Bases:
    """One band's basis functions sampled on a grid; fluxes and errors that they give."""

    def __init__(self, matrix: Float[np.ndarray, "n_base n_pixel"]):
        """
        Prepare the products for fluxes and variances.

        Args:
            matrix: flux of each basis function at each pixel; NaN where the band has no say.
        """
        self.n_pixel = matrix.shape[1]
        self.blank = np.isnan(matrix).any(axis=0)
        self._used = np.flatnonzero(~self.blank & (matrix != 0).any(axis=0))
        self._matrix = np.ascontiguousarray(matrix[:, self._used])
        self._row, self._column = np.tril_indices(len(matrix), -1)
        self._squares = self._matrix**2
        self._products = 2 * self._matrix[self._row] * self._matrix[self._column]

    def flux(self, coefficients: Float[np.ndarray, "n_star n_base"]) -> np.ndarray:
        """Flux at each pixel (n_star, n_pixel)."""
        return self._spread(coefficients @ self._matrix)

    def variance(
        self,
        errors: Float[np.ndarray, "n_star n_base"],
        correlations: Float[np.ndarray, "n_star n_pair"] | None = None,
    ) -> Float[np.ndarray, "n_star n_pixel"]:
        """
        Variance of the flux at each pixel.

        The diagonal of A^T C A is linear in the entries of C: one product of the packed triangle
        with a fixed matrix replaces two products of matrices for each star.

        Args:
            errors: of the coefficients.
            correlations: strict lower triangle, row by row; None for independent coefficients.

        Returns:
            Variance in the square of the flux's unit.
        """
        variance = errors**2 @ self._squares
        if correlations is not None:
            packed = errors[:, self._row]
            packed *= errors[:, self._column]
            packed *= correlations
            variance += packed @ self._products
        return self._spread(variance)

    def add_covariance(
        self,
        total: Float[np.ndarray, "n_star n_pixel n_pixel"],
        errors: Float[np.ndarray, "n_star n_base"],
        correlations: Float[np.ndarray, "n_star n_pair"],
    ) -> None:
        """Add this band's covariance of the fluxes to `total`, in place."""
        n_star, n_base = errors.shape
        matrices = np.zeros((n_star, n_base, n_base))
        matrices[:, self._row, self._column] = correlations
        matrices += matrices.transpose(0, 2, 1)
        matrices[:, np.arange(n_base), np.arange(n_base)] = 1
        matrices *= errors[:, :, None]
        matrices *= errors[:, None, :]
        half = (matrices.reshape(-1, n_base) @ self._matrix).reshape(n_star, n_base, -1)
        low, high = (self._used[0], self._used[-1] + 1) if len(self._used) else (0, 0)
        block = np.matmul(self._matrix.T, half)
        if high - low == len(self._used):
            total[:, low:high, low:high] += block
        else:
            total[:, self._used[:, None], self._used] += block
        total[:, self.blank] = np.nan
        total[:, :, self.blank] = np.nan

    def _spread(self, values):
        full = np.zeros((len(values), self.n_pixel))
        full[:, self._used] = values
        full[:, self.blank] = np.nan
        return full
