"""
APOGEE spectra from labels: LTE synthesis of the H band on the 8575 pixels of an apStar file.

`synthesize` is pure JAX and differentiable in all its arguments; `spectra` streams a table of
stars through it in batches of fixed size. Valid for giants and dwarfs of 3500-7500 K; below about
3800 K the missing molecules (H2O, FeH, C2) matter, carbon stars lack C2.
"""

from collections.abc import Mapping
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.archives.sdss import PIXELS
from starloom.sky import atmosphere, chemistry, hydrogen, opacity, reference, transfer
from starloom.sky.hband_basis import (
    CHUNK,
    FINE_KMS,
    HALO,
    NODES_KMS,
    OVERSAMPLE,
    Basis,
    basis,
)

BATCH = 64
"""Stars synthesised together; results do not depend on it."""
ELEMENTS = (
    "C", "N", "O", "Na", "Mg", "Al", "Si", "P", "S", "K", "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co",
    "Ni", "Cu", "Ce", "Nd",
)  # fmt: skip
"""Elements whose lines are in the spectrum: the columns of `from_dex`."""
LSF_KMS = 5.66
"""Mean Gaussian width (sigma) of the line-spread function: resolving power 22,500."""
C12_C13 = 15.0
"""Carbon isotope ratio of a star of which none is given."""
WIDTHS_KMS = (4.6, 6.4, 10.0, 22.0)
"""Widths (sigma) at which the broadening is tabulated; between them it is interpolated."""
BLOCK = 49
"""Pixels broadened together."""
BRACKETT = (0.1, 0.005, 1.0)
"""Factors on the core, Stark and self-broadened opacity of the Brackett lines. The first two bring
them to the depth they have in real giants: the wing formula of `hydrogen`, meant for the Balmer
lines, is far too strong for high members of the series at 1e12-1e14 electrons per cm3."""
MICROTURBULENCE_KMS = (0.6, 3.2)
"""Range of the microturbulence; values outside are held at its ends."""


def weights(
    table: Basis,
    temperature: Float[Array, "n_star n_layer"],
    gas: chemistry.Gas,
    microturbulence_kms: Float[Array, " n_star"],
    c12_c13: Float[Array, " n_star"],
) -> Float[Array, "n_star n_layer n_vector"]:
    """Weights of all line vectors, per gram.

    Args:
        table: the vectors.
        temperature: [K].
        gas: state of the gas in the layers.
        microturbulence_kms: [km/s].
        c12_c13: carbon isotope ratio.

    Returns:
        Times the vectors they give the opacity of the lines [cm2/g], before the factor for
        stimulated emission.
    """
    t = temperature[..., None]
    atoms = opacity.level_weight(gas.atoms[..., table.atom, table.ion], table.atom_energy, t)
    bands = opacity.level_weight(gas.molecules[..., table.molecule], table.molecule_energy, t)
    heavy = 1.0 / (1.0 + c12_c13[:, None, None])
    carbon_monoxide = table.molecule == list(reference.molecules()["molecule"]).index("CO")
    light = jnp.where(carbon_monoxide, 1.0 - heavy, 1.0)
    bands = bands * jnp.where(table.heavy, heavy, light)
    second_atom = _second_share(microturbulence_kms, table.atom_mass)[:, None, :]
    second_band = _second_share(microturbulence_kms, table.molecule_mass)[:, None, :]
    series = 3 * list(hydrogen.SERIES).index(4)
    parts = [
        atoms * (1.0 - second_atom),
        atoms * second_atom,
        atoms * opacity.collisions(temperature, gas)[..., None],
        bands * (1.0 - second_band),
        bands * second_band,
        hydrogen.line_weights(temperature, gas)[..., series : series + 3] * np.array(BRACKETT),
    ]
    return jnp.concatenate(parts, axis=-1) * (1e-18 / gas.density)[..., None]


def _second_share(speed, mass):
    """Part of the second core vector: area kept, and the opacity at the line's centre exact."""
    speed = jnp.clip(speed, *MICROTURBULENCE_KMS)[:, None]
    thermal = 2e-10 * reference.K_ERG * opacity.T_LINE / (mass * reference.AMU_G)
    low, high = (1.0 / np.sqrt(thermal + node**2) for node in NODES_KMS)
    return (low - 1.0 / jnp.sqrt(thermal + speed**2)) / (low - high)


