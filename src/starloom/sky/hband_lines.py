"""
Lines of the H band: atoms from a table, CO, OH and CN computed from molecular constants.

The constants were fitted to identified lines of Arcturus, so that positions are good to a fraction
of an APOGEE pixel; satellite branches of CN, R and Q branches of OH and all other molecules are
left out.
"""

from functools import cache

import numpy as np

from starloom.sky import opacity, reference
from starloom.sky.bands import HC_EV_CM, Lines
from starloom.sky.optical_basis import air_to_vacuum
from starloom.sky.reference import read_rows

WAVENUMBERS = (5850.0, 6650.0)
"""Lines outside are left out [cm-1]."""
J_MAX = {"CO": 110, "CN": 85, "OH": 22}
RHO_13CO = 0.977712
"""Square root of the ratio of the reduced masses of 12CO and 13CO."""
CO_LEVELS = 9
CN_SHARE = {"P": 0.24, "Q": 0.50, "R": 0.26}
"""Parts of a band's strength in its three main branches, from the strengths of strong lines."""


@cache
def atomic_lines() -> dict[str, np.ndarray]:
    """Atomic lines of the H band.

    Returns:
        Arrays by name: atom (index in `reference.elements`), ion, wavelength_nm (vacuum),
        energy_ev, gf, gamma_h (full width for one perturber per cm3 at 5000 K [rad/s cm3]).
    """
    rows = read_rows("hband_lines.csv")
    name = list(reference.elements()["element"])
    value = {
        key: np.array([float(row[key]) for row in rows])
        for key in ("ion", "wavelength_air_nm", "energy_low_ev", "log_gf", "log_gamma_h_1e4k")
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
def _constants(molecule: str) -> dict[str, dict[str, float]]:
    bands = {}
    for row in read_rows("hband_molecules.csv"):
        if row["molecule"] == molecule:
            bands.setdefault(row["band"], {})[row["name"]] = float(row["value"])
    return bands


def _kept(parts):
    wavenumber, gf, energy = (np.concatenate(part) for part in zip(*parts, strict=True))
    keep = (wavenumber > WAVENUMBERS[0]) & (wavenumber < WAVENUMBERS[1]) & (gf > 0)
    return Lines(wavenumber[keep], gf[keep], energy[keep])


def _co_level(v, j, rho):
    y = _constants("CO")["X"]
    x, n = rho * (v + 0.5), rho**2 * j * (j + 1)
    vibration = sum(y[f"y{k}0"] * x**k for k in range(1, 5))
    rotation = (y["y01"] + y["y11"] * x + y["y21"] * x * x) * n
    return vibration + rotation + (y["y02"] + y["y12"] * x) * n**2 + y["y03"] * n**3


def co_lines(rho: float = 1.0) -> Lines:
    """Second overtone of CO, v + 3 to v.

    Args:
        rho: square root of the ratio of the reduced masses of 12C16O and the isotopologue.

    Returns:
        Its lines.

    References:
        Goorvitch (1994), ApJS 95, 535.
    """
    c = _constants("CO")["X"]
    low = np.arange(J_MAX["CO"], dtype=float)
    parts = []
    for v in range(CO_LEVELS):
        ladder = (v + 1) * (v + 2) * (v + 3) / 6 * (1 + c["f_growth"] * v)
        energy = _co_level(v, low, rho) - _co_level(0, 0.0, rho)
        for step in (1, -1):
            up = low + step
            m = np.where(step == 1, up, -low)
            asymmetry = 1 + c["herman_wallis_1"] * m + c["herman_wallis_2"] * m * m
            position = _co_level(v + 3, up, rho) - _co_level(v, low, rho)
            gf = c["f_band"] * rho**3 * ladder * np.abs(m) * asymmetry * (up >= 0)
            parts.append((position, gf, energy * HC_EV_CM))
    return _kept(parts)


def _cn_ground(v, n):
    c = _constants("CN")["X"]
    x, r = v + 0.5, n * (n + 1)
    vibration = c["we"] * (x - 0.5) + c["minus_wexe"] * (x * x - 0.25)
    rotation = (c["be"] + c["minus_ae"] * x) * r + (c["minus_de"] + c["minus_beta"] * x) * r * r
    return vibration + rotation


def _cn_upper(v, j, first, e_parity):
    """A 2Pi level between Hund's cases a and b; `first` is the lower of the two components."""
    c, ground = _constants("CN")["A"], _constants("CN")["X"]
    x = v + 0.5
    origin = c["t"] - 0.5 * ground["we"] - 0.25 * ground["minus_wexe"]
    origin = origin + c["we"] * x + c["minus_wexe"] * x * x
    b = c["be"] + c["minus_ae"] * x + c["gamma_e"] * x * x
    d = -(c["minus_de"] + c["minus_beta"] * x)
    k, s = j + 0.5, np.where(e_parity, 1.0, -1.0)
    k2 = k * k
    so = c["a_so"] + c["a_d"] * (k2 - 1)
    half = origin - so / 2 + b * k2 - d * (k2 * k2 + k2 - 1) + c["h"] * k2**3
    half = half - s * 0.5 * (c["p"] + 2 * c["q"]) * k
    more = origin + so / 2 + b * (k2 - 2) - d * ((k2 - 2) ** 2 + k2 - 1) + c["h"] * (k2 - 2) ** 3
    mix = np.sqrt(np.maximum(k2 - 1, 0))
    mix = mix * (b - 2 * d * (k2 - 1) + 3 * c["h"] * (k2 - 1) ** 2 - s * 0.5 * c["q"] * k)
    split = np.hypot((half - more) / 2, mix)
    return (half + more) / 2 + np.where(first, -split, split)


def cn_lines() -> Lines:
    """Main branches of the CN red system, v to v + 1.

    Returns:
        Its lines.

    References:
        Brooke et al. (2014), ApJS 210, 23.
    """
    parts = []
    for v in range(4):
        f_band = _constants("CN")[f"{v}-{v + 1}"]["f_band"]
        for first in (True, False):
            low = np.arange(0.5 if first else 1.5, J_MAX["CN"])
            n = low - 0.5 if first else low + 0.5
            ground = _cn_ground(v + 1, n)
            for branch, step in (("P", -1), ("Q", 0), ("R", 1)):
                up = low + step
                upper = _cn_upper(v, up, first, first ^ (branch == "Q"))
                gf = (2 * low + 1) * CN_SHARE[branch] * f_band * (up >= 1.5 - first)
                parts.append((upper - ground, gf, ground * HC_EV_CM))
    return _kept(parts)


def oh_lines() -> Lines:
    """P branches of the first overtone of OH, v + 2 to v.

    Returns:
        Its lines.

    References:
        Melendez & Barbuy (1999), ApJS 124, 527.
    """
    bands = _constants("OH")
    parts = []
    for band, c in bands.items():
        if band == "X":
            continue
        v, first = int(band[2]), band[5] == "1"
        j = np.arange(2.5 if first else 1.5, J_MAX["OH"])
        position = sum(c[f"nu{k}"] * (j - 10) ** k for k in range(6))
        energy = sum(c[f"e{k}"] * (j - 10) ** k for k in range(4))
        ladder = (v + 1) * (v + 2) / 2
        gf = bands["X"]["gf_reference"] * ladder * (2 * j + 1) / 20
        parts.append(
            (position, gf * 10 ** (bands["X"]["gf_growth"] * (j - 9.5)), energy * HC_EV_CM)
        )
    return _kept(parts)


@cache
def molecular_lines() -> dict[str, tuple[str, Lines]]:
    """All molecular lines of the H band.

    Returns:
        By isotopologue: the molecule of `reference.molecules` and its lines.
    """
    return {
        "CN": ("CN", cn_lines()),
        "CO": ("CO", co_lines()),
        "13CO": ("CO", co_lines(RHO_13CO)),
        "OH": ("OH", oh_lines()),
    }
