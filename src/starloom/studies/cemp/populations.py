"""Populations in a latent space: HDBSCAN, its validity and stability, and the choice of both."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

Latent = Float[np.ndarray, "n_star n_latent"]
Labels = Int[np.ndarray, " n_star"]


def standardised(mean: Latent, least_variance: float) -> tuple[Latent, int]:
    """
    Latent means with zero mean and unit width in each dimension that says something.

    Args:
        mean: latent means, one row a star.
        least_variance: dimensions of less variance hold the prior alone, and would be blown up
            to noise as wide as the others; 0 keeps all.

    Returns:
        The latent means, standardised; how many dimensions were left out.
    """
    variance = mean.var(axis=0, dtype=np.float64)
    active = variance > least_variance if (variance > least_variance).any() else variance > 0
    kept = np.asarray(mean[:, active], np.float64)
    return (kept - kept.mean(axis=0)) / kept.std(axis=0), int((~active).sum())


def cluster(
    z: Latent, min_cluster_size: int, min_samples: int, method: str
) -> tuple[Labels, Float[np.ndarray, " n_star"], float]:
    """
    HDBSCAN, with the relative validity of what it found.

    Args:
        z: standardised latent means.
        min_cluster_size: fewest stars of a population.
        min_samples: neighbours that make a star dense.
        method: `eom` (most persistent) or `leaf` (finest) clusters of the tree.

    Returns:
        Population of each star from 0, -1 for noise, the largest population first; strength of
        membership, 0 to 1; validity. All noise where the stars are fewer than asked for.

    References:
        Campello, Moulavi & Sander (2013).
    """
    if len(z) <= max(min_cluster_size, min_samples):
        return np.full(len(z), -1), np.zeros(len(z)), 0.0
    found = HDBSCAN(
        min_cluster_size=max(2, min_cluster_size),
        min_samples=min_samples,
        cluster_selection_method=method,
        copy=True,
    ).fit(z)
    labels = found.labels_
    sizes = np.bincount(labels[labels >= 0])
    rank = np.argsort(np.argsort(-sizes, kind="stable"), kind="stable")
    ordered = np.where(labels >= 0, np.append(rank, -1)[labels], -1)
    tree = found._single_linkage_tree_
    value = validity(ordered, tree["left_node"], tree["right_node"], tree["value"])
    return ordered, found.probabilities_, value


def validity(
    labels: Labels,
    left: Int[np.ndarray, " n_merge"],
    right: Int[np.ndarray, " n_merge"],
    height: Float[np.ndarray, " n_merge"],
) -> float:
    """
    Relative density-based validity, from the tree of mutual reachability.

    A population's sparseness is the height at which its last stars join; its separation the
    height at which it first joins stars of another.

    Args:
        labels: population of each star, -1 for noise.
        left, right: what each merge joins: stars below n_star, merge k as n_star + k.
        height: of each merge, increasing.

    Returns:
        Sum over populations of their share of all stars times (separation - sparseness) / larger
        of both, -1 to 1; 0 with fewer than two populations.

    References:
        Moulavi et al. (2014), Eqs. 2-6, on the tree of all stars instead of one for each cluster.
    """
    n_star, n_group = len(labels), int(labels.max()) + 1
    if n_group < 2:
        return 0.0
    sparse, apart = np.zeros(n_group), np.full(n_group, np.inf)
    held = {row: {int(label)} if label >= 0 else set() for row, label in enumerate(labels)}
    for row, (one, two, value) in enumerate(zip(left, right, height, strict=True)):
        first, second = held.pop(int(one)), held.pop(int(two))
        both = first | second
        if len(both) > 1:
            for group in both:
                apart[group] = min(apart[group], value)
        for group in first & second:
            sparse[group] = value
        held[n_star + row] = both
    share = np.bincount(labels[labels >= 0], minlength=n_group) / n_star
    larger = np.maximum(np.maximum(sparse, apart), np.finfo(float).tiny)
    return float(np.sum(share * (apart - sparse) / larger))


def agreement(one: Labels, two: Labels) -> float:
    """Adjusted Rand index of two clusterings of the same stars; noise is a group of its own."""
    return float(adjusted_rand_score(one, two))


def sweep(
    latents: Sequence[Latent],
    sizes: Sequence[int],
    samples: Sequence[int],
    methods: Sequence[str],
    *,
    bootstraps: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """
    Every setting of HDBSCAN, how valid and how stable its populations are.

    Args:
        latents: standardised latent means of the same stars by models that differ in their seed;
            the first is clustered, the others say how stable it is.
        sizes: values of min_cluster_size.
        samples: values of min_samples.
        methods: `eom`, `leaf` or both.
        bootstraps: how often the stars are drawn with replacement; repetitions, which would be
            infinitely dense, are dropped, and min_cluster_size shrinks with the sample.
        seed: of the draws.

    Returns:
        Columns, one row a setting: `method`, `min_cluster_size`, `min_samples`, `populations`,
        `noise` (share), `validity`, `seed_ari`, `bootstrap_ari` (means of the adjusted Rand
        index against the first latent's populations; NaN without), `bootstrap_sigma`, and
        `stability`, the mean of those that there are.
    """
    rng = np.random.default_rng(seed)
    n_star = len(latents[0])
    draws = [np.unique(rng.integers(0, n_star, n_star)) for _ in range(bootstraps)]
    rows = []
    for method, size, neighbours in itertools.product(methods, sizes, samples):
        labels, _, value = cluster(latents[0], size, neighbours, method)
        others = [agreement(labels, cluster(z, size, neighbours, method)[0]) for z in latents[1:]]
        again = []
        for chosen in draws:
            smaller = max(2, round(size * len(chosen) / n_star))
            found = cluster(latents[0][chosen], smaller, neighbours, method)[0]
            again.append(agreement(labels[chosen], found))
        means = [float(np.mean(part)) if part else np.nan for part in (others, again)]
        rows.append(
            {
                "method": method,
                "min_cluster_size": size,
                "min_samples": neighbours,
                "populations": int(labels.max()) + 1,
                "noise": float(np.mean(labels < 0)),
                "validity": value,
                "seed_ari": means[0],
                "bootstrap_ari": means[1],
                "bootstrap_sigma": float(np.std(again)) if again else np.nan,
                "stability": float(np.nanmean([*means, 0.0] if np.isnan(means).all() else means)),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def choose(swept: Mapping[str, np.ndarray], least_stability: float) -> int:
    """
    The setting to use: the most valid of those stable enough.

    Args:
        swept: of `sweep`.
        least_stability: where no setting with two populations reaches it, the most stable counts.

    Returns:
        Row of `swept`; 0 where no setting finds two populations.
    """
    several = swept["populations"] >= 2
    if not several.any():
        return 0
    stable = several & (swept["stability"] >= least_stability)
    if stable.any():
        return int(np.argmax(np.where(stable, swept["validity"], -np.inf)))
    return int(np.argmax(np.where(several, swept["stability"], -np.inf)))


def by_magnitude(
    z: Latent,
    magnitude: Float[np.ndarray, " n_star"],
    labels: Labels,
    setting: Mapping[str, int | str],
    bins: int,
) -> list[dict[str, float]]:
    """
    The same clustering within bins of G with equally many stars.

    Args:
        z: standardised latent means.
        magnitude: G [mag]; stars without are left out.
        labels: populations of all stars together.
        setting: `min_cluster_size` (shrunk with the sample), `min_samples`, `method`.
        bins: how many.

    Returns:
        For each bin from bright to faint: `low`, `high` [mag], `n`, `populations`, `noise`, and
        `ari` against the populations of all stars.
    """
    found = []
    there = np.flatnonzero(np.isfinite(magnitude))
    for rows in np.array_split(there[np.argsort(magnitude[there], kind="stable")], bins):
        if not len(rows):
            continue
        size = max(2, round(setting["min_cluster_size"] * len(rows) / len(z)))
        own = cluster(z[rows], size, setting["min_samples"], setting["method"])[0]
        found.append(
            {
                "low": float(magnitude[rows].min()),
                "high": float(magnitude[rows].max()),
                "n": len(rows),
                "populations": int(own.max()) + 1,
                "noise": float(np.mean(own < 0)),
                "ari": agreement(labels[rows], own),
            }
        )
    return found
