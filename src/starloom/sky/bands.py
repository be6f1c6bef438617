"""
Molecular bands: rotational lines computed from the constants of the electronic states.

A band has a strength (electronic oscillator strength times Franck-Condon factor, or transition
dipole), an origin, and P, Q, R branches of a rotor with the two rotational constants. This puts
heads, shading and the temperature dependence where they are observed; fine structure,
perturbations and Lambda doubling are left out, so single lines are not those of a line list.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from starloom.sky.reference import read_rows

HC_EV_CM = 1.239842e-4
"""Energy of a wavenumber of 1 cm-1 [eV]."""
V_MAX = 6
"""Highest vibrational level of either state."""
E_MAX_EV = 3.2
"""Lower levels above this are left out."""
WEAKEST_BAND = 0.01
"""Smallest Franck-Condon factor kept."""


class Lines(NamedTuple):
    """Lines of one species: vacuum wavenumber [cm-1], g f, energy of the lower level [eV]."""

    wavenumber: np.ndarray
    gf: np.ndarray
    energy_ev: np.ndarray


def franck_condon(we_1: float, be_1: float, we_2: float, be_2: float, n: int) -> np.ndarray:
    """Overlaps squared of the vibrational states of two harmonic oscillators.

    Args:
        we_1, we_2: vibration constants of the two electronic states [cm-1].
        be_1, be_2: rotation constants, which give the two bond lengths [cm-1].
        n: number of levels.

    Returns:
        (n, n) Franck-Condon factors, level of the first state first.
    """
    # r = sqrt(h / 8 pi^2 c mu B): in units of sqrt(hbar / mu w) of state 1 the mass drops out
    width = np.sqrt(we_1 / we_2)
    shift = np.sqrt(we_1 / (2 * be_2)) - np.sqrt(we_1 / (2 * be_1))
    q = np.linspace(-12, 12, 2001) * max(1.0, width) + shift / 2

    def states(x, scale):
        psi = [np.exp(-0.5 * x * x), np.sqrt(2) * x * np.exp(-0.5 * x * x)]
        for k in range(2, n):
            psi.append(np.sqrt(2 / k) * x * psi[-1] - np.sqrt((k - 1) / k) * psi[-2])
        return np.array(psi) / np.pi**0.25 / np.sqrt(scale)

    overlap = states(q, 1.0) @ states((q - shift) / width, width).T * (q[1] - q[0])
    return overlap**2


def _term(v, we, wexe):
    """Vibrational energy above the lowest level [cm-1]."""
    return we * v - wexe * v * (v + 1)


def _branches(origin, b_up, b_low, gf_band, e_band_cm, q_branch, n_max, weight_low):
    """P, Q, R lines of one band; `weight_low` is the electronic weight of the lower state."""
    n = np.arange(n_max)
    rotation = b_low * n * (n + 1)
    share = {1: 0.25, 0: 0.5, -1: 0.25} if q_branch else {1: 0.5, -1: 0.5}
    lines = []
    for step, fraction in share.items():
        up = n + step
        position = origin + b_up * up * (up + 1) - rotation
        gf = weight_low * (2 * n + 1) * fraction * gf_band * (up >= 0)
        lines.append((position, gf, (e_band_cm + rotation) * HC_EV_CM))
    return [np.concatenate(part) for part in zip(*lines, strict=True)]


def _electronic(row):
    value = {key: float(row[key]) for key in row if key not in ("molecule", "system", "source")}
    factors = franck_condon(
        value["we_upper"], value["be_upper"], value["we_lower"], value["be_lower"], V_MAX + 1
    )
    for up in range(V_MAX + 1):
        for low in range(V_MAX + 1):
            if factors[up, low] < WEAKEST_BAND:
                continue
            e_low = _term(low, value["we_lower"], value["wexe_lower"])
            origin = value["nu00_cm"] + _term(up, value["we_upper"], value["wexe_upper"]) - e_low
            b_up = value["be_upper"] - value["ae_upper"] * (up + 0.5)
            b_low = value["be_lower"] - value["ae_lower"] * (low + 0.5)
            n_max = int(np.sqrt(E_MAX_EV / HC_EV_CM / b_low))
            f_band = value["f_electronic"] * factors[up, low] * origin / value["nu00_cm"]
            yield _branches(
                origin,
                b_up,
                b_low,
                f_band,
                value["t_lower_cm"] + e_low,
                value["q_branch"],
                min(n_max, 170),
                value["g_lower"] * value["level_fraction"],
            )


def _vibration_rotation(row):
    value = {key: float(row[key]) for key in row if key not in ("molecule", "source")}
    step = int(value["delta_v"])
    for low in range(V_MAX):
        e_low = _term(low, value["we"], value["wexe"])
        origin = _term(low + step, value["we"], value["wexe"]) - e_low
        ladder = np.prod([low + k for k in range(1, step + 1)]) / np.prod(range(1, step + 1))
        f_band = 4.702e-7 * origin * value["dipole_d"] ** 2 * ladder
        b_up = value["be"] - value["ae"] * (low + step + 0.5)
        b_low = value["be"] - value["ae"] * (low + 0.5)
        n_max = min(int(np.sqrt(E_MAX_EV / HC_EV_CM / b_low)), 130)
        yield _branches(origin, b_up, b_low, f_band, e_low, False, n_max, value["g_lower"])


@cache
def molecular_lines(molecule: str) -> Lines:
    """All computed lines of a molecule, electronic and vibration-rotation.

    Args:
        molecule: a name of molecules.csv.

    Returns:
        Its lines; empty if the tables hold no band of it.

    References:
        Herzberg (1950), Spectra of Diatomic Molecules, Ch. IV.
    """
    bands = [
        band
        for row in read_rows("electronic_systems.csv")
        if row["molecule"] == molecule
        for band in _electronic(row)
    ] + [
        band
        for row in read_rows("vibration_rotation.csv")
        if row["molecule"] == molecule
        for band in _vibration_rotation(row)
    ]
    if not bands:
        return Lines(*(np.zeros(0) for _ in range(3)))
    wavenumber, gf, energy = (np.concatenate(part) for part in zip(*bands, strict=True))
    keep = (wavenumber > 1500) & (energy < E_MAX_EV) & (gf > 0)
    return Lines(wavenumber[keep], gf[keep], energy[keep])
