"""
Random numbers that belong to a star, not to the order in which stars are drawn.

Every number is a hash of (seed, star, name of the quantity): any chunk of stars, in any order,
gets the same numbers, and a new quantity leaves the others as they were.
"""

import zlib

import numpy as np
from scipy.special import ndtri

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Draws:
    """Uniform, normal and exponential numbers for each star of an array."""

    def __init__(self, seed: int, star: np.ndarray):
        """
        Prepare the draws.

        Args:
            seed: any integer of the run.
            star: star indices, shape (n_star,), integer, not negative.

        Raises:
            ValueError: if a star index is negative or not an integer.
        """
        star = np.asarray(star)
        if star.dtype.kind not in "iu" or (star.size and star.min() < 0):
            raise ValueError(f"star indices must be integers >= 0, not {star.dtype} {star[:3]}")
        start = _mix(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64) + GOLDEN)
        self._state = _mix(star.astype(np.uint64) * GOLDEN + start)

    def uniform(self, name: str, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """
        Uniform numbers, never exactly `low` or `high`.

        Args:
            name: the quantity; its name is part of the hash.
            low: lower edge.
            high: upper edge.

        Returns:
            Shape (n_star,).

        References:
            Steele, Lea & Flood (2014), SplitMix64: the mixing function.
        """
        key = np.uint64(zlib.crc32(name.encode()) * int(GOLDEN) % 2**64)
        bits = _mix(_mix(self._state ^ key) + key)
        unit = ((bits >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53
        return low + (high - low) * unit

    def normal(self, name: str, mean: float = 0.0, sigma: float = 1.0) -> np.ndarray:
        """Gaussian numbers, shape (n_star,), by inversion of the cumulative distribution."""
        return mean + sigma * ndtri(self.uniform(name))

    def exponential(self, name: str) -> np.ndarray:
        """Exponential numbers of mean 1, shape (n_star,)."""
        return -np.log(self.uniform(name))

    def poisson(self, name: str, mean: np.ndarray) -> np.ndarray:
        """Poisson counts, shape (n_star,), for small means; a count above 20 is cut to 20."""
        left = self.uniform(name)
        mean = np.broadcast_to(mean, left.shape)
        term = np.exp(-mean)
        count = np.zeros(left.shape, dtype=int)
        for k in range(1, 21):
            left = left - term
            count += left > 0
            term = term * mean / k
        return count

    def choice(self, name: str, weights: np.ndarray) -> np.ndarray:
        """Index drawn with the given weights, shape (n_star,); the weights need not add to 1."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return np.searchsorted(edges / edges[-1], self.uniform(name), side="right")


def _mix(bits: np.ndarray) -> np.ndarray:
    bits = bits ^ (bits >> np.uint64(30))
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits
