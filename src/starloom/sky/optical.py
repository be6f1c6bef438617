"""
Spectra of stars from 200 nm to 5.7 um: the function behind photometry and prism spectra.

`spectra` is the plain function of arrays; `surface_flux` is its core, pure JAX and differentiable
in all labels. Physical between 3500 and 7500 K; cooler stars lack H2O and collision-induced
opacity, hotter ones keep the same temperature law and lines of hydrogen and metals only.
"""

from collections.abc import Mapping
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import atmosphere, chemistry, hydrogen, opacity, transfer
from starloom.sky.optical_basis import Basis, basis, wavelength_grid

BATCH = 64
"""Stars computed together; results do not depend on it."""
LABELS = ("teff", "logg", "m_h", "alpha_m", "c_fe", "n_fe")
"""Labels that every star needs; [X/Fe] of other elements may follow."""
SIGMA_SB = 5.670374e-8
"""Stefan-Boltzmann constant [W m-2 K-4]."""


def weights(
    table: Basis, temperature: Float[Array, "n_star n_layer"], gas: chemistry.Gas
) -> Float[Array, "n_star n_layer n_term"]:
    """Weights of all vectors, per gram.

    Args:
        table: the vectors.
        temperature: [K].
        gas: state of the gas in the layers.

    Returns:
        Times the vectors they give the opacity [cm2/g].
    """
    t = temperature[..., None]
    atoms = opacity.level_weight(gas.atoms[..., table.atom, table.ion], table.atom_energy, t)
    damping = opacity.collisions(temperature, gas)[..., None]
    bands = opacity.level_weight(gas.molecules[..., table.molecule], table.molecule_energy, t)
    true, other = opacity.continuum_weights(temperature, gas)
    parts = [
        true,
        hydrogen.line_weights(temperature, gas),
        atoms * jnp.where(table.atom_damped, damping, 1.0),
        bands,
        other,
    ]
    return jnp.concatenate(parts, axis=-1) * (1e-18 / gas.density)[..., None]


def surface_flux(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
    backwarming: Float[Array, " n_star"] | None = None,
) -> Float[Array, "n_star n_wave"]:
    """Surface flux of a batch of stars; differentiable in all arguments.

    Args:
        teff: [K].
        logg: [dex, cgs].
        abundance: from `chemistry.abundances`.
        backwarming: see `atmosphere.model`.

    Returns:
        Flux [W m-2 nm-1] on `wavelength_grid`; its integral is sigma Teff^4 as well as the
        backwarming makes it (`normalised` makes it exact).

    References:
        Mihalas (1978), Ch. 2 and 7; Gray (2005), Ch. 7-9.
    """
    table = basis()
    layers = atmosphere.model(teff, logg, abundance, backwarming)
    gas = chemistry.equilibrium(layers.temperature, layers.pressure, abundance[:, None, :])
    weight = weights(table, layers.temperature, gas)

    def chunk(part):
        vectors, wave = part
        alpha, factors = [], []
        for layer in range(layers.temperature.shape[1]):
            factor = transfer.boltzmann_factor(wave, layers.temperature[:, layer])
            true = weight[:, layer, : table.n_true] @ vectors[: table.n_true]
            rest = weight[:, layer, table.n_true :] @ vectors[table.n_true :]
            alpha.append((1.0 - factor) * jnp.maximum(true, 0.0) + rest)
            factors.append(factor)
        planck = transfer.FLUX_CONSTANT * 1e-15 / (wave / 1e3) ** 5
        return planck * transfer.emergent_flux(alpha, factors, layers.column)

    flux = jax.lax.map(chunk, (jnp.asarray(table.vectors), jnp.asarray(table.grid)))
    flux = jnp.moveaxis(flux, 0, 1).reshape(len(teff), -1)
    return flux[:, : len(wavelength_grid()[0])]


def bolometric(
    flux: Float[Array, "n_star n_wave"], teff: Float[Array, " n_star"]
) -> Float[Array, " n_star"]:
    """Flux over all wavelengths: the grid, a Rayleigh-Jeans tail, a black body below 200 nm.

    Args:
        flux: on `wavelength_grid` [W m-2 nm-1].
        teff: [K].

    Returns:
        [W m-2]
    """
    wave, edges = wavelength_grid()
    infrared = flux[:, -1] * float(wave[-1]) / 3.0
    x = opacity.HC_OVER_K_NM / edges[0] / teff
    n = jnp.arange(1.0, 4.0)[:, None]
    series = jnp.exp(-n * x) * (x**3 / n + 3 * x**2 / n**2 + 6 * x / n**3 + 6 / n**4)
    ultraviolet = 15 / np.pi**4 * jnp.sum(series, axis=0) * SIGMA_SB * teff**4
    return flux @ jnp.asarray(np.diff(edges), jnp.float32) + infrared + ultraviolet


def normalised(
    flux: Float[Array, "n_star n_wave"], teff: Float[Array, " n_star"]
) -> Float[Array, "n_star n_wave"]:
    """Flux scaled so that its integral is sigma Teff^4.

    Args:
        flux: on `wavelength_grid` [W m-2 nm-1].
        teff: [K].

    Returns:
        Flux [W m-2 nm-1]; the factor is within 3 % of one for ordinary stars.
    """
    return flux * (SIGMA_SB * teff**4 / bolometric(flux, teff))[:, None]


def label_arrays(
    stars: Mapping[str, np.ndarray], xp_alpha: bool = True
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of stars as one array, and what each column is.

    Args:
        stars: teff [K], logg, m_h, alpha_m, c_fe, n_fe [dex] and optional <element>_fe [dex].
        xp_alpha: False gives all elements the Sun's mixture at the same [M/H].

    Returns:
        (n_star, n_label) float32 and the names of the labels.

    Raises:
        KeyError: if a label is missing; the message names it.
    """
    missing = [name for name in LABELS if name not in stars]
    if missing:
        raise KeyError(f"stars lack {', '.join(missing)}; they need {', '.join(LABELS)}")
    extra = sorted(k for k in stars if k.endswith("_fe") and k not in LABELS)
    names = (*LABELS, *extra)
    array = np.stack([np.asarray(stars[name], np.float32) for name in names], axis=1)
    if not xp_alpha:
        array[:, 3:] = 0.0
    return array, names


@partial(jax.jit, static_argnames="names")
def spectra_batch(
    labels: Float[Array, "n_star n_label"], names: tuple[str, ...]
) -> Float[Array, "n_star n_wave"]:
    """Surface flux from an array of labels.

    Args:
        labels: columns in the order of `names`.
        names: see `label_arrays`.

    Returns:
        Flux [W m-2 nm-1], integral sigma Teff^4.
    """
    x_fe = {name[:-3]: labels[:, k] for k, name in enumerate(names) if name.endswith("_fe")}
    abundance = chemistry.abundances(labels[:, 2], labels[:, 3], x_fe)
    return normalised(surface_flux(labels[:, 0], labels[:, 1], abundance), labels[:, 0])


def spectra(stars: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Surface flux of stars.

    Args:
        stars: see `label_arrays`; equally long arrays.

    Returns:
        Vacuum wavelengths [nm] and flux [W m-2 nm-1] (n_star, n_wave), float32.

    References:
        See the module.
    """
    labels, names = label_arrays(stars)
    blocks = []
    for start in range(0, len(labels), BATCH):
        rows = np.minimum(np.arange(start, start + BATCH), len(labels) - 1)
        blocks.append(np.asarray(spectra_batch(labels[rows], names)))
    return wavelength_grid()[0], np.concatenate(blocks)[: len(labels)]
