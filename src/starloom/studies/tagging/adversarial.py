"""
FaderDis and FactorDis: auto-encoders conditioned on u, whose latent a second network watches.

de Mijolla et al. (2021), Secs. 3.2 and 3.3, Appendix A. The watcher of FaderDis guesses the bin of
u from z; the critic of FactorDis tells (x, u, z) from the same with u and z paired at random.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from starloom.models import dense
from starloom.studies.tagging.polynomial import components, curve, fit
from starloom.studies.tagging.spectra import OFFSET, SCALE
from starloom.training.epochs import Rival

CONTINUUM = SCALE - OFFSET
"""What a missing pixel holds: the continuum, in scaled flux."""

START_DEGREE, BENDS = 3, 10
"""Degree of the polynomial in u that a linear start looks at, and directions of its curvature."""

SIZE = 1.0
"""Size of that difference in a linear start's latent, which keeps the latent itself of order 1."""

LEAK = 0.1
"""What a component keeps of u without training, in units of its own spread."""

RIDGE = 1e-7
"""Of the least-squares solution of a linear start, in units of the mean square of a neuron."""

RUN = 24
"""Length of the runs of pixels that a training with masks hides."""


@dataclass(frozen=True)
class Architecture:
    """
    Sizes and choices of both players.

    Args:
        kind: `fader` or `factor`.
        n_bin: of a spectrum.
        n_u: parameters that are taken away.
        latent: dimensions of z.
        encoder: its hidden layers.
        decoder: its hidden layers.
        rival: hidden layers of the auxiliary network or of the critic.
        weight: of the disentanglement against the mean squared error of scaled flux.
        bins: of each parameter (FaderDis).
        steps: of the rival for each of the auto-encoder.
        rival_rate: learning rate of the rival over the auto-encoder's.
        penalty: weight of the critic's gradient penalty (FactorDis).
        noise: standard deviation that each step adds anew, in scaled flux; 0 for none.
        mask_input: whether the encoder also reads which pixels are there.
        mask_fraction: share of the pixels that a training step hides.
    """

    kind: str
    n_bin: int
    n_u: int
    latent: int = 20
    encoder: Sequence[int] = (2048, 512, 128, 32)
    decoder: Sequence[int] = (512, 2048, 8192)
    rival: Sequence[int] = (512, 256)
    weight: float = 1e-5
    bins: int = 10
    steps: int = 1
    rival_rate: float = 1.0
    penalty: float = 10.0
    noise: float = 0.0
    mask_input: bool = False
    mask_fraction: float = 0.0


def init(key: PRNGKeyArray, arch: Architecture) -> tuple[PyTree, PyTree]:
    """Parameters of the auto-encoder, and those of its rival as the state."""
    keys = jax.random.split(key, 3)
    n_read = arch.n_bin * (1 + arch.mask_input) + arch.n_u
    params = {
        "encoder": dense.init(keys[0], (n_read, *arch.encoder, arch.latent)),
        "decoder": dense.init(keys[1], (arch.latent + arch.n_u, *arch.decoder, arch.n_bin)),
    }
    if arch.kind == "fader":
        rival = (arch.latent, *arch.rival, arch.bins**arch.n_u)
    else:
        rival = (arch.n_bin + arch.n_u + arch.latent, *arch.rival, 1)
    return params, {"rival": dense.init(keys[2], rival)}


