"""
Reference data of the gas: constants, elements and molecules, from the package's data tables.
"""

import csv
from functools import cache
from importlib.resources import files

import numpy as np

K_ERG = 1.380649e-16
"""Boltzmann's constant [erg/K]."""
K_EV = 8.617333e-5
"""Boltzmann's constant [eV/K]."""
AMU_G = 1.660539e-24
"""Atomic mass unit [g]."""


def read_rows(name: str) -> list[dict[str, str]]:
    """Rows of a data table of this package.

    Args:
        name: file name in the package's data folder.

    Returns:
        One dict of strings a row.
    """
    text = files("starloom.sky").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def elements() -> dict[str, np.ndarray]:
    """Elements of the gas: name, mass, solar abundance, ionisation energies, ln U polynomials.

    Returns:
        Arrays by name; `ln_u` is (n_element, 3, 5), coefficients in ln(T / 5000 K).
    """
    rows = read_rows("elements.csv")
    name = [row["element"] for row in rows]
    ln_u = np.zeros((len(rows), 3, 5), np.float32)
    for row in read_rows("partition_functions.csv"):
        ln_u[name.index(row["element"]), int(row["ion"])] = [float(row[f"c{k}"]) for k in range(5)]
    column = {
        key: np.array([float(row[key]) for row in rows], np.float32)
        for key in rows[0]
        if key not in ("element", "source")
    }
    return {"element": np.array(name), "ln_u": ln_u, **column}


@cache
def molecules() -> dict[str, np.ndarray]:
    """Molecules of the gas: name, indices of their atoms, dissociation energy, constants.

    Returns:
        Arrays by name; `k` is (n_molecule, 5), coefficients in log10(5040 K / T) of
        log10(Kp / Pa) + theta D0.
    """
    rows = read_rows("molecules.csv")
    name = list(elements()["element"])
    atoms = np.array([[name.index(row["atom_1"]), name.index(row["atom_2"])] for row in rows])
    return {
        "molecule": np.array([row["molecule"] for row in rows]),
        "atoms": atoms,
        "d0_ev": np.array([float(row["d0_ev"]) for row in rows], np.float32),
        "k": np.array([[float(row[f"k{n}"]) for n in range(5)] for row in rows], np.float32),
    }
