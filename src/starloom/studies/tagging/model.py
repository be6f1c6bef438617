"""The methods behind one face: train, encode, recast; and how a trained one is stored."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from starloom.models.chunks import in_chunks
from starloom.studies.tagging import adversarial, contrastive, polynomial
from starloom.studies.tagging.spectra import OFFSET, SCALE, Spectra, label_range, scaled
from starloom.training.checkpoint import flatten, require_kind, unflatten
from starloom.training.fit import Fit, Settings, fit

KIND = "tagging"
"""Kind of model, in the card."""

METHODS = ("fader", "factor", "contrastive", "poly", "poly_published")
NETWORKS = {"fader": adversarial, "factor": adversarial, "contrastive": contrastive}
CHUNK = 256
"""Stars in a call of a network: spectra are long."""

HELD_OUT = 0.05
"""Share of the training stars, the last ones, that watch over a training."""


@dataclass(frozen=True)
class Tagger:
    """
    A trained method with all that a new star needs.

    Args:
        method: one of `METHODS`.
        remove: names of the parameters that are taken away.
        low: their least values over the training stars.
        high: their greatest.
        architecture: of the networks; None for a polynomial.
        params: of the networks that encode and decode.
        basis: polynomial and components; None where the method reads pixels.
        degree: of the polynomial.
        noise: error of a bin that the training had, or took as its unit.
    """

    method: str
    remove: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    noise: float
    degree: int = 0
    architecture: object = None
    params: PyTree = None
    basis: polynomial.Basis | None = None

    @property
    def metric(self) -> str:
        """Distance that ranks twins: Manhattan for the published PolyDis, else Euclidean."""
        return "manhattan" if self.method == "poly_published" else "euclidean"

    def u(self, stars: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Scaled parameters of stars, and which lie outside the training stars' range."""
        return scaled(stars, self.remove, self.low, self.high)


