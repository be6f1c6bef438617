"""
Gas of a stellar atmosphere in local thermodynamic equilibrium: ions, electrons, molecules.

Everything is a function of temperature, gas pressure and abundances, knows nothing of
wavelengths, and broadcasts over any leading axes (stars, layers). Two results matter to line and
band opacities: `Gas.atoms` and `Gas.molecules`, logarithms of number density over partition
function, so that a level of weight g and energy E holds `exp(value) * g * exp(-E / kT)` per cm3.
"""

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

K_ERG = 1.380649e-16
"""Boltzmann's constant [erg/K]."""
K_EV = 8.617333e-5
"""Boltzmann's constant [eV/K]."""
AMU_G = 1.660539e-24
"""Atomic mass unit [g]."""
LOG10 = 2.302585
LN_SAHA = np.log(2.414683e15)
"""ln (2 pi m_e k / h^2)^{3/2} [cm-3 K-3/2]."""
LN_MASS_SAHA = np.log(1.879333e20)
"""The same for a mass of one atomic mass unit."""
N_CHARGE_STEPS = 10
N_MOLECULE_STEPS = 12


class Gas(NamedTuple):
    """State of the gas; leading axes are those of temperature and pressure."""

    electron_pressure: Array
    """[dyn/cm2]"""
    hydrogen_nuclei: Array
    """Hydrogen nuclei in all forms [cm-3]."""
    hydrogen: Array
    """Neutral hydrogen atoms [cm-3]."""
    h2: Array
    """H2 molecules [cm-3]."""
    density: Array
    """[g/cm3]"""
    atoms: Array
    """ln(n/U) of each element and stage 0, 1, 2 [cm-3], last axes (n_element, 3)."""
    molecules: Array
    """ln(n/Q) of each molecule [cm-3], last axis n_molecule."""


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


ALPHA = ("O", "Mg", "Si", "S", "Ca", "Ti")
"""Elements that follow [alpha/M]."""


def abundances(
    m_h: Float[Array, " n_star"],
    alpha_m: Float[Array, " n_star"],
    x_fe: dict[str, Float[Array, " n_star"]] | None = None,
) -> Float[Array, "n_star n_element"]:
    """Number of nuclei of each element for one hydrogen nucleus.

    Args:
        m_h: [M/H] [dex].
        alpha_m: [alpha/M] [dex]; moves O, Mg, Si, S, Ca, Ti.
        x_fe: for some elements [X/Fe] [dex] (X in lower or proper case); replaces what [alpha/M]
            gives. [Fe/H] is [M/H] plus [Fe/M] if `fe` is among them.

    Returns:
        n(X)/n(H), columns as in `elements()["element"]`.

    Raises:
        KeyError: if an element is unknown; the message names it and lists the known ones.
    """
    table = elements()
    name = list(table["element"])
    excess = [jnp.zeros_like(m_h)] * len(name)
    for symbol in ALPHA:
        excess[name.index(symbol)] = alpha_m
    for symbol, value in (x_fe or {}).items():
        proper = symbol.capitalize()
        if proper not in name or proper in ("H", "He"):
            raise KeyError(f"no element {symbol!r} in elements.csv; known: {', '.join(name[2:])}")
        excess[name.index(proper)] = value
    excess = jnp.stack(excess, axis=-1) + m_h[..., None]
    metal = jnp.array([symbol not in ("H", "He") for symbol in name])
    solar = jnp.asarray(table["solar_abundance_dex"]) - 12
    return jnp.exp(LOG10 * (solar + jnp.where(metal, excess, 0.0)))


def ln_partition(temperature: Float[Array, "*shape"]) -> Float[Array, "*shape n_element 3"]:
    """ln of the partition functions of neutral, singly and doubly ionised atoms.

    Args:
        temperature: [K]; held inside 2000-14000 K, where the polynomials are safe.

    Returns:
        ln U by element and stage.

    References:
        Irwin (1981), ApJS 45, 621.
    """
    x = jnp.log(jnp.clip(temperature, 2000.0, 14000.0) / 5000.0)[..., None, None]
    c = jnp.asarray(elements()["ln_u"])
    return c[..., 0] + x * (c[..., 1] + x * (c[..., 2] + x * (c[..., 3] + x * c[..., 4])))


def ln_equilibrium(temperature: Float[Array, "*shape"]) -> Float[Array, "*shape n_molecule"]:
    """ln of the dissociation constants Kp = P(A) P(B) / P(AB).

    Args:
        temperature: [K].

    Returns:
        ln Kp, Kp in dyn/cm2.

    References:
        Sauval & Tatum (1984), ApJS 56, 193, Eq. 6.
    """
    theta = (5040.0 / temperature)[..., None]
    x = jnp.log(theta) / LOG10
    table = molecules()
    k = jnp.asarray(table["k"])
    poly = k[:, 0] + x * (k[:, 1] + x * (k[:, 2] + x * (k[:, 3] + x * k[:, 4])))
    return LOG10 * (1.0 + poly - theta * jnp.asarray(table["d0_ev"]))


