"""
FaderDis and FactorDis: training at the paper's sizes against the same networks in PyTorch, in turn.

    python benchmarks/tagging.py               both; needs torch (extra `bench`)
    python benchmarks/tagging.py --bins 1024   narrower spectra

A rate is that of spectra which a step reads: in FactorDis each step of the critic reads a batch.
Runs on the device that JAX finds; torch takes a GPU if it sees one.
"""

import argparse
import itertools

import jax
import numpy as np
from compare import alternate, matmul_limit, table

from starloom.studies.tagging.adversarial import Architecture, players
from starloom.training.epochs import compiled

BATCH = 256
SIZES = {
    "fader": {"rival": (512, 256), "steps": 1, "weight": 1e-5},
    "factor": {"rival": (4096, 1024, 512, 128, 32), "steps": 10, "weight": 1e-4, "noise": 0.04},
}
N_U = 2


class Ours:
    """Our training, as the study runs it; one call is one turn of both players."""

    def __init__(self, kind: str, n_bin: int):
        self.arch = Architecture(kind, n_bin, N_U, **SIZES[kind])
        loss, init, rival = players(self.arch)
        self.run = compiled(loss, init, epochs=10**6, validate_epochs=10**6, weight_decay=0.0,
                            rival=rival)  # fmt: skip
        self.key, self.done = jax.random.key(0), 0
        self.carry = self.run.start(self.key)
        self.rates = jax.device_put(np.full(1000, 1e-5, np.float32))
        self.stars = jax.device_put(spectra(kind, n_bin, BATCH * self.arch.steps))
        self.few = jax.device_put(spectra(kind, n_bin, 8))

    def __call__(self) -> None:
        steps = self.arch.steps
        order = np.arange(steps * BATCH, dtype=np.int32).reshape(1, steps, BATCH)
        given = (self.key, self.done, order, self.rates, self.stars, self.few)
        self.carry, news = self.run.advance(self.carry, *given)
        self.done += 1
        jax.block_until_ready(news)


class Peer:
    """The same networks and losses in PyTorch: fused Adam, nothing computed that is thrown away."""

    def __init__(self, kind: str, n_bin: int):
        import torch
        from torch import nn

        self.torch, self.kind = torch, kind
        torch.manual_seed(0)
        self.arch = arch = Architecture(kind, n_bin, N_U, **SIZES[kind])
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

        def chain(*widths):
            layers = [
                part for a, b in itertools.pairwise(widths) for part in (nn.Linear(a, b), nn.SELU())
            ]
            return nn.Sequential(*layers[:-1]).to(self.device)

        self.encoder = chain(n_bin + N_U, *arch.encoder, arch.latent)
        self.decoder = chain(arch.latent + N_U, *arch.decoder, n_bin)
        own = [*self.encoder.parameters(), *self.decoder.parameters()]
        if kind == "fader":
            self.rival = chain(arch.latent, *arch.rival, arch.bins**N_U)
        else:
            self.rival = chain(n_bin + N_U + arch.latent, *arch.rival, 1)
        self.optimiser = torch.optim.Adam(own, lr=1e-5, fused=True)
        self.rival_optimiser = torch.optim.Adam(self.rival.parameters(), lr=1e-5, fused=True)
        stars = spectra(kind, n_bin, BATCH * arch.steps)
        self.stars = {k: torch.from_numpy(v).to(self.device) for k, v in stars.items()}

    def _joined(self, z, u):
        back = self.decoder(self.torch.cat([z, u], 1))
        mixed = u[self.torch.randperm(len(u), device=self.device)]
        other = self.decoder(self.torch.cat([z, mixed], 1))
        join = lambda *parts: self.torch.cat(parts, 1)  # noqa: E731
        return back, join(back, u, z), join(other, mixed, z)

    def _rival_step(self, x, u, cell):
        torch = self.torch
        with torch.no_grad():
            z = self.encoder(torch.cat([x, u], 1))
            if self.kind == "factor":
                _, own, other = self._joined(z, u)
        if self.kind == "fader":
            loss = torch.nn.functional.cross_entropy(self.rival(z), cell)
        else:
            share = torch.rand(len(x), 1, device=self.device)
            between = (own + share * (other - own)).requires_grad_()
            slope = torch.autograd.grad(self.rival(between).sum(), between, create_graph=True)[0]
            loss = self.rival(other).mean() - self.rival(own).mean()
            loss = loss + self.arch.penalty * ((slope.norm(dim=1) - 1) ** 2).mean()
        self.rival_optimiser.zero_grad()
        loss.backward()
        self.rival_optimiser.step()

    def _step(self, x, u, cell):
        torch = self.torch
        self.rival.requires_grad_(False)
        z = self.encoder(torch.cat([x, u], 1))
        if self.kind == "fader":
            back = self.decoder(torch.cat([z, u], 1))
            part = -torch.nn.functional.cross_entropy(self.rival(z), cell)
        else:
            back, own, other = self._joined(z, u)
            part = self.rival(own).mean() - self.rival(other).mean()
        loss = ((back - x) ** 2).mean() + self.arch.weight * part
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.rival.requires_grad_(True)

    def __call__(self) -> None:
        for rows in self.torch.arange(len(self.stars["x"]), device=self.device).split(BATCH):
            x, u, cell = (self.stars[name][rows] for name in ("x", "u", "cell"))
            x = x + self.arch.noise * self.torch.randn_like(x) if self.arch.noise else x
            self._rival_step(x, u, cell)
        self._step(x, u, cell)
        if self.device.type == "cuda":
            self.torch.cuda.synchronize()


def spectra(kind: str, n_bin: int, n_star: int) -> dict[str, np.ndarray]:
    """Random spectra: the time does not depend on the values."""
    random = np.random.default_rng(0)
    stars = {"x": random.normal(size=(n_star, n_bin)).astype(np.float32)}
    stars["u"] = random.uniform(-1, 1, (n_star, N_U)).astype(np.float32)
    return stars | {"cell": random.integers(0, 100, n_star)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--bins", type=int, default=7751, help="bins of a spectrum")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each")
    given = parser.parse_args()
    rows = []
    on_cpu = jax.default_backend() == "cpu"
    for kind in SIZES:
        ours, peer = Ours(kind, given.bins), Peer(kind, given.bins)
        rows.append(
            alternate(
                f"{kind} turn, batch {BATCH}, {given.bins} bins",
                ours,
                peer,
                items=BATCH * SIZES[kind]["steps"],
                bar=1.5 if on_cpu else 2.0,
                peer_name="PyTorch, fused Adam",
                rounds=given.rounds,
            )
        )
        del ours, peer
    print(table(rows, matmul_limit() if on_cpu else None))


if __name__ == "__main__":
    main()
