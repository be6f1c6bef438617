"""
Scatter VAE: training and projection against the same network in PyTorch, in one run.

    python benchmarks/scatter_vae.py                     both, in turn; needs torch (extra `bench`)
    python benchmarks/scatter_vae.py --epochs 5000 --stars 452000    the cost of a full training

Runs on the device that JAX finds (CPU, or a GPU with the extra `gpu`); torch stays on the CPU
unless it sees a GPU too.
"""

import argparse
import itertools
import time

import jax
import numpy as np
from compare import alternate, matmul_limit, table

from starloom.models import scatter_vae as network
from starloom.models.chunks import in_chunks
from starloom.training.epochs import compiled
from starloom.training.scatter_vae import Architecture
from starloom.training.scatter_vae.model import graph_of, init, loss

N_INPUT = 110
BATCH = 1024
STEPS = 40
EPOCHS = 100_000
PARAMETERS = 67_182


def spectra(n_star: int) -> dict[str, np.ndarray]:
    """Random normalised spectra and errors: the time does not depend on the values."""
    random = np.random.default_rng(0)
    x = random.normal(size=(n_star, N_INPUT)).astype(np.float32)
    return {"x": x, "error": np.abs(0.1 * x) + np.float32(0.01)}


class Ours:
    """Our training and inference, as the study runs them."""

    def __init__(self, stars: dict[str, np.ndarray]):
        architecture = Architecture()
        self.run = compiled(
            lambda *given: loss(*given, architecture=architecture),
            lambda key: init(key, architecture),
            epochs=EPOCHS,
            validate_epochs=EPOCHS,
        )
        self.key = jax.random.key(0)
        self.rates = jax.device_put(np.full(EPOCHS, 1e-4, np.float32))
        self.carry = self.run.start(self.key)
        self.host = stars
        self.stars = jax.device_put(stars)
        self.few = jax.device_put({name: values[:BATCH] for name, values in stars.items()})
        params, state = self.run.unpack(self.carry.params), self.carry.state
        self.weights = network.folded(graph_of(architecture), params, state)
        self.done = 0

    def train(self) -> None:
        n_star = len(self.host["x"])
        steps = n_star // BATCH
        rows = np.random.default_rng(self.done).permutation(n_star)[: steps * BATCH]
        order = rows.astype(np.int32).reshape(1, steps, BATCH)
        given = (self.key, self.done, order, self.rates, self.stars, self.few)
        self.carry, news = self.run.advance(self.carry, *given)
        self.done += 1
        jax.block_until_ready(news)

    def encode(self) -> None:
        in_chunks(_encode, self.weights, {"x": self.host["x"]})

    def reconstruct(self) -> None:
        in_chunks(_reconstruct, self.weights, {"x": self.host["x"]})


@jax.jit
def _encode(weights, stars):
    mean, sigma = network.encode(weights, stars["x"])
    return {"mean": mean, "sigma": sigma}


@jax.jit
def _reconstruct(weights, stars):
    mean, sigma = network.encode(weights, stars["x"])
    spectrum, scatter = network.decode(weights, mean)
    return {"mean": mean, "sigma": sigma, "spectrum": spectrum, "scatter": scatter}


