"""Whether members of a cluster, born of one cloud, are each other's doppelgangers."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from starloom.studies.tagging.twins import nearest

SHUFFLES = 500
"""Draws of the same numbers of stars from the field, to say what chance gives."""


def statistics(
    z: Float[np.ndarray, "n_star n_latent"],
    cluster: Int[np.ndarray, " n_star"],
    seed: int,
    neighbours: int = 10,
) -> dict[str, dict]:
    """
    How near cluster members are to each other in the latent, against chance.

    Args:
        z: latents of all giants.
        cluster: of each, -1 in the field.
        seed: of the draws.
        neighbours: of a star, among which members are looked for.

    Returns:
        By name what `Number` takes (value, unit, definition, error, n): `rank`, the median share
        of all stars that lie nearer to a member than another member of its cluster, `rank_sigma`,
        how many standard deviations of random groups of the same sizes that lies below theirs,
        `auc` of pairs within against pairs outside, and `hits`, the excess of members among the
        nearest neighbours over chance. Empty where no cluster has two members.
    """
    cluster = np.asarray(cluster)
    names, counts = np.unique(cluster[cluster >= 0], return_counts=True)
    groups = [np.flatnonzero(cluster == name) for name in names[counts > 1]]
    if not groups:
        return {}
    members = np.concatenate(groups)
    sizes = np.array([len(group) for group in groups])
    n_pair = int((sizes * (sizes - 1)).sum())
    rank = _ranks(z, groups)
    rng = np.random.default_rng(seed)
    chance = [
        np.median(_ranks(z, np.split(rows, np.cumsum(sizes)[:-1])))
        for rows in (rng.choice(len(z), len(members), replace=False) for _ in range(SHUFFLES))
    ]
    value, middle, spread = float(np.median(rank)), np.mean(chance), np.std(chance)
    rows = nearest(z, neighbours)[0][members]
    hits = (cluster[rows] == cluster[members][:, None]).sum()
    expected = n_pair * rows.shape[1] / (len(z) - 1)
    about = f"{len(members)} members of {len(groups)} open clusters among {len(z)} giants"
    entry = {"n": len(members)}
    return {
        "rank": entry
        | {
            "value": value,
            "unit": "1",
            "error": float(spread),
            "definition": f"median share of giants nearer in the latent than a sibling; {about}; "
            f"{middle:.3f} for random groups, whose spread is the error",
        },
        "rank_sigma": entry
        | {
            "value": float((middle - value) / spread),
            "unit": "sigma",
            "definition": f"how far the median rank of siblings lies below that of {SHUFFLES} "
            f"random groups of the same sizes; {about}",
        },
        "auc": entry
        | {
            "value": float(1 - np.mean(rank)),
            "unit": "1",
            "definition": f"chance that a sibling lies nearer than another giant; {about}",
        },
        "hits": entry
        | {
            "value": float(hits / expected),
            "unit": "1",
            "error": float(np.sqrt(max(hits, 1)) / expected),
            "definition": f"siblings among the {rows.shape[1]} nearest giants over what chance "
            f"gives ({hits} over {expected:.2f}); {about}",
        },
    }


def _ranks(z, groups):
    """For each ordered pair of a group: share of all other stars nearer than the sibling."""
    found = []
    for rows in groups:
        distance = np.square(z[rows][:, None, :] - z[None]).sum(axis=2)
        siblings = distance[:, rows]
        order = np.sort(distance, axis=1)
        for i, values in enumerate(siblings):
            others = np.delete(values, i)
            found.append((np.searchsorted(order[i], others) - 1) / (len(z) - 2))
    return np.concatenate(found)


def membership(
    source_id: Int[np.ndarray, " n_star"], truth: Mapping[str, np.ndarray]
) -> Int[np.ndarray, " n_star"]:
    """
    Cluster of each star, -1 in the field.

    Raises:
        ValueError: if a star is not among the true ones.
    """
    order = np.argsort(truth["source_id"], kind="stable")
    place = np.searchsorted(truth["source_id"], source_id, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    if (truth["source_id"][rows] != source_id).any():
        raise ValueError("a giant is not among the stars of the truth: of another sky?")
    return np.asarray(truth["cluster"])[rows].astype(np.int64)
