"""H-band spectra from labels: stars per second of wall and of processor time, and the limit."""

import resource
import time

import jax
import jax.numpy as jnp
import numpy as np

from starloom.sky import apogee_noise, hband, hband_basis

N_STAR = 512
ROUNDS = 5


def stars():
    rng = np.random.default_rng(0)
    table = {
        "teff": rng.uniform(4000.0, 5200.0, N_STAR),
        "logg": rng.uniform(1.5, 3.3, N_STAR),
        "m_h": rng.uniform(-0.8, 0.3, N_STAR),
        "alpha_m": rng.uniform(0.0, 0.3, N_STAR),
        "star": np.arange(N_STAR),
    }
    names = (f"{name.lower()}_fe" for name in hband.ELEMENTS if name != "Fe")
    return table | {name: rng.normal(0.0, 0.1, N_STAR) for name in names}


def products():
    """The matrix products of the synthesis and nothing else: what the speed cannot pass."""
    vectors = jnp.asarray(hband_basis.basis().vectors)
    rows = jnp.ones((12 * hband.BATCH, vectors.shape[1]), jnp.float32)

    @jax.jit
    def run(rows):
        return jax.lax.map(lambda chunk: jnp.sum(rows @ chunk), vectors)

    return lambda: [run(rows).block_until_ready() for _ in range(N_STAR // hband.BATCH)]


def main():
    table = stars()
    magnitude, snr, visits = (np.full(N_STAR, value) for value in (11.5, 120.0, 3))
    tasks = {
        "synthesis": lambda: hband.spectra(table),
        "synthesis, noise, masks": lambda: apogee_noise.observe(table, magnitude, snr, visits, 1),
        "matrix products alone": products(),
    }
    print("| task | first call [s] | spectra/s | spectra per processor second |\n|---|---|---|---|")
    for name, run in tasks.items():
        first = time.perf_counter()
        run()
        first = time.perf_counter() - first
        walls, busy = [], []
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            walls.append(time.perf_counter() - wall)
            busy.append(time.process_time() - cpu)
        rates = N_STAR / np.median(walls), N_STAR / np.median(busy)
        print(f"| {name} | {first:.1f} | {rates[0]:.0f} | {rates[1]:.0f} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nPeak memory {peak:.2f} GB; bar: 1,200 spectra/s on two cores.")


if __name__ == "__main__":
    main()
