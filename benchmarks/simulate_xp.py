"""
Simulated XP spectra a second: labels to coefficients with errors, and the spectra on the way.

The peer does a part of the same work the plain way, the light of given layers with NumPy, star by
star; ours starts from the labels. The bar on the rate is printed below the ratio, for each second
of processor time on two cores, which is what an idle pair gives.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from compare import alternate, table

from starloom.sky import atmosphere, chemistry, optical, optical_basis, xp

N_STAR = 1024
PEERS = 8
BAR = 2000.0


def main():
    stars = giants(N_STAR)
    labels, names = optical.label_arrays(stars)
    blocks = np.split(labels, N_STAR // optical.BATCH)
    layers = layers_of(labels[: optical.BATCH], names)
    vectors = flat_vectors()
    row = alternate(
        "surface spectra",
        lambda: [shine(block, names) for block in blocks],
        lambda: [plain_light(*(part[i] for part in layers), *vectors) for i in range(PEERS)],
        items=N_STAR,
        peer_items=PEERS,
        bar=5,
        peer_name="light of given layers, NumPy",
        rounds=5,
    )
    print(table([row]))
    spectra = processor_rate(lambda: [shine(block, names) for block in blocks])
    coefficients = processor_rate(lambda: xp.observe(stars, seed=1))
    print(f"surface spectra: {spectra:.0f} for each second of two cores")
    print(f"XP spectra with errors: {coefficients:.0f} for each second of two cores, bar {BAR:.0f}")


def giants(n):
    """Labels of giants between 3800 and 5200 K."""
    draw = np.random.default_rng(0)
    return {
        "teff": draw.uniform(3800, 5200, n),
        "logg": draw.uniform(0.8, 3.3, n),
        "m_h": draw.normal(-0.3, 0.4, n),
        "alpha_m": draw.uniform(0, 0.3, n),
        "c_fe": draw.normal(0, 0.1, n),
        "n_fe": draw.normal(0.2, 0.1, n),
        "radius_rsun": draw.uniform(5, 30, n),
        "distance_pc": 10 ** draw.uniform(2.7, 3.8, n),
        "a_v": draw.exponential(0.3, n),
        "r_v": draw.normal(3.1, 0.12, n),
        "star": np.arange(n),
    }


def shine(block, names):
    """Spectra of one batch, waited for."""
    return jax.block_until_ready(optical.spectra_batch(block, names))


def layers_of(labels, names):
    """Weights, temperatures and columns of the layers of a batch."""
    x_fe = {name[:-3]: labels[:, k] for k, name in enumerate(names) if name.endswith("_fe")}
    abundance = chemistry.abundances(jnp.asarray(labels[:, 2]), jnp.asarray(labels[:, 3]), x_fe)
    model = jax.jit(atmosphere.model)(labels[:, 0], labels[:, 1], abundance)
    gas = jax.jit(chemistry.equilibrium)(
        model.temperature, model.pressure,
        jnp.broadcast_to(abundance[:, None], (*model.temperature.shape, abundance.shape[1])),
    )  # fmt: skip
    weight = optical.weights(optical_basis.basis(), model.temperature, gas)
    return np.asarray(weight), np.asarray(model.temperature), np.asarray(model.column)


def flat_vectors():
    """All vectors over the whole grid, and the wavelengths."""
    basis = optical_basis.basis()
    vectors = basis.vectors.transpose(1, 0, 2).reshape(basis.vectors.shape[1], -1)
    return vectors, basis.grid.ravel(), basis.n_true


def plain_light(weight, temperature, column, vectors, wave, n_true):
    """Emergent light of one star's layers."""
    factor = np.exp(-1.438777e7 / wave / temperature[:, None])
    opacity = (1 - factor) * (weight[:, :n_true] @ vectors[:n_true])
    opacity = opacity + weight[:, n_true:] @ vectors[n_true:]
    source = factor / (1 - factor)
    steps = 0.5 * (opacity[1:] + opacity[:-1]) * np.diff(column)[:, None]
    tau = 1.66 * np.concatenate([opacity[:1] * column[0], steps]).cumsum(axis=0)
    escape = np.exp(-tau)
    mean = -np.diff(escape, axis=0) / np.maximum(np.diff(tau, axis=0), 1e-6)
    return source[0] + np.sum(np.diff(source, axis=0) * mean, axis=0)


def processor_rate(work):
    """Stars for each second of processor time of two cores, after one call to compile."""
    work()
    start = time.process_time()
    work()
    return 2 * N_STAR / (time.process_time() - start)


if __name__ == "__main__":
    main()
