"""
The age study's encoder-decoder at the paper's size: training and encoding against PyTorch, in turn.

    python benchmarks/train_ages.py             all cores each; needs torch (extra `bench`)

The authors' own package for this network, astroNN, needs a TensorFlow of 2023; the peer is the
same network written in PyTorch. Runs on the device that JAX finds; torch takes a GPU if it sees
one.
"""

import argparse
import os

import jax
import numpy as np
from compare import alternate, matmul_limit, table
from encode_ages import model

from starloom.studies import ages
from starloom.studies.ages.model import GRADIENT_BLOCK, training_parts
from starloom.training.epochs import compiled

CORES = len(os.sched_getaffinity(0))
BATCH = 128
ENCODED = 512
FLOP_ENCODE = 2 * 8 * (3757 * 32 + 1879 * 32 * 64) + 2 * 939 * 64 * 16
FLOP_DECODE = 2 * 16 * 16 * 16 * (1046 + 2092) + 2 * 32 * 16 * 2092 + 2 * 5 * 523 * 16


def spectra(n_star: int) -> dict[str, np.ndarray]:
    """Random spectra: the time does not depend on the values."""
    random = np.random.default_rng(0)
    stars = {"x": random.normal(size=(n_star, 7514)), "y": random.normal(size=(n_star, 2092))}
    stars["weight"] = np.ones((n_star, 2092))
    return {name: values.astype(np.float32) for name, values in stars.items()}


class Ours:
    """Our training and encoding, as the study runs them."""

    def __init__(self):
        block = GRADIENT_BLOCK if jax.default_backend() == "cpu" else 0
        self.run = compiled(*training_parts(ages.Architecture()), epochs=10**6,
                            validate_epochs=10**6, block=block)  # fmt: skip
        self.key, self.done = jax.random.key(0), 0
        self.carry = self.run.start(self.key)
        self.rates = jax.device_put(np.full(1000, 1e-5, np.float32))
        self.stars, self.few = jax.device_put((spectra(BATCH), spectra(8)))
        self.order = np.arange(BATCH, dtype=np.int32).reshape(1, 1, BATCH)
        self.network, self.flux = model(1), spectra(ENCODED)["x"]

    def train(self) -> None:
        given = (self.key, self.done, self.order, self.rates, self.stars, self.few)
        self.carry, news = self.run.advance(self.carry, *given)
        self.done += 1
        jax.block_until_ready(news)

    def encode(self) -> None:
        ages.encode(self.network, self.flux)


class Peer:
    """The same network and loss in PyTorch, with fused AdamW, on all cores."""

    def __init__(self):
        import torch
        from torch import nn

        torch.set_num_threads(CORES)
        torch.manual_seed(0)
        self.torch = torch
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        parts = {
            "first": nn.Conv1d(1, 32, 8, stride=2, padding=3),
            "second": nn.Conv1d(32, 64, 8, stride=2, padding=4),
            "hidden": nn.Linear(939 * 64, 16),
            "mean": nn.Linear(16, 5),
            "log_variance": nn.Linear(16, 5),
            "dense": nn.Linear(5, 523 * 16),
            "up": nn.ConvTranspose1d(16, 16, 32, stride=2, padding=15),
            "again": nn.ConvTranspose1d(16, 16, 32, stride=2, padding=15),
            "last": nn.Conv1d(16, 1, 32, padding="same"),
        }
        self.net = nn.ModuleDict(parts).to(self.device)
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=1e-5, fused=True)
        stars = spectra(BATCH)
        self.x, self.y, self.weight = (
            torch.from_numpy(stars[name]).to(self.device) for name in ("x", "y", "weight")
        )
        self.flux = torch.from_numpy(spectra(ENCODED)["x"]).to(self.device)

    def _encoded(self, x):
        torch, net = self.torch, self.net
        h = torch.relu(net["second"](torch.relu(net["first"](x[:, None]))))
        h = torch.nn.functional.max_pool1d(h, 2).flatten(1)
        h = torch.tanh(net["hidden"](h))
        return net["mean"](h), net["log_variance"](h)

    def train(self) -> None:
        torch, net = self.torch, self.net
        mean, log_variance = self._encoded(self.x)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        h = torch.relu(net["dense"](z)).view(len(z), 16, 523)
        h = torch.relu(net["again"](torch.relu(net["up"](h))))
        residual = self.y - net["last"](h)[:, 0]
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
        loss = (self.weight * residual**2).sum(1).mean() + kl.mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self._wait()

    def encode(self) -> None:
        with self.torch.inference_mode():
            self.results = [self._encoded(x) for x in self.flux.split(32)]
        self._wait()

    def _wait(self):
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    given = parser.parse_args()
    ours, peer = Ours(), Peer()
    common = {"peer_name": f"PyTorch, {CORES} threads", "rounds": given.rounds}
    rows = [
        alternate("encoder-decoder training, batch 128", ours.train, peer.train, items=BATCH,
                  bar=2.0, flop_per_item=3 * (FLOP_ENCODE + FLOP_DECODE), **common),
        alternate("encoder", ours.encode, peer.encode, items=ENCODED,
                  bar=4.0, flop_per_item=FLOP_ENCODE, **common),
    ]  # fmt: skip
    print(table(rows, matmul_limit() if jax.default_backend() == "cpu" else None))


if __name__ == "__main__":
    main()
