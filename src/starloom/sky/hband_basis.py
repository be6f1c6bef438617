"""
Pixels of APOGEE and the fixed opacity vectors of the H band on a grid twice as fine.

Vectors are kept in chunks of wavelength; each chunk holds only those that are not zero in it, so a
synthesis multiplies no zeros. Lines of a species in the same bin of energy share a vector at two
microturbulences (interpolated for each star) and one for damping.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from starloom.archives.sdss import LOG10_FIRST_ANGSTROM, LOG10_STEP, PIXELS
from starloom.sky import hydrogen, opacity, reference
from starloom.sky.hband_lines import atomic_lines, molecular_lines

OVERSAMPLE = 2
HALO = 64
"""Fine points before the first pixel; reach of the broadest profile."""
CHUNK = 704
"""Fine points synthesised together."""
N_CHUNK = 25
FINE_KMS = 299792.458 * np.log(10.0) * LOG10_STEP / OVERSAMPLE
"""Step of the fine grid [km/s]."""
NODES_KMS = (1.0, 2.6)
"""Microturbulences of the two core vectors."""
ENERGY_BIN_EV = 0.5
ATOM_REACH_NM = 3.0
MOLECULE_REACH_NM = 0.4
FAINTEST = 3e-5
"""Molecular lines weaker than this part of the strongest at 4500 K are left out."""
H_LOWER = 4
"""Lower level of the Brackett series."""


class Basis(NamedTuple):
    """Opacity vectors of lines by chunk, and what their weights need."""

    vectors: np.ndarray
    """(N_CHUNK, n_active, CHUNK) [1e-18 cm2]; rows past those in use are zero."""
    active: np.ndarray
    """(N_CHUNK, n_active) which vector each row is."""
    edges_nm: np.ndarray
    """(N_CHUNK + 1,) first wavelength of each chunk and the end of the last, vacuum [nm]."""
    atom: np.ndarray
    """Element of each atomic group."""
    ion: np.ndarray
    atom_energy: np.ndarray
    """[eV]"""
    atom_mass: np.ndarray
    """[u]"""
    molecule: np.ndarray
    """Molecule of each molecular group."""
    molecule_energy: np.ndarray
    """[eV]"""
    molecule_mass: np.ndarray
    """[u]"""
    heavy: np.ndarray
    """Whether the group is of 13CO."""


def wavelength_angstrom() -> np.ndarray:
    """Vacuum wavelengths of the pixels of an apStar spectrum [Angstrom]."""
    return 10 ** (LOG10_FIRST_ANGSTROM + LOG10_STEP * np.arange(PIXELS))


def fine_nm() -> np.ndarray:
    """Vacuum wavelengths of the fine grid [nm]."""
    step = (np.arange(N_CHUNK * CHUNK) - HALO) / OVERSAMPLE
    return 10 ** (LOG10_FIRST_ANGSTROM + LOG10_STEP * step) / 10


def _energy_groups(energy, width):
    """Rows of each occupied bin of energy, and the mean energy of those rows."""
    bins = np.floor(energy / width).astype(int)
    for level in np.unique(bins):
        mine = np.flatnonzero(bins == level)
        yield mine, energy[mine].mean()


def _atoms(wave, lines):
    mass = reference.elements()["mass_u"]
    species = sorted(set(zip(lines["atom"].tolist(), lines["ion"].tolist(), strict=True)))
    for atom, ion in species:
        rows = np.flatnonzero((lines["atom"] == atom) & (lines["ion"] == ion))
        for mine, energy in _energy_groups(lines["energy_ev"][rows], ENERGY_BIN_EV):
            part = {name: values[rows[mine]] for name, values in lines.items()}
            width = 2.2e15 / (10 * part["wavelength_nm"]) ** 2
            first, second = (
                opacity.line_basis(
                    wave, part["wavelength_nm"], part["gf"], part["energy_ev"] - energy,
                    part["gamma_h"], width, float(mass[atom]), speed, ATOM_REACH_NM,
                )
                for speed in NODES_KMS
            )  # fmt: skip
            yield (atom, ion, energy, mass[atom]), (first[0], second[0], first[1])


def _molecules(wave):
    names, mass = list(reference.molecules()["molecule"]), reference.elements()["mass_u"]
    for isotope, (molecule, lines) in molecular_lines().items():
        strength = lines.gf * np.exp(-lines.energy_ev / (reference.K_EV * 4500.0))
        lines = type(lines)(*(part[strength > FAINTEST * strength.max()] for part in lines))
        index = names.index(molecule)
        weight = float(mass[reference.molecules()["atoms"][index]].sum())
        for mine, energy in _energy_groups(lines.energy_ev, ENERGY_BIN_EV):
            nothing = np.zeros(len(mine))
            cores = tuple(
                opacity.line_basis(
                    wave, 1e7 / lines.wavenumber[mine], lines.gf[mine],
                    lines.energy_ev[mine] - energy, nothing, nothing, weight, speed,
                    MOLECULE_REACH_NM,
                )[0]
                for speed in NODES_KMS
            )  # fmt: skip
            yield (index, energy, weight, isotope == "13CO"), cores


def _chunks(vectors):
    """Cut into chunks and drop what is zero there."""
    cut = vectors.reshape(len(vectors), N_CHUNK, CHUNK)
    used = np.abs(cut).max(axis=2) > 0
    most = used.sum(axis=0).max()
    active = np.argsort(~used, axis=0, kind="stable")[:most].T
    rows = np.take_along_axis(cut.transpose(1, 0, 2), active[:, :, None], axis=1)
    return rows.astype(np.float32), active.astype(np.int32)


@cache
def basis() -> Basis:
    """The basis of the package's own line list; see `build`."""
    return build(atomic_lines())


def build(lines: dict[str, np.ndarray]) -> Basis:
    """All vectors of lines: first cores, second cores and damping of the atoms, first and second
    cores of the molecules, three of the Brackett lines.

    Args:
        lines: atomic lines as `hband_lines.atomic_lines` gives them.

    Returns:
        The basis, in the order of `hband.weights`.
    """
    wave = fine_nm()
    atoms, molecules = list(_atoms(wave, lines)), list(_molecules(wave))
    series = 3 * list(hydrogen.SERIES).index(H_LOWER)
    brackett = hydrogen.line_vectors(wave)[series : series + 3]
    vectors = [parts[k] for k in range(3) for _, parts in atoms]
    vectors += [parts[k] for k in range(2) for _, parts in molecules]
    rows, active = _chunks(np.stack([*vectors, *brackett]))
    atom, ion, energy, mass = (
        np.array(column) for column in zip(*(k for k, _ in atoms), strict=True)
    )
    molecule, level, weight, heavy = (
        np.array(c) for c in zip(*(k for k, _ in molecules), strict=True)
    )
    after = wave[-1] * 10 ** (LOG10_STEP / OVERSAMPLE)
    return Basis(
        vectors=rows,
        active=active,
        edges_nm=np.append(wave[::CHUNK], after),
        atom=atom,
        ion=ion,
        atom_energy=energy.astype(np.float32),
        atom_mass=mass.astype(np.float32),
        molecule=molecule,
        molecule_energy=level.astype(np.float32),
        molecule_mass=weight.astype(np.float32),
        heavy=heavy,
    )
