"""
Wavelength grid and fixed opacity vectors of the optical and infrared spectra.

The grid is 0.4 nm wide from 300 to 1100 nm, finer round strong lines, coarse elsewhere. Opacity:
continuum, strong lines (optical_lines.csv), hydrogen lines, molecular bands (bands.py) and a
forest of weak lines as an opacity distribution: its twelve strata are shuffled inside windows of
4.8 nm, which a prism does not resolve.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from starloom.sky import hydrogen, opacity, reference
from starloom.sky.bands import molecular_lines
from starloom.sky.reference import read_rows

STEP_NM = 0.4
"""Width of the bins between 300 and 1100 nm."""
STRATA = 12
"""Strata of the weak-line distribution in each window."""
FOREST_SPREAD = 3.5
"""Standard deviation of ln opacity of weak lines."""
FOREST_UV_SCALE_NM = 18.0
FOREST_TAIL = 0.007
FOREST_LEVEL = 0.07
"""Common factor of the weak lines."""
LINE_OFFSETS_NM = (0.006, 0.02, 0.06, 0.16)
ENERGY_BIN_EV = 1.0
BAND_BIN_EV = 0.5
BAND_SPREAD = {
    "CH": 2.0,
    "NH": 2.0,
    "OH": 3.0,
    "MgH": 1.0,
    "C2": 0.7,
    "CN": 1.0,
    "CO": 4.0,
    "TiO": 0.3,
    "VO": 0.3,
    "SiO": 2.0,
}
"""Standard deviation of ln opacity of band lines inside a window."""
CHUNK = 512
"""Wavelengths computed together."""


class Basis(NamedTuple):
    """Wavelength vectors of all absorbers, in chunks, and what their weights need."""

    vectors: np.ndarray
    """(n_chunk, n_term, CHUNK) [1e-18 cm2]."""
    grid: np.ndarray
    """(n_chunk, CHUNK) vacuum wavelengths [nm], the last repeated to fill."""
    n_true: int
    """Leading vectors that need the factor for stimulated emission."""
    atom: np.ndarray
    """Element of each atomic vector."""
    ion: np.ndarray
    atom_energy: np.ndarray
    """[eV]"""
    atom_damped: np.ndarray
    """Whether the vector is the damping part of its lines."""
    molecule: np.ndarray
    molecule_energy: np.ndarray
    """[eV]"""


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
    name = list(reference.elements()["element"])
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
    value = np.exp(spread * ndtri((np.arange(STRATA) + 0.5) / STRATA))
    return value / value.mean()


def _coarse_bin(wave):
    """Index of the bin that smooth opacity shares: 0.4 nm wide, or the grid's own outside."""
    inside = (wave >= 300) & (wave < 1100)
    return np.where(inside, np.floor((wave - 300) / STEP_NM), 2000 + np.arange(len(wave))).astype(
        int
    )


def _shuffled(wave, spread, seed):
    """Relative opacity at each wavelength: one stratum a bin, shuffled in windows."""
    rng = np.random.default_rng(seed)
    bins = _coarse_bin(wave)
    n_window = bins.max() // STRATA + 1
    strata = np.stack([rng.permutation(STRATA) for _ in range(n_window)]).ravel()
    return _quantiles(spread)[strata[bins]]


def _bin_mean(wave, edges, position, strength):
    """Line strengths in the bins of `_coarse_bin` over their width in frequency [1e-18 cm2]."""
    bins = _coarse_bin(wave)
    fine = np.histogram(position, bins=edges, weights=strength)[0]
    total = np.bincount(bins, fine)[bins]
    width = np.bincount(bins, np.diff(edges))[bins]
    hertz = opacity.C_CM * 1e7 * width / wave**2
    return opacity.LINE_CM2_HZ * total / hertz / opacity.UNIT


def _line_groups(wave):
    """Core and damping vectors of the strong lines by species and energy bin."""
    lines = _strong_lines()
    mass = reference.elements()["mass_u"]
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
    name = list(reference.elements()["element"])
    red = np.minimum((800.0 / wave) ** 2, 1.0)
    for k, row in enumerate(read_rows("forest.csv")):
        scale = np.where(wave < 300, FOREST_UV_SCALE_NM, float(row["scale_nm"]))
        envelope = np.exp((300.0 - wave) / scale) + FOREST_TAIL * red
        shape = FOREST_LEVEL * _shuffled(wave, FOREST_SPREAD, 1000 + k)
        key = (name.index(row["element"]), int(row["ion"]), float(row["energy_ev"]), False)
        yield key, float(row["mean_cross_section"]) * envelope * shape


def _bands(wave, edges):
    """Vectors of the molecular bands by molecule and energy bin."""
    for index, molecule in enumerate(reference.molecules()["molecule"]):
        lines = molecular_lines(str(molecule))
        if len(lines.gf) == 0:
            continue
        shape = _shuffled(wave, BAND_SPREAD[str(molecule)], 2000 + index)
        bins = np.floor(lines.energy_ev / BAND_BIN_EV).astype(int)
        for level in range(bins.max() + 1):
            mine = bins == level
            energy = (level + 0.4) * BAND_BIN_EV
            shift = np.exp(-(lines.energy_ev[mine] - energy) / (reference.K_EV * 4500.0))
            vector = _bin_mean(wave, edges, 1e7 / lines.wavenumber[mine], lines.gf[mine] * shift)
            yield (index, energy), vector * shape


@cache
def basis() -> Basis:
    """All vectors: continuum, hydrogen, atoms, molecules, then what needs no emission factor.

    Returns:
        The basis, in the order of `optical.weights`.
    """
    wave, edges = wavelength_grid()
    continuum, n_true = opacity.continuum_basis(wave)
    atoms = [*_line_groups(wave), *_forest(wave)]
    bands = list(_bands(wave, edges))
    true = [
        *continuum[:n_true],
        *hydrogen.line_vectors(wave),
        *(vector for _, vector in atoms),
        *(vector for _, vector in bands),
    ]
    vectors = np.stack([*true, *continuum[n_true:]]).astype(np.float32)
    n_chunk = -(-len(wave) // CHUNK)
    fill = n_chunk * CHUNK - len(wave)
    padded = np.pad(vectors, ((0, 0), (0, fill))).reshape(len(vectors), n_chunk, CHUNK)
    atom, ion, energy, damped = zip(*(key for key, _ in atoms), strict=True)
    molecule, band_energy = zip(*(key for key, _ in bands), strict=True)
    return Basis(
        vectors=np.ascontiguousarray(padded.transpose(1, 0, 2)),
        grid=np.pad(wave, (0, fill), mode="edge").reshape(n_chunk, CHUNK).astype(np.float32),
        n_true=len(true),
        atom=np.array(atom),
        ion=np.array(ion),
        atom_energy=np.array(energy, np.float32),
        atom_damped=np.array(damped),
        molecule=np.array(molecule),
        molecule_energy=np.array(band_energy, np.float32),
    )
