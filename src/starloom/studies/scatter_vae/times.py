"""What training and projection cost on this machine, beside the times of the paper."""

import time
from collections.abc import Mapping

import jax
import numpy as np

from starloom.numbers import Number
from starloom.studies.scatter_vae.numbers import STUDY
from starloom.training import scatter_vae as vae

PAPER = {"stars": 452_080, "epochs": 5000, "batch": 1024, "projected": 100_000}
"""Training stars, epochs and batch of the paper, and the stars whose projection it times."""

REPEATS = 3


def projection(model: vae.Model, stars: Mapping[str, np.ndarray], n_star: int) -> np.ndarray:
    """
    Seconds to encode, decode and score stars, compiled beforehand.

    Args:
        model: a trained model.
        stars: `x` and `error` (and `correlation`) of some stars; they are repeated.
        n_star: how many are projected.

    Returns:
        One time for each of `REPEATS`.
    """
    vae.predict(model, stars, spectra=True)
    given, found = repeated(stars, n_star), []
    for _ in range(REPEATS):
        start = time.perf_counter()
        vae.predict(model, given, spectra=True)
        found.append(time.perf_counter() - start)
    return np.array(found)


def step(
    model: vae.Model, stars: Mapping[str, np.ndarray], *, steps: int, epochs: int
) -> np.ndarray:
    """
    Seconds of one training step with the paper's batch.

    A training of one epoch is taken from one of more: compiling and loading cancel.

    Args:
        model: gives the architecture.
        stars: some stars as the model reads them; they are repeated.
        steps: of an epoch.
        epochs: by which the trainings differ.

    Returns:
        One time for each of `REPEATS`.
    """
    given = repeated(stars, steps * PAPER["batch"])
    few = repeated(stars, 2)

    def seconds(more):
        settings = vae.Settings(batch=PAPER["batch"], epochs=1 + more, checkpoint_epochs=1)
        start = time.perf_counter()
        vae.train(
            given, few, mean=model.mean, std=model.std, architecture=model.architecture,
            settings=settings, seed=0,
        )  # fmt: skip
        return time.perf_counter() - start

    seconds(0), seconds(epochs)
    return np.array([seconds(epochs) - seconds(0) for _ in range(REPEATS)]) / (epochs * steps)


def repeated(stars: Mapping[str, np.ndarray], n_star: int) -> dict[str, np.ndarray]:
    """The stars over and over, until there are `n_star`."""
    rows = np.arange(n_star) % len(stars["x"])
    return {name: values[rows] for name, values in stars.items()}


def numbers(projected: np.ndarray, stepped: np.ndarray) -> list[Number]:
    """
    The paper's times, here.

    Args:
        projected: of `projection` for the paper's number of stars [s].
        stepped: of `step` [s].

    Returns:
        `xpvae.project_1e5` and `xpvae.train_wall`; errors are the spread of the repeats.

    References:
        Laroche & Speagle (2024), Sec. 3.4.
    """
    where = f"on one {jax.devices()[0].device_kind}, of one machine and moment"
    n_step = PAPER["epochs"] * (PAPER["stars"] // PAPER["batch"])
    text = {
        "project_1e5": f"seconds to encode, decode and score {PAPER['projected']:,} stars {where}",
        "train_wall": f"seconds of {n_step:,} steps, {PAPER['epochs']:,} epochs of "
        f"{PAPER['stars']:,} stars in batches of {PAPER['batch']:,}, as a few steps take {where}",
    }
    found = []
    for name, values in {"project_1e5": projected, "train_wall": n_step * stepped}.items():
        spread = float(np.std(values, ddof=1))
        found.append(Number(f"xpvae.{name}", STUDY, np.median(values), "s", text[name], spread))
    return found
