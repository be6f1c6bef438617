"""
Populations in a latent space of the papers' size: our clustering with its validity against the
library's HDBSCAN alone, in one run.

    python benchmarks/hdbscan.py
"""

import argparse

import numpy as np
from compare import alternate, table
from sklearn.cluster import HDBSCAN

from starloom.studies.cemp.populations import cluster

N_STAR, N_LATENT, ISLANDS = 58_872, 6, 7
SIZE, NEIGHBOURS = 200, 10


def latent() -> np.ndarray:
    """Seven islands on a broad sea, standardised."""
    random = np.random.default_rng(0)
    centres = 3 * random.normal(size=(ISLANDS, N_LATENT))
    home = random.integers(0, 2 * ISLANDS, N_STAR)
    z = 3 * random.normal(size=(N_STAR, N_LATENT))
    inside = home < ISLANDS
    z[inside] = centres[home[inside]] + 0.4 * random.normal(size=(inside.sum(), N_LATENT))
    return (z - z.mean(axis=0)) / z.std(axis=0)


def main(rounds: int) -> None:
    """Print the ratio of the rates."""
    z = latent()
    labels, _, value = cluster(z, SIZE, NEIGHBOURS, "eom")
    print(f"{labels.max() + 1} populations, noise {np.mean(labels < 0):.2f}, validity {value:.3f}")
    plain = HDBSCAN(min_cluster_size=SIZE, min_samples=NEIGHBOURS, copy=True)
    row = alternate(
        "HDBSCAN, 58,872 x 6, with validity",
        lambda: cluster(z, SIZE, NEIGHBOURS, "eom"),
        lambda: plain.fit(z),
        items=N_STAR,
        bar=0.9,
        peer_name="scikit-learn",
        rounds=rounds,
    )
    print(table([row]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    main(parser.parse_args().rounds)