def linear_start(
    params: PyTree, stars: Mapping[str, np.ndarray], noise: float, seed: int
) -> PyTree:
    """
    The auto-encoder close to a good linear form.

    Its latent is linear in the spectrum and in u: components of the residuals from a polynomial in
    u, in directions in which the polynomial's mean has no curvature, in units of what is expected
    between twins: the noise and a tenth of the component itself. A short training then starts
    where weak lines count as much as strong ones; the architecture and what is trained stay the
    same.

    Args:
        params: of `init`.
        stars: `x` and `u` of the training stars.
        noise: of a bin, in scaled flux.
        seed: of the search for components.
    """
    x, u = stars["x"], stars["u"]
    latent = params["encoder"][-1][1].shape[0]
    design = np.concatenate([np.ones_like(u[:, :1]), u], axis=1)
    line = np.linalg.lstsq(design, x, rcond=None)[0]
    smooth = curve(fit(x, u, START_DEGREE), u, START_DEGREE)
    bends, _ = components(smooth - design @ line, BENDS, seed)
    chemistry = x - smooth
    flat = chemistry - (chemistry @ bends.T) @ bends
    vectors, variance = components(flat, latent, seed)
    into = (vectors * (SIZE / np.sqrt(noise**2 + LEAK**2 * variance))[:, None]).T
    unread = np.zeros((params["encoder"][0][0].shape[0] - x.shape[1] - u.shape[1], latent))
    kernel = np.concatenate([into, unread, -line[1:] @ into]).astype(np.float32)
    encoder = dense.linear_start(params["encoder"], kernel, -line[0] @ into)
    # The decoder passes z and u on, beside random functions of them; its last layer is solved for.
    *inner, (last, _) = params["decoder"]
    n_in = latent + u.shape[1]
    started = dense.linear_start(
        [*inner, (last[:, :n_in], jnp.zeros(n_in))], jnp.eye(n_in), jnp.zeros(n_in)
    )[:-1]
    z = (x - design @ line) @ into
    hidden = np.asarray(dense.hidden(started, jnp.asarray(np.concatenate([z, u], axis=1))))
    middle = hidden.mean(axis=0)
    square = (hidden - middle).T @ (hidden - middle)
    square += RIDGE * np.trace(square) / len(square) * np.eye(len(square))
    mean = x.mean(axis=0)
    solved = np.linalg.solve(square, (hidden - middle).T @ (x - mean))
    last = (jnp.asarray(solved, jnp.float32), jnp.asarray(mean - middle @ solved, jnp.float32))
    return {"encoder": encoder, "decoder": [*started, last]}


def encode(params: PyTree, arch: Architecture, x: Array, there: Array, u: Array) -> Array:
    """z of scaled spectra `x`, whose missing pixels (`there` = 0) hold the continuum."""
    read = [x, there, u] if arch.mask_input else [x, u]
    return dense.apply(params["encoder"], jnp.concatenate(read, axis=1))


def decode(params: PyTree, z: Array, u: Array) -> Array:
    """Scaled spectra of latents at parameters u."""
    return dense.apply(params["decoder"], jnp.concatenate([z, u], axis=1))


def loss(
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Array],
    key: PRNGKeyArray,
    training: bool,
    *,
    arch: Architecture,
) -> tuple[Float[Array, ""], tuple[PyTree, dict[str, Float[Array, ""]]]]:
    """
    The auto-encoder's loss: masked mean squared error plus weighted disentanglement.

    Args:
        params: of the auto-encoder.
        state: the rival's parameters, `rival`.
        stars: `x` scaled flux, `u`, `cell` of u (FaderDis), and `there` (1 or 0) where pixels are
            missing.
        key: for noise and shuffles.
        training: whether noise and masks are drawn.
        arch: of both players.

    Returns:
        The loss, and the state with the parts `reconstruction` and `disentanglement`.

    References:
        de Mijolla et al. (2021), Eqs. 7 and 8.
    """
    x = _noisy(stars, key, training, arch)
    z = encode(params, arch, *_hidden(stars, x, key, training, arch), stars["u"])
    back = decode(params, z, stars["u"])
    counted = stars.get("there", jnp.ones_like(x))
    error = jnp.square(back - x) * counted
    reconstruction = error.sum() / counted.sum()
    if arch.kind == "fader":
        part = -_cross_entropy(state["rival"], z, stars["cell"])
    else:
        part = -_difference(state["rival"], params, z, back, stars["u"], key)
    total = reconstruction + arch.weight * part
    return total, (state, {"reconstruction": reconstruction, "disentanglement": part})


