"""A state dict in the layout of the authors' release becomes a model that computes the same."""

import itertools
import re

import numpy as np
import pytest
from scipy.special import erf

from starloom.cli import main
from starloom.tables import read_model
from starloom.training import scatter_vae as vae

N_INPUT, WIDTHS, LATENT = 14, (9, 7, 5), 3


def _linear(state, name, n_in, n_out, rng):
    state[f"{name}.weight"] = rng.normal(size=(n_out, n_in)).astype(np.float32) / n_in**0.5
    state[f"{name}.bias"] = rng.normal(size=n_out).astype(np.float32)


def _block(state, name, n_in, n_out, rng):
    _linear(state, f"{name}.0", n_in, n_out, rng)
    state[f"{name}.1.weight"] = rng.uniform(0.5, 2, n_out).astype(np.float32)
    state[f"{name}.1.bias"] = rng.normal(size=n_out).astype(np.float32)
    state[f"{name}.1.running_mean"] = rng.normal(size=n_out).astype(np.float32)
    state[f"{name}.1.running_var"] = rng.uniform(0.1, 3, n_out).astype(np.float32)
    state[f"{name}.1.num_batches_tracked"] = np.array(7)


@pytest.fixture
def state():
    """Random weights under the names that the modules of the release give them."""
    rng, state = np.random.default_rng(5), {}
    for i, (n_in, n_out) in enumerate(zip((N_INPUT, *WIDTHS[:-1]), WIDTHS, strict=True)):
        _block(state, f"encoder.{i}", n_in, n_out, rng)
    _linear(state, "mu", WIDTHS[-1], LATENT, rng)
    _linear(state, "log_var", WIDTHS[-1], LATENT, rng)
    mirror = WIDTHS[::-1]
    for part in ("decoder", "scatter"):
        _linear(state, f"{part}.0", LATENT, mirror[0], rng)
        for i in range(1, len(mirror)):
            _block(state, f"{part}.{i}", mirror[i - 1], mirror[i], rng)
        _linear(state, f"{part}.{len(mirror)}.0", mirror[-1], N_INPUT, rng)
    return state


def _by_hand(state, x):
    """The network in evaluation, in NumPy and double precision."""

    def affine(name, x):
        return x @ state[f"{name}.weight"].astype(float).T + state[f"{name}.bias"]

    def block(name, x):
        x = affine(f"{name}.0", x) - state[f"{name}.1.running_mean"]
        x = x / np.sqrt(state[f"{name}.1.running_var"].astype(float) + 1e-5)
        x = x * state[f"{name}.1.weight"] + state[f"{name}.1.bias"]
        return x * 0.5 * (1 + erf(x / np.sqrt(2)))

    for i in range(len(WIDTHS)):
        x = block(f"encoder.{i}", x)
    mean, log_variance = affine("mu", x), affine("log_var", x)
    out = []
    for part in ("decoder", "scatter"):
        y = affine(f"{part}.0", mean)
        for i in range(1, len(WIDTHS)):
            y = block(f"{part}.{i}", y)
        out.append(affine(f"{part}.{len(WIDTHS)}.0", y))
    return mean, np.exp(0.5 * log_variance), out[0], 1 / (1 + np.exp(-out[1]))


SCALING = {"mean": np.zeros(N_INPUT), "std": np.ones(N_INPUT)}


def _ours(model, x):
    found = vae.predict(model, {"x": x, "error": np.ones_like(x)}, spectra=True)
    return [found[name] for name in ("latent_mean", "latent_sigma", "spectrum", "scatter")]


