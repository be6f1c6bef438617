"""What a trained scatter VAE says of stars, how unusual they are, and how well it does."""

import functools
from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import logsumexp
from sklearn.mixture import GaussianMixture

from starloom.models import scatter_vae as network
from starloom.models.chunks import in_chunks
from starloom.training.epochs import mean_loss
from starloom.training.losses import gaussian, gaussian_blocks
from starloom.training.scatter_vae.model import Model, graph_of, loss

FIRST = 32
"""Coefficients of BP and of RP that the relative errors R(j) and RMSE(j) use."""

ACTIVE = 0.01
"""Variance of the latent means above which a dimension counts as active (Burda et al. 2016)."""

COMPONENTS = 16
"""Gaussians in the density of the training stars' latent means."""

STARS_PER_COMPONENT = 50
"""Fewer stars than this for each Gaussian, and fewer Gaussians are fitted."""

QUANTILES = np.linspace(0, 1, 2001)
"""Where the distributions of the reference stars are kept."""


def predict(
    model: Model, stars: Mapping[str, np.ndarray], *, spectra: bool = False
) -> dict[str, np.ndarray]:
    """
    Latent position and scores of each star, from its latent mean (no random draw).

    Args:
        model: a trained model.
        stars: `x` and `error` from `standardise` (and `correlation` for the full likelihood).
        spectra: also give the reconstructed spectrum and the scatter.

    Returns:
        `latent_mean`, `latent_sigma` (n_star, n_latent); `chi2` of the reconstruction with errors
        and scatter, `log_likelihood` [nat]; `latent_log_density` among training stars;
        `chi2_rank`, `density_rank`: share of validation stars that are less unusual;
        `outlier_score`, the larger rank; `out_of_range`: lower density or larger chi2 than any
        training star; and with `spectra` `spectrum`, `scatter` (n_star, n_input), normalised.
    """
    found = _apply(model, stars, spectra)
    return found | (unusual(model.reference, found) if model.reference else {})


