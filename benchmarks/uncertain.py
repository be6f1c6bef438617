"""
Uncertain network of the labels: training and prediction against plain PyTorch, in one run.

    python benchmarks/uncertain.py            needs torch (extra `bench`)

Both have 114 inputs, two hidden layers of 128 with dropout, 12 outputs, and the input errors by
J Sigma J^T; torch takes J by `vmap` of reverse mode and a dense covariance, as one would write it.
"""

import argparse
from functools import partial

import jax
import numpy as np
from compare import alternate, matmul_limit, table

from starloom.models.chunks import in_chunks
from starloom.prepare.colours import FROM_SOURCES
from starloom.studies.labels.model import BLOCK, Architecture, init, loss, unpacked
from starloom.studies.labels.predict import by_dropout
from starloom.training.epochs import compiled

N_INPUT, N_BAND, N_LABEL, N_COLOUR = 114, 55, 6, 5
BATCH, STEPS, PASSES, EPOCHS = 10_000, 1, 50, 100_000
FIXED = {"to_input": np.ones(N_INPUT, np.float32), "to_colour": FROM_SOURCES}
FLOPS = {
    "train": 2 * 3 * (2 * 32_000 + N_LABEL * (128 * 128 + 128 * N_INPUT) + N_LABEL * 2 * N_BAND**2),
    "predict": 2 * PASSES * (128 * 128 + 128 * 12),
    "each": 2 * PASSES * (128 * 128 + N_LABEL * (128 * 128 + 128 * N_INPUT + 2 * N_BAND**2)),
}


def stars(n_star: int) -> dict[str, np.ndarray]:
    """Random standardised inputs with errors and weak correlations."""
    rng = np.random.default_rng(0)
    normal = lambda *shape: rng.normal(size=shape).astype(np.float32)  # noqa: E731
    return {
        "x": normal(n_star, N_INPUT),
        "known": np.ones((n_star, N_COLOUR), bool),
        "ratio": normal(n_star, 2 * N_BAND - 1),
        "error": np.abs(normal(n_star, 2 * N_BAND)) * np.float32(0.01),
        "correlation": normal(n_star, 2, N_BAND * (N_BAND - 1) // 2) * np.float32(0.02),
        "band_error": np.abs(normal(n_star, 7)) * np.float32(0.01),
        "name": rng.integers(0, 2**32, n_star, dtype=np.uint32),
        "y": normal(n_star, N_LABEL),
        "y_variance": np.full((n_star, N_LABEL), 0.01, np.float32),
        "weight": np.ones((n_star, N_LABEL), np.float32),
    }


class Ours:
    """Training and prediction as the study runs them."""

    def __init__(self, given: dict[str, np.ndarray]):
        architecture = Architecture()
        self.run = compiled(
            lambda *a: loss(*a, fixed=FIXED, warm_up=0),
            lambda key: init(key, architecture),
            epochs=EPOCHS,
            validate_epochs=EPOCHS,
            block=BLOCK,
        )
        self.key, self.done = jax.random.key(0), 0
        self.rates = jax.device_put(np.full(EPOCHS, 5e-4, np.float32))
        self.carry = self.run.start(self.key)
        self.host = {k: v for k, v in given.items() if k not in ("y", "y_variance", "weight")}
        trained = {k: v for k, v in given.items() if k != "name"}
        self.stars = jax.device_put(jax.tree.map(np.asarray, unpacked(trained)))
        self.few = jax.tree.map(lambda a: a[:64], self.stars)
        self.weights = {"params": init(self.key, architecture)[0], **FIXED}

    def train(self) -> None:
        n_star = len(self.host["x"])
        rows = np.random.default_rng(self.done).permutation(n_star)
        order = rows.astype(np.int32).reshape(1, -1, min(BATCH, n_star))
        given = (self.key, self.done, order, self.rates, self.stars, self.few)
        self.carry, news = self.run.advance(self.carry, *given)
        self.done += 1
        jax.block_until_ready(news)

    def predict(self) -> None:
        in_chunks(by_dropout, self.weights, self.host)

    def each(self) -> None:
        in_chunks(partial(by_dropout, each_input=True), self.weights, self.host)


class Peer:
    """The same network in PyTorch."""

    def __init__(self, given: dict[str, np.ndarray]):
        import torch
        from torch import nn

        self.torch = torch
        torch.manual_seed(0)
        self.net = nn.Sequential(
            nn.Linear(N_INPUT, 128), nn.GELU(), nn.Dropout(0.2),
            nn.Linear(128, 128), nn.GELU(), nn.Dropout(0.2), nn.Linear(128, 2 * N_LABEL),
        )  # fmt: skip
        self.x, self.y = (torch.from_numpy(given[name]) for name in ("x", "y"))
        error = np.concatenate([given["error"][:, 1:], given["band_error"][:, :5]], axis=1)
        self.covariance = torch.diag_embed(torch.from_numpy(error**2))
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=5e-4, weight_decay=1e-5)

    def _input_variance(self, x, covariance):
        func = self.torch.func
        one = lambda values: self.net(values[None])[0]  # noqa: E731
        slope = func.vmap(func.jacrev(one), randomness="different")(x)
        return self.torch.einsum("nij,njk,nik->ni", slope, covariance, slope)

    def train(self) -> None:
        torch = self.torch
        self.net.train()
        for rows in torch.randperm(len(self.x)).split(BATCH):
            x, y = self.x[rows], self.y[rows]
            mean, excess = self.net(x).split(N_LABEL, dim=1)
            with torch.no_grad():
                spread = 0.5 * (mean - self.net(x)[:, :N_LABEL]) ** 2
            given = self._input_variance(x, self.covariance[rows])[:, :N_LABEL]
            variance = 0.01 + spread + given + nn_softplus(torch, excess)
            value = 0.5 * ((mean - y) ** 2 / variance + variance.log()).sum(1).mean()
            self.optimiser.zero_grad()
            value.backward()
            self.optimiser.step()

    def predict(self) -> None:
        self.net.train()
        with self.torch.inference_mode():
            for x in self.x.split(2048):
                passes = self.torch.stack([self.net(x) for _ in range(PASSES)])
                passes.median(0), passes.var(0)

    def each(self) -> None:
        self.predict()
        self.net.train()
        with self.torch.no_grad():
            for x, covariance in zip(self.x.split(2048), self.covariance.split(2048), strict=True):
                for _ in range(PASSES):
                    self._input_variance(x, covariance)


def nn_softplus(torch, values):
    return torch.nn.functional.softplus(values)


def main(rounds: int) -> None:
    """Print the table of ratios."""
    rows = []
    for task, bar, n_star in (
        ("train", 5.0, BATCH * STEPS),
        ("predict", 5.0, 8192),
        ("each", 10.0, 2048),
    ):
        given = stars(n_star)
        ours, peer = Ours(given), Peer(given)
        words = {
            "each": "predict, J Sigma J^T in each of 50 passes",
            "predict": "predict, 50 passes",
        }
        rows.append(
            alternate(
                f"uncertain network {words.get(task, task)}",
                getattr(ours, task),
                getattr(peer, task),
                items=n_star,
                bar=bar,
                peer_name="plain PyTorch",
                rounds=rounds,
                flop_per_item=FLOPS[task],
            )
        )
    print(table(rows, matmul_limit() if jax.default_backend() == "cpu" else None))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    main(parser.parse_args().rounds)
