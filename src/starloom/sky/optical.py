"""
Spectra from 200 nm to 5.7 um for photometry and the Gaia prism spectra.

The grid is 0.4 nm wide from 300 to 1100 nm, finer round strong lines, coarse elsewhere. Opacity:
continuum, strong lines (optical_lines.csv), hydrogen lines, molecular bands (bands.py) and a
forest of weak lines as an opacity distribution: its twelve strata are shuffled inside windows of
4.8 nm, which a prism does not resolve. Physical between 3500 and 7500 K; see atmosphere.py.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import atmosphere, chemistry, hydrogen, opacity, transfer
from starloom.sky.bands import molecular_lines
from starloom.sky.chemistry import read_rows

STEP_NM = 0.4
"""Width of the bins between 300 and 1100 nm."""
STRATA = 12
"""Strata of the weak-line distribution in each window."""
FOREST_SPREAD = 3.5
"""Standard deviation of ln opacity of weak lines."""
FOREST_SCALE_NM = 75.0
FOREST_TAIL = 0.025
FOREST_LEVEL = 0.055
"""Common factor of the weak lines."""
LINE_OFFSETS_NM = (0.006, 0.02, 0.06, 0.16)
ENERGY_BIN_EV = 1.0
BAND_BIN_EV = 0.5
BAND_SPREAD = {
    "CH": 1.2,
    "NH": 1.2,
    "OH": 1.2,
    "MgH": 1.0,
    "C2": 0.7,
    "CN": 0.7,
    "CO": 2.0,
    "TiO": 0.3,
    "VO": 0.3,
    "SiO": 0.5,
}
"""Standard deviation of ln opacity of band lines inside a window."""
BATCH = 64
"""Stars computed together; results do not depend on it."""
CHUNK = 512
"""Wavelengths computed together."""


class Basis(NamedTuple):
    """Wavelength vectors of all absorbers; rows are chunked as (n_chunk, n_term, CHUNK)."""

    wavelength_nm: np.ndarray
    n_true: int
    vectors: np.ndarray
    grid: np.ndarray


class Species(NamedTuple):
    """What the weights need: index of the level's species, its energy, whether it is damping."""

    atom: np.ndarray
    ion: np.ndarray
    atom_energy: np.ndarray
    atom_damped: np.ndarray
    molecule: np.ndarray
    molecule_energy: np.ndarray


def air_to_vacuum(wavelength_nm: np.ndarray) -> np.ndarray:
    """Vacuum wavelength of an air wavelength.

    Args:
        wavelength_nm: in air [nm].

    Returns:
        In vacuum [nm].

    References:
        Morton (2000), ApJS 130, 403, Eq. 8, inverted by one step.
    """
    s2 = (1e3 / np.asarray(wavelength_nm)) ** 2
    return wavelength_nm * (1 + 8.34254e-5 + 2.406147e-2 / (130 - s2) + 1.5998e-4 / (38.9 - s2))


@cache
def _strong_lines() -> dict[str, np.ndarray]:
    rows = read_rows("optical_lines.csv")
    name = list(chemistry.elements()["element"])
    value = {
        k: np.array([float(row[k]) for row in rows])
        for k in ("ion", "wavelength_air_nm", "energy_low_ev", "log_gf", "log_gamma_h_1e4k")
    }
    return {
        "atom": np.array([name.index(row["element"]) for row in rows]),
        "ion": value["ion"].astype(int),
        "wavelength_nm": air_to_vacuum(value["wavelength_air_nm"]),
        "energy_ev": value["energy_low_ev"],
        "gf": 10 ** value["log_gf"],
        "gamma_h": 10 ** value["log_gamma_h_1e4k"] * (opacity.T_LINE / 1e4) ** 0.38,
    }


@cache
def wavelength_grid() -> tuple[np.ndarray, np.ndarray]:
    """Wavelengths and edges of their bins.

    Returns:
        Vacuum wavelengths [nm], rising, and the edges [nm], one more; bins differ in width.
    """
    base = np.arange(300 + STEP_NM / 2, 1100, STEP_NM)
    offsets = np.array([0.0, *LINE_OFFSETS_NM, *(-o for o in LINE_OFFSETS_NM)])
    near = (_strong_lines()["wavelength_nm"][:, None] + offsets).ravel()
    balmer = (hydrogen.line_centres_nm()[:, None] + 3 * offsets).ravel()
    near = np.concatenate([near, balmer[(balmer > 310) & (balmer < 1095)]])
    wave = np.concatenate([np.arange(202.0, 300, 4.0), base, near, np.geomspace(1104, 5700, 520)])
    wave = np.unique(np.round(wave, 4))
    edges = np.concatenate([[200.0], 0.5 * (wave[1:] + wave[:-1]), [5704.0]])
    return wave, edges