class Peer:
    """The same network and loss in PyTorch, by the book or tuned."""

    def __init__(self, stars: dict[str, np.ndarray], tuned: bool):
        import torch
        from torch import nn

        self.torch, self.tuned = torch, tuned
        torch.manual_seed(0)
        widths = (90, 70, 50, 30, 10)

        def layers(sizes):
            return [
                nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.GELU())
                for a, b in itertools.pairwise(sizes)
            ]

        def decoder(*last):
            middle = layers(widths[::-1])
            return nn.Sequential(nn.Linear(6, 10), *middle, nn.Linear(90, N_INPUT), *last)

        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.net = nn.ModuleDict(
            {
                "encoder": nn.Sequential(*layers((N_INPUT, *widths))),
                "mean": nn.Linear(10, 6),
                "log_variance": nn.Linear(10, 6),
                "decoder": decoder(),
                "scatter": decoder(nn.Sigmoid()),
            }
        ).to(self.device)
        assert sum(p.numel() for p in self.net.parameters()) == PARAMETERS
        self.optimiser = torch.optim.AdamW(
            self.net.parameters(), lr=1e-4, weight_decay=0.01, fused=tuned or None
        )
        self.x, self.error = (
            torch.from_numpy(stars[name]).to(self.device) for name in ("x", "error")
        )

    def __call__(self, work):
        """The work with this peer's number of threads; on return the device is idle."""
        threads = self.torch.get_num_threads()

        def run():
            if self.tuned:
                self.torch.set_num_threads(1)
            work()
            if self.device.type == "cuda":
                self.torch.cuda.synchronize()
            self.torch.set_num_threads(threads)

        return run

    def train(self) -> None:
        torch, net = self.torch, self.net
        net.train()
        order = torch.randperm(len(self.x), device=self.device)
        total = 0.0
        for rows in order.split(BATCH):
            x, error = self.x[rows], self.error[rows]
            hidden = net["encoder"](x)
            mean, log_variance = net["mean"](hidden), net["log_variance"](hidden)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            variance = error**2 + net["scatter"](z) ** 2
            fit = 0.5 * ((x - net["decoder"](z)) ** 2 / variance + torch.log(variance)).sum(1)
            kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
            loss = fit.mean() + kl.mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += loss.detach()
        float(total)

    def _blocks(self):
        size = 8192 if self.tuned else len(self.x)
        return self.x.split(size)

    def _encoded(self, x):
        hidden = self.net["encoder"](x)
        return self.net["mean"](hidden), self.net["log_variance"](hidden)

    def encode(self) -> None:
        with self.torch.inference_mode() if self.tuned else self.torch.no_grad():
            self.net.eval()
            self.results = [self._encoded(x) for x in self._blocks()]

    def reconstruct(self) -> None:
        with self.torch.inference_mode() if self.tuned else self.torch.no_grad():
            self.net.eval()
            self.results = []
            for x in self._blocks():
                mean, log_variance = self._encoded(x)
                spectrum, scatter = self.net["decoder"](mean), self.net["scatter"](mean)
                self.results.append((mean, log_variance, spectrum, scatter))


def against_torch(rounds: int) -> None:
    """Print the table of ratios."""
    training, projected = spectra(BATCH * STEPS), spectra(100_000)
    flops = {"train": 6 * PARAMETERS, "encode": 2 * 21_720, "reconstruct": 2 * PARAMETERS}
    rows = []
    for tuned, name in ((False, "plain PyTorch"), (True, "PyTorch tuned")):
        for task, bar, stars, items in (
            ("train", 3.0, training, BATCH * STEPS),
            ("reconstruct", 3.0, projected, 100_000),
            ("encode", 1.5, projected, 100_000),
        ):
            ours, peer = Ours(stars), Peer(stars, tuned)
            rows.append(
                alternate(
                    f"scatter VAE {task}",
                    getattr(ours, task),
                    peer(getattr(peer, task)),
                    items=items,
                    bar=bar,
                    peer_name=name,
                    rounds=rounds,
                    flop_per_item=flops[task],
                )
            )
    print(table(rows, matmul_limit() if jax.default_backend() == "cpu" else None))


def full_training(n_star: int, epochs: int, measured: int) -> None:
    """Print what `epochs` over `n_star` stars cost, from a few measured ones."""
    ours = Ours(spectra(n_star))
    start = time.perf_counter()
    ours.train()
    print(f"first epoch with compilation: {time.perf_counter() - start:.1f} s")
    seconds = []
    for _ in range(measured):
        start = time.perf_counter()
        ours.train()
        seconds.append(time.perf_counter() - start)
    epoch = float(np.median(seconds))
    print(
        f"{jax.devices()[0].device_kind}: {epoch:.3f} s an epoch of {n_star} stars "
        f"({n_star / epoch:.3g} stars/s); {epochs} epochs take {epochs * epoch / 60:.1f} min"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--rounds", type=int, default=9, help="measurements of each")
    parser.add_argument("--epochs", type=int, help="cost of so many epochs, without the peer")
    parser.add_argument("--stars", type=int, default=452_000, help="stars of that training")
    parser.add_argument("--measured", type=int, default=5, help="epochs to measure for it")
    given = parser.parse_args()
    if given.epochs:
        full_training(given.stars, given.epochs, given.measured)
    else:
        against_torch(given.rounds)
