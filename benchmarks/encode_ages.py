"""
The age study's encoder over a whole survey: rows in chunks, time and peak memory.

    python benchmarks/encode_ages.py --rows 733901      rows of DR17, one chunk of spectra repeated

The network has the paper's size; time does not depend on the weights.
"""

import argparse
import resource
import time

import jax
import numpy as np

from starloom.models import encoder_decoder as network
from starloom.studies import ages

CHUNK = 1024


def model(members: int) -> ages.Model:
    """Networks of the paper's size with fresh weights."""
    architecture = ages.Architecture()
    keys = jax.random.split(jax.random.key(0), members)
    params = jax.vmap(lambda key: network.build(key)[1])(keys)
    zero, one = np.zeros(7514), np.ones(7514)
    return ages.Model(architecture, params, zero, one, np.zeros((0, 7514)), np.zeros(2092))


def main(rows: int, members: int) -> None:
    """Encode `rows` spectra and print rate and peak memory."""
    flux = np.random.default_rng(0).normal(1, 0.05, (CHUNK, 7514)).astype(np.float32)
    networks, done = model(members), 0
    latent = np.empty((rows, members, 5), np.float32)
    ages.encode(networks, flux)
    start = time.perf_counter()
    while done < rows:
        count = min(CHUNK, rows - done)
        latent[done : done + count] = ages.encode(networks, flux[:count])["latent_mean"]
        done += count
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{rows} rows, {members} networks: {rows / seconds:.3g} rows/s, peak {peak:.2f} GiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--members", type=int, default=1)
    given = parser.parse_args()
    main(given.rows, given.members)