def with_reference(
    model: Model,
    training: Mapping[str, np.ndarray],
    validation: Mapping[str, np.ndarray],
    *,
    seed: int,
) -> Model:
    """
    The model with a description of its stars, against which others are called unusual.

    Args:
        model: a trained model.
        training: stars it was trained on: the latent density and the range come from them.
        validation: stars it was not: the ranks come from them.
        seed: of the Gaussian mixture.

    Returns:
        The model with `reference`.
    """
    seen, unseen = (_apply(model, stars, False) for stars in (training, validation))
    n_gauss = int(np.clip(len(seen["chi2"]) // STARS_PER_COMPONENT, 1, COMPONENTS))
    mixture = GaussianMixture(n_gauss, reg_covar=1e-4, random_state=seed, max_iter=500)
    mixture.fit(seen["latent_mean"].astype(np.float64))
    reference = {
        "weights": mixture.weights_,
        "means": mixture.means_,
        "precisions_cholesky": mixture.precisions_cholesky_,
    }
    density = log_density(reference, unseen["latent_mean"])
    reference |= {
        "chi2": np.quantile(unseen["chi2"], QUANTILES),
        "density": np.quantile(density, QUANTILES),
        "largest_chi2": seen["chi2"].max().astype(np.float64),
        "lowest_density": log_density(reference, seen["latent_mean"]).min(),
    }
    return replace(model, reference=reference)


def unusual(
    reference: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    How unusual stars are; see `predict` for the columns.

    Args:
        reference: of the model.
        found: `latent_mean` and `chi2` of the stars.

    Returns:
        `latent_log_density`, `chi2_rank`, `density_rank`, `outlier_score`, `out_of_range`.
    """
    density = log_density(reference, found["latent_mean"])
    chi2_rank = np.interp(found["chi2"], reference["chi2"], QUANTILES)
    density_rank = 1 - np.interp(density, reference["density"], QUANTILES)
    far = found["chi2"] > reference["largest_chi2"]
    return {
        "latent_log_density": density,
        "chi2_rank": chi2_rank,
        "density_rank": density_rank,
        "outlier_score": np.maximum(chi2_rank, density_rank),
        "out_of_range": far | (density < reference["lowest_density"]),
    }


def log_density(
    reference: Mapping[str, np.ndarray], z: Float[np.ndarray, "n_star n_latent"]
) -> Float[np.ndarray, " n_star"]:
    """Natural logarithm of the training stars' latent density, a mixture of Gaussians, at `z`."""
    terms = []
    for weight, mean, root in zip(
        reference["weights"], reference["means"], reference["precisions_cholesky"], strict=True
    ):
        white = (np.asarray(z, np.float64) - mean) @ root
        norm = np.log(weight) + np.log(np.diag(root)).sum() - 0.5 * len(mean) * np.log(2 * np.pi)
        terms.append(norm - 0.5 * np.square(white).sum(axis=1))
    return logsumexp(terms, axis=0)


def evaluate(
    model: Model, stars: Mapping[str, np.ndarray], *, n_bp: int = 55
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """
    How well the model does on stars it has not seen.

    Args:
        model: a trained model.
        stars: `x` and `error` (and `correlation`) of held-out stars.
        n_bp: how many of the coefficients are BP's; they come first.

    Returns:
        Numbers: `loss`, `reconstruction`, `kl` [nat]; `residual_width` (standard deviation),
        `residual_width_robust` (half of the 16th to 84th percentile), `residual_mean` of
        (x - xhat)/sqrt(e^2 + s^2) with the latent mean decoded; `residual_width_drawn`, the
        standard deviation when a draw from each star's posterior is decoded, as in training;
        `chi2_per_dof`; `median_rmse`; `active_dimensions`; `n`.
        And arrays: `normalised` residuals (n_star, n_input), `relative` = R(j) = (x - xhat)/e
        (n_star, n_input), `rmse` over the first 32 + 32 coefficients (n_star,).

    References:
        Laroche & Speagle (2024), Eqs. 1-7; Burda et al. (2016) for active dimensions.
    """
    found = _apply(model, stars, True)
    residual = stars["x"] - found["spectrum"]
    normalised = residual / np.hypot(stars["error"], found["scatter"])
    relative = residual / stars["error"]
    error_of_star = rmse(relative, n_bp)
    low, high = np.percentile(normalised, [15.865, 84.135])
    numbers = {
        **_losses(model, stars),
        "residual_width": normalised.std(dtype=np.float64),
        "residual_width_robust": 0.5 * (high - low),
        "residual_mean": normalised.mean(dtype=np.float64),
        "chi2_per_dof": found["chi2"].mean(dtype=np.float64) / normalised.shape[1],
        "residual_width_drawn": _drawn_width(model, stars, found),
        "median_rmse": np.median(error_of_star),
        "active_dimensions": int((found["latent_mean"].var(axis=0) > ACTIVE).sum()),
    }
    arrays = {"normalised": normalised, "relative": relative, "rmse": error_of_star}
    return {name: float(value) for name, value in numbers.items()} | {"n": len(residual)}, arrays


def rmse(relative: Float[np.ndarray, "n_star n_input"], n_bp: int) -> Float[np.ndarray, " n_star"]:
    """
    RMSE(j) of each star: R(j) over its first 32 BP and 32 RP coefficients.

    Args:
        relative: R(j) = (x - xhat)/e.
        n_bp: how many of the coefficients are BP's; they come first.

    Returns:
        The root mean square; over all there are where a band has fewer than 32.

    References:
        Laroche & Speagle (2024), Eq. 7.
    """
    first = [band[:, :FIRST] for band in np.split(relative, [n_bp], axis=1)]
    return np.sqrt(np.square(np.concatenate(first, axis=1)).mean(axis=1))


def recalibrated(model: Model, validation: Mapping[str, np.ndarray]) -> Model:
    """
    The model with its scatter multiplied so that validation residuals have unit width.

    Args:
        model: a trained model.
        validation: stars it was not trained on; never those that numbers are taken from.

    Returns:
        The model with another `scatter_scale`; zero where the errors alone are already too wide.
    """
    plain = replace(model, scatter_scale=1.0)
    found = _apply(plain, validation, True)
    residual = validation["x"] - found["spectrum"]

    def excess(scale):
        total = np.hypot(validation["error"], scale * found["scatter"])
        return (residual / total).std(dtype=np.float64) - 1

    if excess(0.0) <= 0:
        return replace(model, scatter_scale=0.0)
    upper = 2.0
    while excess(upper) > 0:
        upper *= 2
    return replace(model, scatter_scale=float(brentq(excess, 0, upper, xtol=1e-6)))


def _apply(model, stars, spectra):
    names = ("x", "error", "correlation") if _full(model) else ("x", "error")
    weights = network.folded(graph_of(model.architecture), model.params, model.stats)
    function = _compiled(model.architecture.scatter, _full(model), spectra)
    given = {name: stars[name] for name in names}
    return in_chunks(function, (weights, np.float32(model.scatter_scale)), given)


@functools.cache
def _compiled(activation, full, spectra):
    def function(weights, stars):
        weights, scale = weights
        mean, sigma = network.encode(weights, stars["x"])
        spectrum, scatter = network.decode(weights, mean, activation)
        scatter = scale * scatter
        residual = stars["x"] - spectrum
        if full:
            chi2, loss = gaussian_blocks(residual, stars["error"], stars["correlation"], scatter)
        else:
            variance = jnp.square(stars["error"]) + jnp.square(scatter)
            chi2 = (jnp.square(residual) / variance).sum(axis=-1)
            loss = gaussian(residual, variance)
        constant = 0.5 * residual.shape[-1] * np.log(2 * np.pi)
        found = {"latent_mean": mean, "latent_sigma": sigma, "chi2": chi2}
        found["log_likelihood"] = -loss - constant
        return found | ({"spectrum": spectrum, "scatter": scatter} if spectra else {})

    return jax.jit(function)


def _drawn_width(model, stars, found):
    noise = np.random.default_rng(0).normal(size=found["latent_mean"].shape)
    z = found["latent_mean"] + found["latent_sigma"] * noise.astype(np.float32)
    weights = network.folded(graph_of(model.architecture), model.params, model.stats)
    decoded = in_chunks(_decoder(model.architecture.scatter), weights, {"z": z})
    scale = np.hypot(stars["error"], model.scatter_scale * decoded["scatter"])
    return ((stars["x"] - decoded["spectrum"]) / scale).std(dtype=np.float64)


@functools.cache
def _decoder(activation):
    def function(weights, stars):
        return dict(
            zip(
                ("spectrum", "scatter"),
                network.decode(weights, stars["z"], activation),
                strict=True,
            )
        )

    return jax.jit(function)


def _full(model):
    return model.architecture.likelihood == "full"


def _losses(model, stars):
    def score(params, stats, stars, key):
        function = functools.partial(loss, architecture=model.architecture)
        return mean_loss(function, params, stats, stars, key, 1024)

    names = ("x", "error", "correlation") if _full(model) else ("x", "error")
    given = {name: jnp.asarray(stars[name]) for name in names}
    return jax.jit(score)(model.params, model.stats, given, jax.random.key(0))
