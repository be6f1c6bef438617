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
        used = np.flatnonzero(~self.blank & (matrix != 0).any(axis=0))
        # The pixels from the first to the last that the band contributes to; a slice, no list.
        self._extent = slice(used[0], used[-1] + 1) if len(used) else slice(0, 0)
        self._matrix = np.ascontiguousarray(matrix[:, self._extent])
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
            packed = np.empty(correlations.shape)
            for row in range(1, errors.shape[1]):
                of_row = slice(row * (row - 1) // 2, row * (row + 1) // 2)
                np.multiply(errors[:, :row], errors[:, row : row + 1], out=packed[:, of_row])
            packed *= correlations
            variance += packed @ self._products
        return self._spread(variance)

    def add_covariance(
        self,
        total: Float[np.ndarray, "n_star n_pixel n_pixel"],
        errors: Float[np.ndarray, "n_star n_base"],
        correlations: Float[np.ndarray, "n_star n_pair"],
        occupied: slice = slice(0, 0),
    ) -> slice:
        """
        Add this band's covariance of the fluxes to `total`, in place.

        Args:
            total: covariances in the square of the flux's unit.
            errors: of the coefficients.
            correlations: strict lower triangle, row by row.
            occupied: pixels where `total` is not zero yet.

        Returns:
            The pixels that this band fills.
        """
        own = self._extent
        shared = slice(max(own.start, occupied.start), max(own.start, min(own.stop, occupied.stop)))
        before = total[:, shared, shared].copy()
        half = _dense(errors, correlations, self._row, self._column) @ self._matrix
        np.matmul(self._matrix.T, half, out=total[:, own, own])
        total[:, shared, shared] += before
        total[:, self.blank] = np.nan
        total[:, :, self.blank] = np.nan
        return own

    def _spread(self, values):
        full = np.zeros((len(values), self.n_pixel))
        full[:, self._extent] = values
        full[:, self.blank] = np.nan
        return full


def _dense(errors, correlations, row, column):
    """Covariance matrices from errors and packed correlations."""
    n_star, n_base = errors.shape
    matrices = np.zeros((n_star, n_base, n_base))
    matrices[:, row, column] = correlations
    matrices += matrices.transpose(0, 2, 1)
    diagonal = np.arange(n_base)
    matrices[:, diagonal, diagonal] = 1
    matrices *= errors[:, :, None]
    matrices *= errors[:, None, :]
    return matrices
