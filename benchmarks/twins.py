"""
Twin ranking: 50,000 stars against all others in 20 dimensions, exact, against scikit-learn.

    python benchmarks/twins.py              both in turn, and the peak memory of ours
    python benchmarks/twins.py --stars N
"""

import argparse
import resource
import time

import numpy as np
from compare import alternate, table
from threadpoolctl import threadpool_limits

from starloom.studies.tagging.twins import ranks

N_LATENT = 20
QUERIES = 2000
"""Stars that the peer is asked for: its cost is linear in them."""


def pairs(n_star: int) -> np.ndarray:
    """Latents of twins, as noisy as the demo's at SNR 50."""
    rng = np.random.default_rng(0)
    z = np.repeat(rng.normal(size=(n_star // 2, N_LATENT)), 2, axis=0)
    return (z + 0.4 * rng.normal(size=z.shape)).astype(np.float32)


def by_scikit_learn(z: np.ndarray, query: np.ndarray) -> np.ndarray:
    """The same counts from scikit-learn's brute-force distances, in chunks of bounded memory."""
    from sklearn.metrics import pairwise_distances_chunked

    twin = query ^ 1

    def counts(distance, start):
        own = np.arange(start, start + len(distance))
        limit = distance[np.arange(len(distance)), twin[own]]
        nearer = distance < limit[:, None]
        nearer[np.arange(len(distance)), query[own]] = False
        return nearer.sum(axis=1)

    return np.concatenate(list(pairwise_distances_chunked(z[query], z, reduce_func=counts)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--stars", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    z, rows = pairs(given.stars), np.arange(given.stars)
    ranks(z[:8192], rows[:512], rows[:512] ^ 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    found = ranks(z, rows, rows ^ 1)
    print(
        f"{given.stars} x {given.stars} x {N_LATENT}: {time.perf_counter() - start:.1f} s, "
        f"{time.process_time() - cpu:.1f} processor seconds; peak memory "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB "
        f"({before / 2**20:.2f} before); {np.mean(found == 0):.3f} found first"
    )
    query = rows[:QUERIES]
    differ = by_scikit_learn(z, query) != found[:QUERIES]
    print(f"{differ.sum()} of {QUERIES} counts differ from scikit-learn's float32 distances")
    row = alternate(
        f"twin ranking, {given.stars} stars",
        lambda: ranks(z, rows, rows ^ 1),
        lambda: by_scikit_learn(z, query),
        items=given.stars,
        peer_items=QUERIES,
        bar=3.0,
        peer_name="scikit-learn brute force",
        rounds=given.rounds,
        flop_per_item=2.0 * given.stars * N_LATENT,
    )
    print(table([row]))


if __name__ == "__main__":
    with threadpool_limits(2, "blas"):
        main()