def train(
    method: str,
    spectra: Spectra,
    stars: Mapping[str, np.ndarray],
    *,
    remove: Sequence[str],
    choices: Mapping,
    noise: float,
    seed: int,
    folder: str | Path | None = None,
    identity: Mapping = (),
) -> tuple[Tagger, Fit | None]:
    """
    Train a method; no twin is known to it.

    Args:
        method: one of `METHODS`.
        spectra: of the training stars, with the noise that the method is to be trained with (none
            for those that add their own).
        stars: their parameters by name.
        remove: the parameters to take away.
        choices: of the method, as in the configuration.
        noise: error of a bin: of the spectra, or to be added.
        seed: of everything random.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell this training from others.

    Returns:
        The method, and the fit of its networks.

    Raises:
        ValueError: for an unknown method, or too few stars.
        FloatingPointError: if a loss or a critic diverges.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is none of {', '.join(METHODS)}")
    low, high = label_range(stars, remove)
    start = Tagger(method, tuple(remove), low, high, noise, choices.get("degree", 0))
    u = start.u(stars)[0]
    if NETWORKS.get(method) is not adversarial:
        number = choices["components"]
        basis = polynomial.fit_basis(spectra, u, start.degree, number, seed)
        start = replace(start, basis=basis)
    if method not in NETWORKS:
        return start, None
    arch = _architecture(start, spectra, u, choices)
    told = {name: value for name, value in choices.items() if name != "training"}
    start = replace(start, architecture=arch)
    ready = _read(start, spectra, u)
    loss, init, rival = NETWORKS[method].players(arch)
    if method == "fader":
        ready["cell"] = adversarial.cells(u, adversarial.edges(u, arch.bins))
    if method == "contrastive":
        ready["noise"] = np.broadcast_to(_unit(start), ready["c"].shape)
        init = _scaled(init, contrastive.scales(_unit(start), arch))
    seen = len(u) - max(2, int(HELD_OUT * len(u)))
    if choices.get("start") == "linear":
        init = _started(init, ready, SCALE * noise, seed)
    result = fit(
        loss,
        init,
        {name: values[:seen] for name, values in ready.items() if name != "log_noise"},
        {name: values[seen:] for name, values in ready.items() if name != "log_noise"},
        key=jax.random.key(seed),
        settings=Settings(**choices["training"], weight_decay=0.0, keep="last"),
        rival=rival,
        folder=folder,
        identity={**dict(identity), "architecture": asdict(arch), "choices": told},
        what=f"{method} without {', '.join(remove)}",
    )
    return replace(start, params=result.params), result


def encode(
    tagger: Tagger, spectra: Spectra, u: Float[np.ndarray, "n_star n_u"]
) -> Float[np.ndarray, "n_star n_latent"]:
    """
    Latents of stars.

    Args:
        tagger: a trained method.
        spectra: binned as in training; missing pixels have the weight 0.
        u: of `Tagger.u`.

    Returns:
        z, float32; NaN for a star without any good pixel.
    """
    empty = ~(spectra.weight > 0).any(axis=1)
    if tagger.method in NETWORKS:
        ready = _read(tagger, spectra, u)
        encoder = _encoder(tagger.method, tagger.architecture)
        z = in_chunks(encoder, tagger.params, ready, chunk=CHUNK)["z"]
    else:
        z = polynomial.project(tagger.basis, spectra, u, tagger.degree)
    return np.where(empty[:, None], np.float32(np.nan), z)


def recast(
    tagger: Tagger,
    spectra: Spectra,
    u: Float[np.ndarray, "n_star n_u"],
    other: Float[np.ndarray, "n_star n_u"],
) -> Float[np.ndarray, "n_star n_bin"]:
    """
    Spectra of the same chemistry at other parameters.

    Args:
        tagger: a trained method.
        spectra: of the stars.
        u: their parameters, of `Tagger.u`.
        other: the parameters to go to.

    Returns:
        Flux over the continuum.
    """
    if tagger.method not in NETWORKS:
        return polynomial.recast(tagger.basis, spectra, u, other, tagger.degree)
    given = {"z": encode(tagger, spectra, u), "u": other}
    if tagger.method == "contrastive":
        found = in_chunks(_component_decoder, tagger.params, given, chunk=CHUNK)["c"]
        smooth = polynomial.curve(tagger.basis.coefficients, other, tagger.degree)
        return smooth + (found * _spread(tagger)) @ tagger.basis.vectors
    return (in_chunks(_flux_decoder, tagger.params, given, chunk=CHUNK)["x"] + OFFSET) / SCALE


def to_model(tagger: Tagger, **card: object) -> tuple[dict[str, np.ndarray], dict]:
    """Arrays and card for `starloom.tables.write_model`; `card` adds plain values."""
    tree = {"scaling": {"low": tagger.low, "high": tagger.high}}
    if tagger.params is not None:
        tree["params"] = tagger.params
    if tagger.basis is not None:
        tree["basis"] = tagger.basis._asdict()
    about = {name: getattr(tagger, name) for name in ("method", "remove", "noise", "degree")}
    arch = tagger.architecture and asdict(tagger.architecture)
    return flatten(tree), {**card, **about, "kind": KIND, "architecture": arch}


def from_model(arrays: Mapping[str, np.ndarray], card: Mapping) -> Tagger:
    """
    The method that `starloom.tables.read_model` has read.

    Raises:
        ValueError: if the card is of another kind of model, or an array has the wrong shape.
        KeyError: if an array is missing.
    """
    require_kind(card, KIND)
    arch, params, basis = None, None, None
    if card["architecture"]:
        module = NETWORKS[card["method"]]
        arch = module.Architecture(**_hashable(card["architecture"]))
        like = jax.eval_shape(lambda: module.init(jax.random.key(0), arch))[0]
        params = unflatten({"params": like}, arrays)["params"]
    if "basis/vectors" in arrays:
        basis = polynomial.Basis(*(arrays[f"basis/{name}"] for name in polynomial.Basis._fields))
    about = card["method"], tuple(card["remove"]), arrays["scaling/low"], arrays["scaling/high"]
    return Tagger(*about, card["noise"], card["degree"], arch, params, basis)


def _architecture(tagger, spectra, u, choices):
    names = {"training", "components", "degree", "noise", "start"}
    given = {name: value for name, value in choices.items() if name not in names}
    if tagger.method == "contrastive":
        shape = {"n_component": len(tagger.basis.vectors), "n_u": u.shape[1]}
        return contrastive.Architecture(**_hashable(given | shape))
    fresh = SCALE * tagger.noise if choices["noise"] == "fresh" else 0.0
    shape = {"n_bin": spectra.flux.shape[1], "n_u": u.shape[1], "noise": fresh}
    return adversarial.Architecture(kind=tagger.method, **_hashable(given | shape))


def _scaled(init, scale):
    """An initialisation with the linear maps of `contrastive` in units of the noise."""

    def start(key):
        params, state = init(key)
        into, out = params["into"] * scale, (params["out"].T / scale).T
        return params | {"into": into, "out": out}, state

    return start


def _started(init, stars, noise, seed):
    """An initialisation from a good linear form of the auto-encoder, the same for every key."""
    params, state = init(jax.random.key(seed))
    params = adversarial.linear_start(params, stars, noise, seed)
    return lambda key: (params, state)


def _hashable(choices):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in choices.items()}


def _spread(tagger):
    """Standard deviation of the components of noisy spectra: their unit."""
    return np.sqrt(tagger.basis.variance + tagger.noise**2).astype(np.float32)


def _unit(tagger):
    """The reference noise in units of the components."""
    return (tagger.noise / _spread(tagger)).astype(np.float32)


def _read(tagger, spectra, u):
    """What the networks read of stars."""
    if tagger.method == "contrastive":
        c = polynomial.project(tagger.basis, spectra, u, tagger.degree) / _spread(tagger)
        with np.errstate(divide="ignore"):
            level = np.log(spectra.sigma() / tagger.noise)
        level = np.clip(level, *contrastive.LOG_NOISE).astype(np.float32)
        return {"c": c.astype(np.float32), "u": u, "log_noise": level[:, None]}
    there = spectra.weight > 0
    x = SCALE * np.where(there, spectra.flux, 1.0) - OFFSET
    ready = {"x": x.astype(np.float32), "u": u}
    masks = not there.all() or tagger.architecture.mask_input
    return ready | ({"there": there.astype(np.float32)} if masks else {})


@functools.cache
def _encoder(method, arch):
    def function(params: PyTree, stars: Mapping[str, Array]) -> dict[str, Array]:
        if method == "contrastive":
            z = contrastive.encode(params, stars["c"], stars["u"], stars["log_noise"])
        else:
            there = stars.get("there", jnp.ones_like(stars["x"]))
            z = adversarial.encode(params, arch, stars["x"], there, stars["u"])
        return {"z": z}

    return jax.jit(function)


@jax.jit
def _component_decoder(params, stars):
    return {"c": contrastive.decode(params, stars["z"], stars["u"])}


@jax.jit
def _flux_decoder(params, stars):
    return {"x": adversarial.decode(params, stars["z"], stars["u"])}
