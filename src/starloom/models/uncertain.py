"""
The uncertain network: labels, their excess variance, and what the errors of the inputs do to them.

Fallows & Sanders (2024), Sec. 3.1. The inputs are ratios of XP coefficients to the first RP one
and a few colours, of which some may be missing. The derivative of the labels by the inputs is
written out, so that it costs as many products of matrices as there are labels, and the covariance
of the ratios is never formed: by the chain rule it acts on the coefficients' own covariance.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, UInt32

DROP = 51
"""A neuron is dropped where its random byte is below this: 51/256 = 0.199."""

KEEP = 1 - DROP / 256

Params = Mapping[str, Array]
Stars = Mapping[str, Array]


def init(key: PRNGKeyArray, n_input: int, n_colour: int, widths: Sequence[int], n_label: int):
    """
    Parameters of a new network.

    Args:
        key: for the initial values.
        n_input: inputs, colours last.
        n_colour: how many of them can be missing: each has a fill-in and an indicator.
        widths: neurons of the two hidden layers.
        n_label: labels; as many excess variances come beside.

    Returns:
        Arrays by name.
    """
    sizes = (n_input + n_colour, *widths, 2 * n_label)
    params = {"fill": jnp.zeros(n_colour)}
    for layer, layer_key in enumerate(jax.random.split(key, len(sizes) - 1)):
        limit = sizes[layer] ** -0.5
        kernel, bias = jax.random.split(layer_key)
        shape = sizes[layer : layer + 2]
        params[f"w{layer}"] = jax.random.uniform(kernel, shape, minval=-limit, maxval=limit)
        params[f"b{layer}"] = jax.random.uniform(bias, shape[1:], minval=-limit, maxval=limit)
    return params


def first_layer(params: Params, stars: Stars) -> Float[Array, "n_star n_hidden"]:
    """Pre-activations of the first layer; no dropout comes before them."""
    known = stars["known"]
    n_colour = known.shape[-1]
    colour = jnp.where(known, stars["x"][:, -n_colour:], params["fill"])
    full = jnp.concatenate([stars["x"][:, :-n_colour], colour, ~known], axis=1)
    return full @ params["w0"] + params["b0"]


def heads(
    params: Params, hidden: Float[Array, "*n n_hidden"]
) -> tuple[Float[Array, "*n n_label"], Float[Array, "*n n_label"]]:
    """Labels and excess variances from the second layer's activations."""
    mean, excess = jnp.split(hidden @ params["w2"] + params["b2"], 2, axis=-1)
    return mean, jax.nn.softplus(excess)


def predict(params: Params, stars: Stars, masks: Sequence[Array] | None = None):
    """
    Labels and excess variances, in standardised units.

    Args:
        params: of the network.
        stars: `x` (n_star, n_input) standardised, `known` (n_star, n_colour) bool.
        masks: factors on the activations of the two hidden layers; None keeps all neurons.

    Returns:
        Mean and excess variance (n_star, n_label).
    """
    hidden = gelu(first_layer(params, stars))
    hidden = hidden if masks is None else hidden * masks[0]
    hidden = gelu(hidden @ params["w1"] + params["b1"])
    return heads(params, hidden if masks is None else hidden * masks[1])


def predict_with_input(params: Params, stars: Stars, masks: Sequence[Array] | None = None):
    """
    Labels, excess variances, and the variances from the errors of the inputs.

    Args:
        params: of the network.
        stars: as for `predict`, and what `input_variance` reads.
        masks: as for `predict`.

    Returns:
        Mean, excess and input variance (n_star, n_label).
    """
    before = first_layer(params, stars)
    return from_first_layer(params, stars, before, masks)


def from_first_layer(params: Params, stars: Stars, before: Array, masks: Sequence[Array] | None):
    """As `predict_with_input`, from the first layer's pre-activations."""
    mean, excess, slope = with_slope(params, before, masks, stars["x"].shape[1])
    return mean, excess, input_variance(slope, stars)