def _ln_saha(temperature, ln_u):
    """ln of P(stage+1) P(e) / P(stage) [dyn/cm2], last axes (n_element, 2)."""
    energy = jnp.stack([jnp.asarray(elements()[f"ionisation_{n}_ev"]) for n in (1, 2)], axis=-1)
    t = temperature[..., None, None]
    constant = LN_SAHA + np.log(2.0 * K_ERG)
    return constant + 2.5 * jnp.log(t) - energy / (K_EV * t) + ln_u[..., 1:] - ln_u[..., :-1]


def _hydrogen(pressure, electron, ratio_h, other, kp_h2):
    """Partial pressure of H atoms, H2 and all hydrogen nuclei for a given electron pressure."""
    ionised = 1.0 + ratio_h
    free = jnp.maximum(pressure - electron, 0.01 * pressure)
    b = (1.0 + other) * ionised
    a = (1.0 + 2.0 * other) / kp_h2
    atom = 2.0 * free / (b + jnp.sqrt(b * b + 4.0 * a * free))
    return atom, atom * atom / kp_h2, atom * ionised + 2.0 * atom * atom / kp_h2


def electron_pressure(
    temperature: Float[Array, "*shape"],
    pressure: Float[Array, "*shape"],
    abundance: Float[Array, "*shape n_element"],
) -> tuple[Float[Array, "*shape"], Float[Array, "*shape"], Float[Array, "*shape"]]:
    """Electron pressure from charge balance, with hydrogen partly in H2.

    Args:
        temperature: [K].
        pressure: gas pressure [dyn/cm2].
        abundance: nuclei per hydrogen nucleus.

    Returns:
        Electron pressure, partial pressures of H atoms and of all hydrogen nuclei [dyn/cm2].

    References:
        Mihalas (1978), Stellar Atmospheres, Sec. 5.2.
    """
    balance = _charge(temperature, pressure, abundance)
    start = _start(temperature, pressure, abundance)
    return balance(start)


def _start(temperature, pressure, abundance):
    """A first ln electron pressure: metals with low ionisation energies plus ionised hydrogen."""
    metals = jnp.sum(abundance[..., 5:], axis=-1)
    ln_saha_h = (
        np.log(2.0 * K_ERG)
        + LN_SAHA
        + 2.5 * jnp.log(temperature)
        - 13.5984 / (K_EV * temperature)
        - np.log(2.0)
    )
    hydrogen = jnp.exp(0.5 * (ln_saha_h + jnp.log(pressure)))
    return jnp.log(pressure * metals * 0.9 + jnp.minimum(hydrogen, 0.4 * pressure))


def _charge(temperature, pressure, abundance):
    """A function from a first ln P(e) to (P(e), P(H), P(H nuclei))."""
    saha = jnp.exp(jnp.clip(_ln_saha(temperature, ln_partition(temperature)), -80.0, 60.0))
    first, second = saha[..., 0], saha[..., 1]
    kp_h2 = jnp.exp(ln_equilibrium(temperature)[..., 0])
    other = jnp.sum(abundance[..., 1:], axis=-1)

    def state(ln_pe):
        pe = jnp.exp(ln_pe)
        r1 = first / pe[..., None]
        r2 = r1 * second / pe[..., None]
        atom, _, nuclei = _hydrogen(pressure, pe, r1[..., 0], other, kp_h2)
        metals = (r1 + 2.0 * r2) / (1.0 + r1 + r2) * abundance
        charge = nuclei * jnp.sum(metals[..., 1:], axis=-1) + atom * r1[..., 0]
        return pe, atom, nuclei, jnp.log(charge)

    def solve(ln_pe):
        for _ in range(N_CHARGE_STEPS):
            ln_pe = 0.5 * (ln_pe + state(ln_pe)[3])
        return state(ln_pe)[:3]

    return solve