def _quantiles(spread):
    """Lognormal quantiles of the strata, mean 1."""
    from scipy.special import ndtri

    value = np.exp(spread * ndtri((np.arange(STRATA) + 0.5) / STRATA))
    return value / value.mean()


def _shuffled(wave, spread, seed):
    """Relative opacity at each wavelength: one stratum a bin, shuffled in windows."""
    rng = np.random.default_rng(seed)
    n_window = int(np.ceil(6000 / STEP_NM / STRATA))
    strata = np.stack([rng.permutation(STRATA) for _ in range(n_window)]).ravel()
    index = np.where(
        (wave >= 300) & (wave < 1100),
        np.floor((wave - 300) / STEP_NM),
        2000 + np.arange(len(wave)),
    ).astype(int)
    return _quantiles(spread)[strata[index]]


def _bin_mean(wave, edges, position, strength):
    """Sum of line strengths in each bin over its width in frequency [1e-18 cm2]."""
    total = np.histogram(position, bins=edges, weights=strength)[0]
    hertz = opacity.C_CM * 1e7 * np.diff(edges) / wave**2
    return opacity.LINE_CM2_HZ * total / hertz / opacity.UNIT


def _line_groups(wave):
    """Core and damping vectors of the strong lines by species and energy bin."""
    lines = _strong_lines()
    mass = chemistry.elements()["mass_u"]
    bins = np.floor(lines["energy_ev"] / ENERGY_BIN_EV).astype(int)
    keys = sorted(set(zip(lines["atom"], lines["ion"], bins, strict=True)))
    for atom, ion, level in keys:
        mine = (lines["atom"] == atom) & (lines["ion"] == ion) & (bins == level)
        energy = lines["energy_ev"][mine].mean()
        core, wing = opacity.line_basis(
            wave,
            lines["wavelength_nm"][mine],
            lines["gf"][mine],
            lines["energy_ev"][mine] - energy,
            lines["gamma_h"][mine],
            2.2e15 / (10 * lines["wavelength_nm"][mine]) ** 2,
            mass[atom],
        )
        yield (atom, ion, energy, False), core
        yield (atom, ion, energy, True), wing


def _forest(wave):
    name = list(chemistry.elements()["element"])
    red = np.minimum((800.0 / wave) ** 2, 1.0)
    envelope = FOREST_LEVEL * (
        np.exp(-np.clip(wave - 300, -40, None) / FOREST_SCALE_NM) + FOREST_TAIL * red
    )
    for k, row in enumerate(read_rows("forest.csv")):
        shape = _shuffled(wave, FOREST_SPREAD, 1000 + k)
        key = (name.index(row["element"]), int(row["ion"]), float(row["energy_ev"]), False)
        yield key, float(row["mean_cross_section"]) * envelope * shape


def _bands(wave, edges):
    """Vectors of the molecular bands by molecule and energy bin."""
    for index, molecule in enumerate(chemistry.molecules()["molecule"]):
        lines = molecular_lines(str(molecule))
        if len(lines.gf) == 0:
            continue
        shape = _shuffled(wave, BAND_SPREAD[str(molecule)], 2000 + index)
        bins = np.floor(lines.energy_ev / BAND_BIN_EV).astype(int)
        for level in range(bins.max() + 1):
            mine = bins == level
            energy = (level + 0.4) * BAND_BIN_EV
            shift = np.exp(-(lines.energy_ev[mine] - energy) / (chemistry.K_EV * 4500.0))
            vector = _bin_mean(wave, edges, 1e7 / lines.wavenumber[mine], lines.gf[mine] * shift)
            yield (index, energy), vector * shape


