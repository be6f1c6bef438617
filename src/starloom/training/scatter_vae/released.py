"""
The authors' released network as a model: a state dict with the names of their PyTorch modules.

    encoder.{i}.0, encoder.{i}.1             affine map, normalisation
    mu, log_var                              heads of the latent
    decoder.0, decoder.{i}.0, decoder.{i}.1  bare map; affine map, normalisation
    decoder.{last}.0                         last map; scatter.* as decoder.*
"""

import itertools
from collections.abc import Mapping

import numpy as np

from starloom.training.scatter_vae.model import Architecture, Model, from_model, to_model

LOG_VARIANCE = ("log_var", "logvar", "log_variance", "log_sigma2")
"""Names under which the head of the log variance may stand."""

LINEAR = {"weight": "kernel", "bias": "bias"}
NORM = {"weight": "scale", "bias": "bias"}
STATISTICS = {"running_mean": "mean", "running_var": "variance"}

UNUSED = "num_batches_tracked"


def from_state_dict(
    state: Mapping[str, np.ndarray],
    mean: np.ndarray,
    std: np.ndarray,
    *,
    scatter: str = "capped",
) -> Model:
    """
    The released network as a model; sizes are read from the entries themselves.

    Args:
        state: arrays by the names of the state dict; `num_batches_tracked` is left aside.
        mean: of coefficient / G flux over its training stars (n_input,); not in a state dict.
        std: their standard deviation (n_input,).
        scatter: last activation of the scatter head, as in `Architecture`.

    Returns:
        The model, without `reference`: it can encode and decode, not tell what is unusual.

    Raises:
        ValueError: if an entry is missing, misshapen, not finite or unknown; the message names it.

    References:
        Laroche & Speagle (2024), Secs. 3.2 and 3.4.
    """
    state = {k: np.asarray(v) for k, v in state.items() if not k.endswith(UNUSED)}
    architecture = _architecture(state, scatter)
    arrays, used = {}, set()
    for path, name, transposed, shape in _entries(state, architecture):
        if name not in state:
            raise ValueError(f"the state dict has no entry {name}, which should be {shape}")
        if state[name].shape != shape:
            raise ValueError(f"entry {name} is {state[name].shape}, expected {shape}")
        if not np.isfinite(state[name]).all():
            raise ValueError(f"entry {name} has a value that is not finite")
        arrays[path] = np.asarray(state[name].T if transposed else state[name], np.float32)
        used.add(name)
    if extra := sorted(set(state) - used):
        raise ValueError(
            f"the state dict has {', '.join(extra)}, which no scatter VAE of widths "
            f"{list(architecture.widths)} has"
        )
    for what, values in (("mean", mean), ("std", std)):
        if np.shape(values) != (architecture.n_input,) or not np.isfinite(values).all():
            raise ValueError(
                f"the {what} of the inputs has shape {np.shape(values)}; {architecture.n_input} "
                "finite numbers are needed"
            )
    if not (np.asarray(std) > 0).all():
        raise ValueError("the std of the inputs has a value that is zero or negative")
    arrays |= {"scaling/mean": np.asarray(mean, float), "scaling/std": np.asarray(std, float)}
    card = to_model(Model(architecture, {}, {}, mean, std))[1]
    return from_model(arrays, card)


def _architecture(state, scatter):
    """Sizes of the network, from the encoder's maps and the head of the mean."""
    widths, n_input = [], None
    while (name := f"encoder.{len(widths)}.0.weight") in state:
        if state[name].ndim != 2:
            raise ValueError(f"entry {name} is {state[name].shape}, expected a matrix")
        n_input = n_input or state[name].shape[1]
        widths.append(state[name].shape[0])
    if not widths:
        raise ValueError("the state dict has no entry encoder.0.0.weight")
    if np.ndim(state.get("mu.weight")) != 2:
        raise ValueError("the state dict has no matrix mu.weight")
    latent = state["mu.weight"].shape[0]
    return Architecture(n_input=n_input, widths=tuple(widths), latent=latent, scatter=scatter)


def _entries(state, architecture):
    """Our path, their name, whether it is transposed, and its shape there, of every array."""
    widths, latent, n_input = architecture.widths, architecture.latent, architecture.n_input
    mirror, last = widths[::-1], len(widths)
    log_variance = next((n for n in LOG_VARIANCE if f"{n}.weight" in state), LOG_VARIANCE[0])
    yield from _layers("encoder", "encoder", (n_input, *widths), 0)
    yield from _linear("mean", "mu", widths[-1], latent)
    yield from _linear("log_variance", log_variance, widths[-1], latent)
    for part in ("decoder", "scatter"):
        yield from _linear(f"{part}/first", f"{part}.0", latent, mirror[0])
        yield from _layers(f"{part}/layers", part, mirror, 1)
        yield from _linear(f"{part}/last", f"{part}.{last}.0", mirror[-1], n_input)


def _layers(path, name, widths, first):
    for i, (n_in, n_out) in enumerate(itertools.pairwise(widths)):
        theirs = f"{name}.{first + i}"
        yield from _linear(f"{path}/linear/{i}", f"{theirs}.0", n_in, n_out)
        for kind, names in (("params", NORM), ("stats", STATISTICS)):
            for entry, ours in names.items():
                yield f"{kind}/{path}/norm/{i}/{ours}", f"{theirs}.1.{entry}", False, (n_out,)


def _linear(path, name, n_in, n_out):
    for entry, ours in LINEAR.items():
        shape = (n_out, n_in) if entry == "weight" else (n_out,)
        yield f"params/{path}/{ours}", f"{name}.{entry}", entry == "weight", shape