def rival_loss(
    rival: PyTree,
    params: PyTree,
    state: PyTree,
    stars: Mapping[str, Array],
    key: PRNGKeyArray,
    *,
    arch: Architecture,
) -> Float[Array, ""]:
    """
    The rival's own loss: cross-entropy, or Eq. 6 with its gradient penalty.

    No gradient reaches the auto-encoder; it is not even computed.
    """
    x = _noisy(stars, key, True, arch)
    z = encode(params, arch, *_hidden(stars, x, key, True, arch), stars["u"])
    if arch.kind == "fader":
        return _cross_entropy(rival, z, stars["cell"])
    back = decode(params, z, stars["u"])
    mixed = _shuffled(stars["u"], key)
    own = jnp.concatenate([back, stars["u"], z], axis=1)
    other = jnp.concatenate([decode(params, z, mixed), mixed, z], axis=1)
    share = jax.random.uniform(jax.random.fold_in(key, 3), (len(x), 1))
    between = own + share * (other - own)
    slope = jax.grad(lambda value: dense.apply(rival, value).sum())(between)
    size = jnp.sqrt(jnp.square(slope).sum(axis=1) + 1e-12)
    difference = dense.apply(rival, other).mean() - dense.apply(rival, own).mean()
    return difference + arch.penalty * jnp.square(size - 1).mean()


@functools.cache
def players(arch: Architecture):
    """Loss, init and rival of a training; the same objects for the same architecture."""
    rival = Rival(functools.partial(rival_loss, arch=arch), arch.steps, arch.rival_rate)
    return functools.partial(loss, arch=arch), functools.partial(init, arch=arch), rival


def edges(u: Float[np.ndarray, "n_star n_u"], bins: int) -> Float[np.ndarray, "n_u bins-1"]:
    """Inner edges of bins of equal counts, for each parameter."""
    return np.quantile(u, np.arange(1, bins) / bins, axis=0).T


def cells(
    u: Float[np.ndarray, "n_star n_u"], inner: Float[np.ndarray, "n_u n_edge"]
) -> Int[np.ndarray, " n_star"]:
    """Index of each star's cell in the grid of all parameters' bins."""
    index = np.zeros(len(u), np.int32)
    for values, edge in zip(u.T, inner, strict=True):
        index = index * (len(edge) + 1) + np.searchsorted(edge, values, side="right")
    return index.astype(np.int32)


def _noisy(stars, key, training, arch):
    if not (training and arch.noise):
        return stars["x"]
    noise = jax.random.normal(jax.random.fold_in(key, 0), stars["x"].shape)
    return stars["x"] + arch.noise * noise


def _hidden(stars, x, key, training, arch):
    """Spectra as the encoder reads them, and which pixels it sees."""
    seen = stars.get("there", jnp.ones_like(x))
    if training and arch.mask_fraction:
        shape = len(x), -(-arch.n_bin // RUN)
        hidden = jax.random.uniform(jax.random.fold_in(key, 1), shape) < arch.mask_fraction
        seen = seen * (1 - jnp.repeat(hidden, RUN, axis=1)[:, : arch.n_bin])
    return jnp.where(seen > 0, x, CONTINUUM), seen


def _shuffled(u, key):
    return jax.random.permutation(jax.random.fold_in(key, 2), u)


def _cross_entropy(rival, z, cell):
    guess = jax.nn.log_softmax(dense.apply(rival, z))
    return -jnp.take_along_axis(guess, cell[:, None], axis=1).mean()


def _difference(rival, params, z, back, u, key):
    """E_q[C] - E_p[C]: how well the critic tells shuffled from own parameters."""
    mixed = _shuffled(u, key)
    own = jnp.concatenate([back, u, z], axis=1)
    other = jnp.concatenate([decode(params, z, mixed), mixed, z], axis=1)
    return dense.apply(rival, other).mean() - dense.apply(rival, own).mean()