@cache
def basis() -> tuple[Basis, Species]:
    """All vectors and the species they belong to.

    Returns:
        The basis and the species in the order of its rows.
    """
    wave, edges = wavelength_grid()
    continuum, n_true = opacity.continuum_basis(wave)
    atoms = [*_line_groups(wave), *_forest(wave)]
    bands = list(_bands(wave, edges))
    rows = [
        *continuum[:n_true],
        *hydrogen.line_vectors(wave),
        *(v for _, v in atoms),
        *(v for _, v in bands),
        *continuum[n_true:],
    ]
    vectors = np.stack(rows).astype(np.float32)
    n_chunk = -(-len(wave) // CHUNK)
    padded = np.pad(vectors, ((0, 0), (0, n_chunk * CHUNK - len(wave))))
    grid = np.pad(wave, (0, n_chunk * CHUNK - len(wave)), constant_values=wave[-1])
    key = np.array([k for k, _ in atoms])
    band_key = np.array([k for k, _ in bands])
    species = Species(
        key[:, 0].astype(int),
        key[:, 1].astype(int),
        key[:, 2].astype(np.float32),
        key[:, 3].astype(bool),
        band_key[:, 0].astype(int),
        band_key[:, 1].astype(np.float32),
    )
    return Basis(
        wave,
        len(rows) - (len(continuum) - n_true),
        padded.reshape(len(rows), n_chunk, CHUNK).transpose(1, 0, 2),
        grid.reshape(n_chunk, CHUNK).astype(np.float32),
    ), species


def weights(
    temperature: Float[Array, "n_star n_layer"], gas: chemistry.Gas
) -> Float[Array, "n_star n_layer n_term"]:
    """Weights of all vectors, per gram.

    Args:
        temperature: [K].
        gas: state of the gas in the layers.

    Returns:
        Times `basis` they give the opacity [cm2/g].
    """
    species = basis()[1]
    continuum = opacity.continuum_weights(temperature, gas)
    n_true = opacity.continuum_basis(np.array([500.0]))[1]
    level = opacity.level_weight(
        gas.atoms[..., species.atom, species.ion],
        jnp.asarray(species.atom_energy),
        temperature[..., None],
    )
    damped = opacity.collisions(temperature, gas)[..., None]
    level = level * jnp.where(jnp.asarray(species.atom_damped), damped, 1.0)
    band = opacity.level_weight(
        gas.molecules[..., species.molecule],
        jnp.asarray(species.molecule_energy),
        temperature[..., None],
    )
    parts = [
        continuum[..., :n_true],
        hydrogen.line_weights(temperature, gas),
        level,
        band,
        continuum[..., n_true:],
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
        Flux [W m-2 nm-1] on `wavelength_grid`.

    References:
        Mihalas (1978), Ch. 2 and 7; Gray (2005), Ch. 7-9.
    """
    table, _ = basis()
    layers = atmosphere.model(teff, logg, abundance, backwarming)
    gas = chemistry.equilibrium(layers.temperature, layers.pressure, abundance[:, None, :])
    w = weights(layers.temperature, gas)
    n_layer = layers.temperature.shape[1]

    def chunk(part):
        vectors, wave = part
        factors = [
            transfer.boltzmann_factor(wave, layers.temperature[:, i]) for i in range(n_layer)
        ]
        alpha = [
            jnp.maximum(
                (1.0 - factors[i]) * (w[:, i, : table.n_true] @ vectors[: table.n_true]), 0.0
            )
            + w[:, i, table.n_true :] @ vectors[table.n_true :]
            for i in range(n_layer)
        ]
        planck = transfer.FLUX_CONSTANT * 1e-15 / (wave / 1e3) ** 5
        return planck * transfer.emergent_flux(alpha, factors, layers.column)

    flux = jax.lax.map(chunk, (jnp.asarray(table.vectors), jnp.asarray(table.grid)))
    flux = jnp.moveaxis(flux, 0, 1).reshape(len(teff), -1)
    return flux[:, : len(table.wavelength_nm)]


def label_arrays(
    stars: Mapping[str, np.ndarray], xp_alpha: bool = True
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Labels of stars as one float32 array, and what each column is.

    Args:
        stars: teff [K], logg, m_h, alpha_m, c_fe, n_fe [dex] and optional <element>_fe [dex].
        xp_alpha: False sets [alpha/M], [C/Fe] and [N/Fe] to the solar mixture.

    Returns:
        (n_star, n_label) and the names of the labels.

    Raises:
        KeyError: if a label is missing; the message names it.
    """
    needed = ("teff", "logg", "m_h", "alpha_m", "c_fe", "n_fe")
    missing = [name for name in needed if name not in stars]
    if missing:
        raise KeyError(f"stars lack {', '.join(missing)}; they need {', '.join(needed)}")
    extra = sorted(k for k in stars if k.endswith("_fe") and k not in needed)
    names = (*needed, *extra)
    array = np.stack([np.asarray(stars[name], np.float32) for name in names], axis=1)
    if not xp_alpha:
        array[:, [names.index(k) for k in ("alpha_m", "c_fe", "n_fe")]] = 0.0
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
        Flux [W m-2 nm-1].
    """
    x_fe = {name[:-3]: labels[:, k] for k, name in enumerate(names) if name.endswith("_fe")}
    abundance = chemistry.abundances(labels[:, 2], labels[:, 3], x_fe)
    return surface_flux(labels[:, 0], labels[:, 1], abundance)


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
        block = labels[start : start + BATCH]
        padded = np.pad(block, ((0, BATCH - len(block)), (0, 0)), mode="edge")
        blocks.append(np.asarray(spectra_batch(padded, names))[: len(block)])
    return wavelength_grid()[0], np.concatenate(blocks)
