"""Times beside the paper's: stars are repeated, seconds of a step make those of a training."""

import jax
import numpy as np
import pytest

from starloom.studies.scatter_vae import times
from starloom.training import scatter_vae as vae


def test_seconds_of_a_step_make_a_training_and_errors_are_the_spread():
    found = {n.id: n for n in times.numbers(np.array([2.0, 3.0, 7.0]), np.array([1.0, 2.0, 3.0]))}
    assert found["xpvae.project_1e5"].value == 3.0
    steps = 5000 * (452_080 // 1024)
    assert found["xpvae.train_wall"].value == pytest.approx(2 * steps)
    assert found["xpvae.train_wall"].error == pytest.approx(steps)
    assert {n.unit for n in found.values()} == {"s"}


def test_stars_are_repeated_and_projected():
    architecture = vae.Architecture(n_input=6, widths=(4,), latent=2)
    shapes = jax.eval_shape(lambda: vae.init(jax.random.key(0), architecture))
    params, stats = jax.tree.map(lambda leaf: np.full(leaf.shape, 0.5, np.float32), shapes)
    model = vae.Model(architecture, params, stats, np.zeros(6), np.ones(6))
    stars = {"x": np.arange(18, dtype=np.float32).reshape(3, 6), "error": np.ones((3, 6), "f4")}
    given = times.repeated(stars, 7)
    np.testing.assert_array_equal(given["x"], stars["x"][[0, 1, 2, 0, 1, 2, 0]])
    seconds = times.projection(model, stars, 3000)
    assert len(seconds) == times.REPEATS and (seconds > 0).all()
