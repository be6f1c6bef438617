"""Whether populations differ: energy distances with permutation tests, and median spectra."""

import itertools
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

MOST = 400
"""Stars of a population that enter a test: its cost grows with their square."""


def energy_test(
    one: Float[np.ndarray, "n_one n_dim"],
    two: Float[np.ndarray, "n_two n_dim"],
    *,
    seed: int,
    permutations: int,
) -> tuple[float, float]:
    """
    Energy distance of two samples, and how often chance reaches it.

    Args:
        one: first sample.
        two: second sample.
        seed: of the permutations.
        permutations: how many; the smallest p value is 1 / (permutations + 1).

    Returns:
        2 E|X - Y| - E|X - X'| - E|Y - Y'|, at least 0; and the p value.

    References:
        Szekely & Rizzo (2013), Eq. 5 and Sec. 6.
    """
    pooled = np.concatenate([one, two])
    distance = cdist(pooled, pooled)
    weight = np.concatenate([np.full(len(one), 1 / len(one)), np.full(len(two), -1 / len(two))])
    rng = np.random.default_rng(seed)
    weights = np.stack([weight, *(rng.permutation(weight) for _ in range(permutations))], axis=1)
    values = -np.einsum("ij,ij->j", weights, distance @ weights)
    reached = np.sum(values[1:] >= values[0] * (1 - 1e-12))
    return float(max(values[0], 0.0)), float((1 + reached) / (1 + permutations))


def pairwise(
    spaces: Mapping[str, Float[np.ndarray, "n_star n_dim"]],
    labels: Int[np.ndarray, " n_star"],
    *,
    seed: int,
    permutations: int,
) -> list[dict]:
    """
    Energy tests of every pair of populations in every space.

    Args:
        spaces: coordinates by name, each dimension of a like scale; stars with a NaN are left out.
        labels: population of each star, -1 for noise, which is not tested.
        seed: of the choice of at most `MOST` stars a population, and of the permutations.
        permutations: of each test.

    Returns:
        Records `space`, `one`, `two`, `n_one`, `n_two`, `distance`, `p`; pairs with fewer than
        five stars on a side are left out.
    """
    found = []
    for space, values in spaces.items():
        rng = np.random.default_rng(seed)
        finite = np.isfinite(values).all(axis=1)
        members = []
        for group in range(int(labels.max()) + 1):
            rows = np.flatnonzero(finite & (labels == group))
            members.append(np.sort(rng.permutation(rows)[:MOST]))
        for one, two in itertools.combinations(range(len(members)), 2):
            a, b = values[members[one]], values[members[two]]
            if min(len(a), len(b)) < 5:
                continue
            distance, p = energy_test(a, b, seed=seed, permutations=permutations)
            record = {"space": space, "one": one, "two": two, "n_one": len(a), "n_two": len(b)}
            found.append(record | {"distance": distance, "p": p})
    return found


def spaces(
    flux: Float[np.ndarray, "n_star n_pixel"], stars: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    Coordinates in which populations are compared.

    Args:
        flux: spectra over their G flux.
        stars: `bp_rp`, `phot_g_mean_mag` [mag], `parallax`, `parallax_error` [mas], `ra`, `dec`
            [deg].

    Returns:
        `spectrum`: flux in units of its spread over the stars at each pixel; `colour_magnitude`:
        BP - RP and M_G in units of their spread; `sky`: unit vectors.
    """
    colour = np.stack([stars["bp_rp"], absolute_magnitude(stars)], axis=1)
    ra, dec = np.deg2rad(stars["ra"]), np.deg2rad(stars["dec"])
    unit = [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    return {
        "spectrum": flux / np.nanstd(flux, axis=0),
        "colour_magnitude": colour / np.nanstd(colour, axis=0),
        "sky": np.stack(unit, axis=1),
    }


def absolute_magnitude(stars: Mapping[str, np.ndarray]) -> Float[np.ndarray, " n_star"]:
    """M_G [mag] by the inverse of a parallax of at least five sigma, dust left in; else NaN."""
    parallax = np.asarray(stars["parallax"], float)
    with np.errstate(invalid="ignore", divide="ignore"):
        good = parallax > 5 * stars["parallax_error"]
        return np.where(good, stars["phot_g_mean_mag"] + 5 * np.log10(parallax / 100), np.nan)


def median_spectra(
    flux: Float[np.ndarray, "n_star n_pixel"], labels: Int[np.ndarray, " n_star"]
) -> dict[str, np.ndarray]:
    """
    Median spectrum of each population with its band, and its difference from all others.

    Args:
        flux: spectra over their G flux.
        labels: population of each star, -1 for noise, which counts among the others.

    Returns:
        `population`, `n`; `low`, `median`, `high` (16th, 50th, 84th percentile) and
        `difference`, median minus that of the others; each (n_population, n_pixel).
    """
    groups = np.arange(int(labels.max()) + 1)
    rows: dict[str, list] = {name: [] for name in ("n", "low", "median", "high", "difference")}
    for group in groups:
        own, rest = flux[labels == group], flux[labels != group]
        low, median, high = np.nanpercentile(own, [15.865, 50, 84.135], axis=0)
        other = np.nanmedian(rest, axis=0) if len(rest) else np.full(flux.shape[1], np.nan)
        values = (len(own), low, median, high, median - other)
        for name, value in zip(rows, values, strict=True):
            rows[name].append(value)
    shape = (len(groups), flux.shape[1])
    arrays = {n: np.array(v).reshape(shape if n != "n" else -1) for n, v in rows.items()}
    return {"population": groups} | arrays
