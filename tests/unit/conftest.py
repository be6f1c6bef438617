"""Simulated spectra with the make-up of XP's, and a scatter VAE trained on them."""

import numpy as np
import pytest

N_BAND = 10


def simulate(n_star, seed):
    """
    Coefficients of two bands from three hidden properties, smooth and not linear.

    Errors differ over three decades between stars and coefficients, and part of the stars' spread
    has no hidden cause.
    """
    world, rng = np.random.default_rng(99), np.random.default_rng(seed)
    order = np.tile(np.arange(N_BAND), 2)
    inner, shift = world.normal(size=(3, 30)), world.normal(size=30)
    outer = world.normal(size=(30, 2 * N_BAND)) * np.exp(-order / 4)
    hidden = rng.normal(size=(n_star, 3)) * [1.5, 1.0, 0.5]
    clean = 3 * np.exp(-order / 3) + 0.2 * np.tanh(0.4 * hidden @ inner + shift) @ outer
    clean = clean + 0.02 * rng.normal(size=clean.shape) * np.exp(-order / 4)
    faint = 10 ** rng.uniform(-1.5, 0.5, n_star)[:, None]
    error = faint * 0.03 * np.exp(0.3 * rng.normal(size=clean.shape) - order / 8)
    flux = np.exp(rng.normal(9, 1, n_star))
    observed = clean + error * rng.normal(size=clean.shape)
    return {
        "coefficients": observed * flux[:, None],
        "errors": error * flux[:, None],
        "g_flux": flux,
    }


@pytest.fixture(scope="session")
def xp_simulator():
    """The function `simulate`."""
    return simulate


@pytest.fixture(scope="session")
def architecture():
    """A small network of the same kind."""
    from starloom.training import scatter_vae as vae

    return vae.Architecture(n_input=2 * N_BAND, widths=(32, 24, 12), latent=4)


@pytest.fixture(scope="session")
def stars():
    """Training, validation and test stars, normalised, with their scaling."""
    from starloom.training import scatter_vae as vae

    raw = simulate(5600, 1)
    split = np.repeat([0, 1, 2], [4000, 600, 1000])
    ready, _, mean, std, _ = vae.prepare(**raw, training=split == 0)
    return [{k: v[split == part] for k, v in ready.items()} for part in range(3)], mean, std


@pytest.fixture(scope="session")
def trained(stars, architecture):
    """A model of the simulated spectra, with its fit."""
    from starloom.training import scatter_vae as vae

    (seen, unseen, _), mean, std = stars
    settings = vae.Settings(
        batch=250, epochs=240, learning_rate=5e-3, restart_epochs=240, validate_epochs=10
    )
    given = {"mean": mean, "std": std, "architecture": architecture, "settings": settings}
    model, fit = vae.train(seen, unseen, **given, seed=3)
    return vae.with_reference(model, seen, unseen, seed=3), fit