def test_the_imported_network_computes_what_the_released_one_does(state):
    x = np.random.default_rng(1).normal(size=(40, N_INPUT)).astype(np.float32)
    model = vae.from_state_dict(state, **SCALING)
    for ours, theirs in zip(_ours(model, x), _by_hand(state, x), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert model.architecture == vae.Architecture(N_INPUT, WIDTHS, LATENT)


def test_the_imported_network_equals_pytorch(state):
    torch = pytest.importorskip("torch")
    nn = torch.nn

    def blocks(widths):
        return [
            nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.GELU())
            for a, b in itertools.pairwise(widths)
        ]

    def decoder(*last):
        mirror = WIDTHS[::-1]
        ends = nn.Sequential(nn.Linear(mirror[-1], N_INPUT), *last)
        return nn.Sequential(nn.Linear(LATENT, mirror[0]), *blocks(mirror), ends)

    network = nn.ModuleDict(
        {
            "encoder": nn.Sequential(*blocks((N_INPUT, *WIDTHS))),
            "mu": nn.Linear(WIDTHS[-1], LATENT),
            "log_var": nn.Linear(WIDTHS[-1], LATENT),
            "decoder": decoder(),
            "scatter": decoder(nn.Sigmoid()),
        }
    )
    network.load_state_dict({name: torch.tensor(values) for name, values in state.items()})
    network.eval()
    x = np.random.default_rng(2).normal(size=(30, N_INPUT)).astype(np.float32)
    with torch.inference_mode():
        hidden = network["encoder"](torch.tensor(x))
        mean = network["mu"](hidden)
        sigma = torch.exp(0.5 * network["log_var"](hidden))
        theirs = [mean, sigma, network["decoder"](mean), network["scatter"](mean)]
    for ours, value in zip(_ours(vae.from_state_dict(state, **SCALING), x), theirs, strict=True):
        np.testing.assert_allclose(ours, value.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "name", ["encoder.1.1.running_var", "mu.bias", "decoder.0.weight", "scatter.3.0.bias"]
)
def test_a_missing_or_misshapen_entry_is_named(state, name):
    right = state.pop(name)
    with pytest.raises(ValueError, match=re.escape(f"no entry {name}")):
        vae.from_state_dict(state, **SCALING)
    state[name] = np.concatenate([right, right])
    with pytest.raises(ValueError, match=re.escape(f"entry {name} is (") + ".*expected"):
        vae.from_state_dict(state, **SCALING)


def test_no_encoder_what_belongs_to_another_network_and_no_numbers_are_refused(state):
    with pytest.raises(ValueError, match=r"no entry encoder\.0\.0\.weight"):
        vae.from_state_dict({"layer.weight": np.ones(2)}, **SCALING)
    with pytest.raises(ValueError, match=r"has head\.bias, which no"):
        vae.from_state_dict(state | {"head.bias": np.ones(2)}, **SCALING)
    with pytest.raises(ValueError, match=r"entry mu\.bias has a value that is not finite"):
        vae.from_state_dict(state | {"mu.bias": np.full(LATENT, np.nan)}, **SCALING)
    with pytest.raises(ValueError, match=r"mean of the inputs has shape \(3,\)"):
        vae.from_state_dict(state, np.ones(3), SCALING["std"])
    with pytest.raises(ValueError, match="zero or negative"):
        vae.from_state_dict(state, SCALING["mean"], np.zeros(N_INPUT))


def test_the_command_makes_a_model_that_the_workflow_reads(state, tmp_path, capsys):
    # Another name for the head of the log variance is as good.
    for part in ("weight", "bias"):
        state[f"logvar.{part}"] = state.pop(f"log_var.{part}")
    np.savez(tmp_path / "state.npz", **state)
    words = ["import-weights", "scatter-vae", str(tmp_path / "state.npz")]
    words += ["-o", str(tmp_path / "model")]
    assert main(words) == 2
    assert "a state dict does not hold it" in capsys.readouterr().err
    np.savez(tmp_path / "norm.npz", mu=np.arange(N_INPUT), sig=np.full(N_INPUT, 2.0))
    assert main([*words, "--scaling", str(tmp_path / "norm.npz")]) == 0
    arrays, card = read_model(tmp_path / "model")
    model = vae.from_model(arrays, card)
    np.testing.assert_array_equal(model.mean, np.arange(N_INPUT))
    assert card["data"] == "dr17" and len(card["imported_sha256"]) == 64
    (tmp_path / "state.npz").write_bytes(b"weights")
    assert main(words) == 2
    assert "is not an .npz file" in capsys.readouterr().err