def equilibrium(
    temperature: Float[Array, "*shape"],
    pressure: Float[Array, "*shape"],
    abundance: Float[Array, "*shape n_element"],
) -> Gas:
    """The whole state of the gas: ions, electrons and molecules.

    Args:
        temperature: [K].
        pressure: gas pressure [dyn/cm2].
        abundance: nuclei per hydrogen nucleus, broadcastable against temperature.

    Returns:
        The gas; see `Gas`.

    References:
        Mihalas (1978), Sec. 5.2; Tsuji (1973), A&A 23, 411.
    """
    abundance = jnp.broadcast_to(abundance, (*temperature.shape, abundance.shape[-1]))
    pe, p_h, p_nuclei = electron_pressure(temperature, pressure, abundance)
    ln_u = ln_partition(temperature)
    ln_saha = _ln_saha(temperature, ln_u)
    r1 = jnp.exp(jnp.clip(ln_saha[..., 0], -80.0, 60.0)) / pe[..., None]
    r2 = r1 * jnp.exp(jnp.clip(ln_saha[..., 1], -80.0, 60.0)) / pe[..., None]
    ions = 1.0 + r1 + r2
    ln_kp = ln_equilibrium(temperature)
    neutral = _neutral_atoms(abundance * p_nuclei[..., None], ions, p_h, ln_kp)
    kt = K_ERG * temperature
    ln_n0 = jnp.log(neutral) - jnp.log(kt)[..., None]
    stages = jnp.stack([ln_n0, ln_n0 + jnp.log(r1 + 1e-35), ln_n0 + jnp.log(r2 + 1e-35)], axis=-1)
    nuclei = p_nuclei / kt
    mass = jnp.sum(abundance * jnp.asarray(elements()["mass_u"]), axis=-1) * AMU_G
    return Gas(
        electron_pressure=pe,
        hydrogen_nuclei=nuclei,
        hydrogen=p_h / kt,
        h2=p_h * p_h / jnp.exp(ln_kp[..., 0]) / kt,
        density=nuclei * mass,
        atoms=stages - ln_u,
        molecules=_molecule_levels(temperature, ln_n0 - ln_u[..., 0]),
    )


def _neutral_atoms(total, ions, p_h, ln_kp):
    """Partial pressures of neutral atoms [dyn/cm2] when molecules bind part of C, N, O, Si, Ti."""
    name = list(elements()["element"])
    kp = {m: jnp.exp(ln_kp[..., i]) for i, m in enumerate(molecules()["molecule"])}
    free = {s: total[..., name.index(s)] for s in ("C", "N", "O", "Mg", "Si", "Ti", "V")}
    lone = {s: ions[..., name.index(s)] for s in free}
    c, n, o = free["C"] / lone["C"], free["N"] / lone["N"], free["O"] / lone["O"]
    silicon, titanium, vanadium = (free[s] / lone[s] for s in ("Si", "Ti", "V"))
    for _ in range(N_MOLECULE_STEPS):
        silicon = free["Si"] / (lone["Si"] + o / kp["SiO"])
        titanium = free["Ti"] / (lone["Ti"] + o / kp["TiO"])
        vanadium = free["V"] / (lone["V"] + o / kp["VO"])
        with_n = lone["N"] + p_h / kp["NH"] + c / kp["CN"]
        n_new = 2 * free["N"] / (with_n + jnp.sqrt(with_n**2 + 8 * free["N"] / kp["N2"]))
        a_c = lone["C"] + p_h / kp["CH"] + n_new / kp["CN"] + 2 * c / kp["C2"]
        a_o = (
            lone["O"]
            + p_h / kp["OH"]
            + silicon / kp["SiO"]
            + titanium / kp["TiO"]
            + (vanadium / kp["VO"])
        )
        c_new = _shared(free["C"], free["O"], a_c, a_o, kp["CO"])
        o_new = free["O"] / (a_o + c_new / kp["CO"])
        c, n, o = jnp.sqrt(c * c_new), jnp.sqrt(n * n_new), jnp.sqrt(o * o_new)
    bound = {
        "C": c,
        "N": n,
        "O": o,
        "Si": silicon,
        "Ti": titanium,
        "V": vanadium,
        "H": p_h,
        "Mg": free["Mg"] / (lone["Mg"] + p_h / kp["MgH"]),
    }
    columns = [bound[s] if s in bound else total[..., i] / ions[..., i] for i, s in enumerate(name)]
    return jnp.stack(columns, axis=-1)


def _shared(total_c, total_o, a_c, a_o, kp):
    """Free carbon when C and O share CO: a_c c + c o/K = C, a_o o + c o/K = O, without loss."""
    b = a_c * a_o * kp + total_o - total_c
    root = jnp.sqrt(b * b + 4.0 * a_c * total_c * a_o * kp)
    oxygen_rich = 2.0 * total_c * a_o * kp / (jnp.abs(b) + root)
    carbon_rich = (jnp.abs(b) + root) / (2.0 * a_c)
    return jnp.where(b > 0, oxygen_rich, carbon_rich)


def _molecule_levels(temperature, ln_atoms):
    """ln(n/Q) of the molecules from ln(n/U) of their neutral atoms; no molecular Q is needed."""
    table, mass = molecules(), elements()["mass_u"]
    one, two = table["atoms"][:, 0], table["atoms"][:, 1]
    reduced = mass[one] * mass[two] / (mass[one] + mass[two])
    t = temperature[..., None]
    ln_cell = LN_MASS_SAHA + 1.5 * jnp.log(jnp.asarray(reduced) * t)
    binding = jnp.asarray(table["d0_ev"]) / (K_EV * t)
    return ln_atoms[..., one] + ln_atoms[..., two] - ln_cell + binding