def _continuum(temperature, gas, edges_nm):
    """Continuous opacity [cm2/g] and exp(-h nu / kT) at the edges of the chunks."""
    vectors, n_true = opacity.continuum_basis(edges_nm)
    true, other = opacity.continuum_weights(temperature, gas)
    factor = transfer.boltzmann_factor(jnp.asarray(edges_nm, jnp.float32), temperature)
    alpha = (1.0 - factor) * (true @ vectors[:n_true]) + other @ vectors[n_true:]
    return alpha * (1e-18 / gas.density)[..., None], factor


@cache
def _profiles() -> np.ndarray:
    """(BLOCK * OVERSAMPLE + 2 HALO, n_width * BLOCK): fine points to broadened pixels."""
    fine = np.arange(BLOCK * OVERSAMPLE + 2 * HALO)[:, None]
    pixel = HALO + OVERSAMPLE * np.arange(BLOCK)
    offset = (fine - pixel) * FINE_KMS
    kernels = [np.exp(-0.5 * (offset / width) ** 2) for width in WIDTHS_KMS]
    return np.concatenate([k / k.sum(axis=0) for k in kernels], axis=1).astype(np.float32)


def _broaden(fine, width_kms):
    """Pixels of a Gaussian profile: two tabulated widths mixed so that the variance is exact."""
    size = BLOCK * OVERSAMPLE
    starts = np.arange(PIXELS // BLOCK) * size
    frames = fine[:, starts[:, None] + np.arange(size + 2 * HALO)]
    pixels = (frames @ _profiles()).reshape(len(fine), -1, len(WIDTHS_KMS), BLOCK)
    nodes = np.array(WIDTHS_KMS, np.float32) ** 2
    place = jnp.interp(width_kms**2, nodes, np.arange(len(nodes), dtype=np.float32))
    share = jnp.maximum(1.0 - jnp.abs(place[:, None] - np.arange(len(nodes))), 0.0)
    return jnp.einsum("sbwp,sw->sbp", pixels, share).reshape(len(fine), PIXELS)


def broadening(
    macroturbulence_kms: Float[Array, " n_star"],
    vsini_kms: Float[Array, " n_star"],
    lsf_kms: Float[Array, " n_star"] | float = LSF_KMS,
) -> Float[Array, " n_star"]:
    """Width (sigma) of the Gaussian that stands for all broadening.

    Args:
        macroturbulence_kms: full width at half maximum of a Gaussian [km/s].
        vsini_kms: projected rotation; its profile is replaced by a Gaussian of equal variance
            (limb darkening 0.6).
        lsf_kms: sigma of the line-spread function.

    Returns:
        [km/s]

    References:
        Gray (2005), Eq. 18.14, for the profile whose variance is 0.225 (v sin i)^2.
    """
    return jnp.sqrt(
        jnp.asarray(lsf_kms) ** 2 + (macroturbulence_kms / 2.3548) ** 2 + 0.225 * vsini_kms**2
    )


def microturbulence(logg: Float[Array, " n_star"]) -> Float[Array, " n_star"]:
    """Microturbulence of giants, as in `evolution.microturbulence`, differentiable.

    Args:
        logg: [dex, cgs]; held inside 0-3.8.

    Returns:
        [km/s]

    References:
        Holtzman et al. (2018), AJ 156, 125, Eq. 1.
    """
    x = jnp.clip(logg, 0.0, 3.8)
    return 10.0 ** (0.226 + x * (-0.0228 + x * (0.0297 - 0.0113 * x)))


def macroturbulence(m_h: Float[Array, " n_star"]) -> Float[Array, " n_star"]:
    """Macroturbulence of giants.

    Args:
        m_h: [M/H] [dex].

    Returns:
        [km/s]

    References:
        Holtzman et al. (2018), AJ 156, 125, Eq. 2.
    """
    return 10.0 ** (0.471 - 0.254 * jnp.clip(m_h, -2.5, 0.5))


def synthesize(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    abundance: Float[Array, "n_star n_element"],
    microturbulence_kms: Float[Array, " n_star"] | None = None,
    width_kms: Float[Array, " n_star"] | None = None,
    c12_c13: Float[Array, " n_star"] | None = None,
    table: Basis | None = None,
) -> tuple[Float[Array, "n_star 8575"], Float[Array, "n_star 8575"]]:
    """Spectra over their continuum, and the continuum, of a batch of stars.

    Args:
        teff: [K].
        logg: [dex, cgs].
        abundance: from `chemistry.abundances` (or `from_dex`).
        microturbulence_kms: [km/s]; that of a giant of this log g if none is given.
        width_kms: from `broadening`; the mean line-spread function if none is given.
        c12_c13: carbon isotope ratio; `C12_C13` if none is given.
        table: opacity vectors; those of the package's line list if none are given.

    Returns:
        Flux over the true continuum (1 without lines), and the continuum [W m-2 nm-1] at the
        star's surface.

    References:
        Mihalas (1978), Ch. 2 and 7; Gray (2005), Ch. 7-9 and 11.
    """
    table = basis() if table is None else table
    if microturbulence_kms is None:
        microturbulence_kms = microturbulence(logg)
    if width_kms is None:
        width_kms = jnp.full_like(teff, LSF_KMS)
    if c12_c13 is None:
        c12_c13 = jnp.full_like(teff, C12_C13)
    layers = atmosphere.model(teff, logg, abundance)
    gas = chemistry.equilibrium(layers.temperature, layers.pressure, abundance[:, None, :])
    weight = weights(table, layers.temperature, gas, microturbulence_kms, c12_c13)
    weight = jnp.moveaxis(weight, 1, 0)
    alpha, factor = (
        jnp.moveaxis(part, 1, 0) for part in _continuum(layers.temperature, gas, table.edges_nm)
    )
    smooth = transfer.emergent_flux(alpha, factor, layers.column)
    share = jnp.arange(CHUNK, dtype=jnp.float32) / CHUNK

    def chunk(part):
        vectors, active, *ends = part
        base, boltzmann, level = (
            low[..., None] + (high - low)[..., None] * share for low, high in ends
        )
        lines = jnp.maximum(jnp.take(weight, active, axis=2) @ vectors, 0.0)
        total = base + (1.0 - boltzmann) * lines
        return transfer.emergent_flux(total, boltzmann, layers.column) / level

    ends = [_pairs(values) for values in (alpha, factor, smooth)]
    fine = jax.lax.map(chunk, (table.vectors, table.active, *ends))
    fine = jnp.moveaxis(fine, 0, 1).reshape(len(teff), -1)
    return _broaden(fine, width_kms), _surface(smooth, table.edges_nm)


def _pairs(values):
    """Values at the first and second end of each chunk, chunks leading."""
    moved = jnp.moveaxis(values, -1, 0)
    return moved[:-1], moved[1:]


def _surface(smooth, edges_nm):
    """Continuum at the pixels [W m-2 nm-1] from that at the edges of the chunks."""
    place = (HALO + OVERSAMPLE * np.arange(PIXELS)) / CHUNK
    first = np.floor(place).astype(int)
    share = jnp.asarray(place - first, jnp.float32)
    scale = jnp.asarray(transfer.FLUX_CONSTANT / np.asarray(edges_nm, float) ** 5, jnp.float32)
    physical = smooth * scale
    return physical[:, first] * (1 - share) + physical[:, first + 1] * share


def from_dex(
    teff: Float[Array, " n_star"],
    logg: Float[Array, " n_star"],
    x_h: Float[Array, "n_star n_element"],
    elements: tuple[str, ...] = ELEMENTS,
    **more: Float[Array, " n_star"],
) -> Float[Array, "n_star 8575"]:
    """Normalised spectra from [X/H], the form in which chemical tagging asks for them.

    Args:
        teff: [K].
        logg: [dex, cgs].
        x_h: [X/H] [dex], columns as in `elements`.
        elements: their names; Fe must be among them. Elements left out follow iron.
        more: further arguments of `synthesize`.

    Returns:
        Flux over the continuum.

    Raises:
        ValueError: if Fe is missing or `x_h` has another number of columns.
    """
    if "Fe" not in elements or x_h.shape[1] != len(elements):
        raise ValueError(
            f"x_h has {x_h.shape[1]} columns for {len(elements)} elements, Fe "
            f"{'among' if 'Fe' in elements else 'not among'} them; give one column each, with Fe"
        )
    fe_h = x_h[:, elements.index("Fe")]
    x_fe = {name: x_h[:, k] - fe_h for k, name in enumerate(elements)}
    abundance = chemistry.abundances(fe_h, jnp.zeros_like(fe_h), x_fe)
    return synthesize(teff, logg, abundance, **more)[0]


@partial(jax.jit, static_argnames="names")
def spectra_batch(
    labels: Float[Array, "n_star n_label"], names: tuple[str, ...]
) -> tuple[Float[Array, "n_star 8575"], Float[Array, "n_star 8575"]]:
    """Normalised spectra and continua from an array of labels.

    Args:
        labels: columns in the order of `names`, which hold teff, logg, m_h, alpha_m,
            microturbulence_kms, width_kms, c12_c13 and any <element>_fe.
        names: see above.

    Returns:
        As `synthesize`.
    """
    star = {name: labels[:, k] for k, name in enumerate(names)}
    x_fe = {name[:-3]: value for name, value in star.items() if name.endswith("_fe")}
    abundance = chemistry.abundances(star["m_h"], star["alpha_m"], x_fe)
    return synthesize(
        star["teff"], star["logg"], abundance, star["microturbulence_kms"], star["width_kms"],
        star["c12_c13"],
    )  # fmt: skip


def label_arrays(stars: Mapping[str, np.ndarray]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of stars as one array, and what each column is.

    Args:
        stars: teff [K], logg, m_h, alpha_m [dex] and, where there are, microturbulence_kms,
            vsini_kms, lsf_kms [km/s], c12_c13 and <element>_fe [dex].

    Returns:
        (n_star, n_label) float32 and the names `spectra_batch` takes.

    Raises:
        KeyError: if a label is missing; the message names it.
    """
    needed = ("teff", "logg", "m_h", "alpha_m")
    missing = [name for name in needed if name not in stars]
    if missing:
        raise KeyError(f"stars lack {', '.join(missing)}; they need {', '.join(needed)}")
    given = {name: np.asarray(stars[name], np.float32) for name in needed}
    none = np.zeros_like(given["teff"])
    given["microturbulence_kms"] = np.asarray(
        stars.get("microturbulence_kms", microturbulence(given["logg"])), np.float32
    )
    given["width_kms"] = np.asarray(
        broadening(
            macroturbulence(given["m_h"]),
            np.asarray(stars.get("vsini_kms", none), np.float32),
            np.asarray(stars.get("lsf_kms", none + LSF_KMS), np.float32),
        )
    )
    given["c12_c13"] = np.asarray(stars.get("c12_c13", none + C12_C13), np.float32)
    for name in sorted(stars):
        if name.endswith("_fe"):
            given[name] = np.asarray(stars[name], np.float32)
    return np.stack(list(given.values()), axis=1), tuple(given)


def spectra(stars: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Normalised spectra and continua of a table of stars.

    Args:
        stars: see `label_arrays`; equally long arrays.

    Returns:
        Flux over the continuum and the continuum at the surface [W m-2 nm-1], (n_star, 8575)
        float32; a star whose labels are not finite gets NaN.
    """
    labels, names = label_arrays(stars)
    parts = []
    for start in range(0, len(labels), BATCH):
        rows = np.minimum(np.arange(start, start + BATCH), len(labels) - 1)
        parts.append([np.asarray(part) for part in spectra_batch(labels[rows], names)])
    if not parts:
        return tuple(np.zeros((0, PIXELS), np.float32) for _ in range(2))
    flux, continuum = (np.concatenate(part)[: len(labels)] for part in zip(*parts, strict=True))
    return flux, continuum
