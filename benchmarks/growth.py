"""
How time and memory grow from 10^3 to 10^6 stars: the slope of the logarithms, 1 being linear.

    python benchmarks/growth.py                 all sizes; about 3 GB of memory
    python benchmarks/growth.py --most 100000   fewer

Each measurement is a process of its own. Preparation and inference stream over blocks of stars, as
the workflow does over the files of the sky: their peak memory must not depend on the number of
stars. Times are CPU seconds of all threads, which a busy machine does not change.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np

BLOCK = 10_000
"""Stars in memory at once in the streaming stages, about those of one file of the sky."""

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
N_INPUT = 110
BATCH = 500
BAR = 1.05


def blocks(n_star: int) -> Iterator[dict[str, np.ndarray]]:
    """Random coefficients, errors and fluxes, a block at a time."""
    random = np.random.default_rng(0)
    coefficients = random.normal(size=(min(BLOCK, n_star), N_INPUT))
    errors = np.abs(0.1 * coefficients) + 0.01
    for start in range(0, n_star, BLOCK):
        n = min(BLOCK, n_star - start)
        yield {"coefficients": coefficients[:n], "errors": errors[:n], "g_flux": np.ones(n)}


def preparation(n_star: int) -> float:
    """CPU seconds to choose and standardise the stars."""
    from starloom.training.scatter_vae import standardise, usable

    scaling = {"mean": np.zeros(N_INPUT), "std": np.ones(N_INPUT)}
    start = time.process_time()
    for block in blocks(n_star):
        usable(**block)
        standardise(**block, **scaling)
    return time.process_time() - start


def inference(n_star: int) -> float:
    """CPU seconds to encode the stars, compilation apart."""
    import jax

    from starloom.training.scatter_vae import Architecture, Model, init, predict, standardise

    architecture = Architecture()
    scaling = {"mean": np.zeros(N_INPUT), "std": np.ones(N_INPUT)}
    model = Model(architecture, *init(jax.random.key(0), architecture), **scaling)
    predict(model, standardise(**next(blocks(BLOCK)), **scaling))
    start = time.process_time()
    for block in blocks(n_star):
        predict(model, standardise(**block, **scaling))
    return time.process_time() - start


def training(n_star: int) -> float:
    """CPU seconds of an epoch with the data on the device, compilation apart."""
    import jax

    from starloom.training.epochs import compiled
    from starloom.training.scatter_vae import Architecture, init, loss, standardise

    architecture = Architecture()
    scaling = {"mean": np.zeros(N_INPUT), "std": np.ones(N_INPUT)}
    parts = [standardise(**block, **scaling) for block in blocks(n_star)]
    stars = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    few = {name: values[:BATCH] for name, values in stars.items()}
    run = compiled(
        lambda *given: loss(*given, architecture=architecture),
        lambda key: init(key, architecture),
        epochs=10**6,
        validate_epochs=10**6,
    )
    stars, few = jax.device_put((stars, few))
    rates = jax.device_put(np.full(10, 1e-4, np.float32))
    order = np.random.default_rng(0).permutation(n_star).astype(np.int32).reshape(1, -1, BATCH)
    key = jax.random.key(0)
    carry, seconds = run.start(key), []
    for epoch in range(3):  # the first call compiles
        start = time.process_time()
        carry, news = run.advance(carry, key, epoch, order, rates, stars, few)
        jax.block_until_ready(news)
        seconds.append(time.process_time() - start)
    return min(seconds[1:])


STAGES = {"preparation": preparation, "training": training, "inference": inference}


def measure(stage: str, n_star: int) -> tuple[float, float]:
    """CPU seconds, and peak memory [MB], of a stage in a process of its own."""
    command = [sys.executable, __file__, "--one", stage, str(n_star)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Print a table, and the slopes over the sizes from 10,000 stars on, where set-up is small."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        seconds = STAGES[given.one[0]](int(given.one[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps([seconds, peak]))
        return
    sizes = [size for size in SIZES if size <= given.most]
    print("| stage | " + " | ".join(f"{size:,}" for size in sizes) + " | slope | bar |")
    print("|---|" + "---|" * (len(sizes) + 2))
    for stage in STAGES:
        rows = np.array([measure(stage, size) for size in sizes])
        large = np.array(sizes) >= BLOCK
        slope = np.polyfit(np.log(np.array(sizes)[large]), np.log(rows[large, 0]), 1)[0]
        cells = " | ".join(f"{second:.3g} s, {peak:.0f} MB" for second, peak in rows)
        print(f"| {stage} | {cells} | {slope:.2f} | {'met' if slope <= BAR else 'MISSED'} {BAR} |")


if __name__ == "__main__":
    main()