def with_slope(params: Params, before: Array, masks: Sequence[Array] | None, n_input: int):
    """Labels, excess variances and the labels' `jacobian`, from the first pre-activations."""
    keep = masks or (1.0, 1.0)
    first, first_slope = gelu_and_slope(before)
    second, second_slope = gelu_and_slope((first * keep[0]) @ params["w1"] + params["b1"])
    mean, excess = heads(params, second * keep[1])
    slope = jacobian(params, first_slope * keep[0], second_slope * keep[1], n_input)
    return mean, excess, slope


def jacobian(
    params: Params,
    first_slope: Float[Array, "*n n_hidden"],
    second_slope: Float[Array, "*n n_hidden"],
    n_input: int,
) -> Float[Array, "*n n_label n_input"]:
    """
    Derivative of the labels by the inputs, backwards through the layers.

    Args:
        params: of the network.
        first_slope: derivative of the first activations, with dropout.
        second_slope: the same of the second.
        n_input: inputs without the indicators, which have no error.

    Returns:
        dy/dx in standardised units; that of a missing colour is that of its fill-in.
    """
    n_label = params["w2"].shape[1] // 2
    back = params["w2"][:, :n_label].T * second_slope[..., None, :]
    back = (back @ params["w1"].T) * first_slope[..., None, :]
    return back @ params["w0"][:n_input].T


def input_variance(
    slope: Float[Array, "n_star n_label n_input"], stars: Stars
) -> Float[Array, "n_star n_label"]:
    """
    diag(J Sigma J^T), with the covariance of the ratios by the full delta method.

    For y_i = x_i / x_RP0 a derivative g by the ratios is one by the coefficients: g_i / x_RP0,
    and -sum(g y) / x_RP0 by x_RP0 itself, which BP and RP share.

    Args:
        slope: dy/dx in standardised units.
        stars: `ratio` (n_star, 2 n_band - 1) the ratios as they are, BP then RP without its
            first; `error` (n_star, 2 n_band) errors of the coefficients over x_RP0;
            `correlation` (n_star, 2, n_band, n_band) within BP and within RP;
            `band_error` (n_star, n_magnitude), errors of what the colours are made of;
            `to_input` (n_input,) factors from ratios and colours to inputs;
            `to_colour` (n_colour, n_magnitude) from magnitudes to colours; `known`.

    Returns:
        Variances in the square of the standardised labels' unit.

    References:
        Fallows & Sanders (2024), Eq. 7, with the covariance that their Eq. 2 stands for.
    """
    n_band = stars["error"].shape[-1] // 2
    n_ratio = 2 * n_band - 1
    slope = slope * stars["to_input"]
    ratios, colours = slope[..., :n_ratio], slope[..., n_ratio:]
    common = -(ratios * stars["ratio"][:, None]).sum(axis=-1, keepdims=True)
    by_rp = jnp.concatenate([common, ratios[..., n_band:]], axis=-1)
    error, correlation = stars["error"][:, None], stars["correlation"]
    spectrum = quadratic(ratios[..., :n_band] * error[..., :n_band], correlation[:, 0])
    spectrum += quadratic(by_rp * error[..., n_band:], correlation[:, 1])
    colours = jnp.where(stars["known"][:, None], colours, 0.0) @ stars["to_colour"]
    return spectrum + jnp.square(colours * stars["band_error"][:, None]).sum(axis=-1)


@jax.custom_vjp
def quadratic(
    vector: Float[Array, "*n n_label n_band"], matrix: Float[Array, "*n n_band n_band"]
) -> Float[Array, "*n n_label"]:
    """v^T M v of each vector with its symmetric matrix; gradients flow to the vector alone."""
    return _quadratic_forward(vector, matrix)[0]


def _quadratic_forward(vector, matrix):
    product = vector @ matrix
    return (product * vector).sum(axis=-1), (product, matrix)


def _quadratic_backward(saved, slope):
    product, matrix = saved
    return 2 * slope[..., None] * product, jnp.zeros_like(matrix)


quadratic.defvjp(_quadratic_forward, _quadratic_backward)


def gelu(x: Array) -> Array:
    """Gaussian error linear unit in its exact form, x Phi(x)."""
    return gelu_and_slope(x)[0]


def gelu_and_slope(x: Array) -> tuple[Array, Array]:
    """GELU and its derivative."""
    cdf = 0.5 + 0.5 * jax.lax.erf(x * 0.5**0.5)
    return x * cdf, cdf + x * jnp.exp(-0.5 * jnp.square(x)) * (2 * np.pi) ** -0.5


def draw_masks(
    key: PRNGKeyArray, n_star: int, widths: Sequence[int]
) -> tuple[Float[Array, "n_star n_hidden"], ...]:
    """Dropout factors of a training step: 0 for a dropped neuron, else 1 over the share kept."""
    bits = jax.random.bits(key, (n_star, sum(widths)), np.uint8)
    return tuple(jnp.split((bits >= DROP) * np.float32(1 / KEEP), np.cumsum(widths)[:-1], axis=1))


def star_masks(
    name: UInt32[Array, " n_star"], passes: int, widths: Sequence[int]
) -> tuple[Float[Array, "pass n_star n_hidden"], ...]:
    """
    Dropout factors of a prediction; each star's come from its own name and the pass alone.

    Args:
        name: 32 well-mixed bits of each star.
        passes: how many.
        widths: neurons of the hidden layers, multiples of four.

    Returns:
        Factors for each layer.

    References:
        The mixing is that of a 32-bit counter through two rounds of multiply and shift
        (Appleby's MurmurHash3 finaliser), four neurons to a word.
    """
    n_word = sum(widths) // 4
    counter = jnp.arange(passes * n_word, dtype=jnp.uint32).reshape(passes, 1, n_word)
    word = _mixed(name[None, :, None] + counter * np.uint32(0x9E3779B1))
    bytes_ = jax.lax.bitcast_convert_type(word, jnp.uint8).reshape(passes, len(name), -1)
    factors = (bytes_ >= DROP) * np.float32(1 / KEEP)
    return tuple(jnp.split(factors, np.cumsum(widths)[:-1], axis=-1))


def _mixed(word):
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        word = (word ^ (word >> np.uint32(shift))) * np.uint32(factor)
    return word ^ (word >> np.uint32(16))


def dropout_passes(
    params: Params, stars: Stars, passes: int, each_input: bool = False
) -> dict[str, Float[Array, "n_star n_label"]]:
    """
    Median over many passes with dropout, and the variances by their origin.

    Args:
        params: of the network.
        stars: as for `predict_with_input`, and `name` (n_star,) of uint32.
        passes: how many.
        each_input: take the input variance in each pass and average; else without dropout, once.

    Returns:
        `mean`, `model` (variance over the passes), `input` and `excess` variances (mean over the
        passes), standardised.

    References:
        Fallows & Sanders (2024), Sec. 3.1 and Eq. 11.
    """
    before = first_layer(params, stars)
    widths = params["w1"].shape
    masks = star_masks(stars["name"], passes, widths)
    if each_input:
        # Star by star: its covariance meets the slopes of all its passes in one product.
        masks = tuple(jnp.moveaxis(mask, 0, 1) for mask in masks)
        mean, excess, slope = with_slope(params, before[:, None], masks, stars["x"].shape[1])
        slope = slope.reshape(len(before), -1, slope.shape[-1])
        given = input_variance(slope, stars).reshape(len(before), passes, -1).mean(axis=1)
        mean, excess = jnp.moveaxis(mean, 1, 0), jnp.moveaxis(excess, 1, 0)
    else:
        hidden = gelu(before) * masks[0]
        hidden = gelu(hidden @ params["w1"] + params["b1"]) * masks[1]
        mean, excess = heads(params, hidden)
        given = from_first_layer(params, stars, before, None)[2]
    return {
        "mean": jnp.median(mean, axis=0),
        "model": mean.var(axis=0, ddof=1),
        "input": given,
        "excess": excess.mean(axis=0),
    }
