"""
Gas of a stellar atmosphere in local thermodynamic equilibrium: ions, electrons, molecules.

Everything is a function of temperature, gas pressure and abundances, knows nothing of
wavelengths, and broadcasts over any leading axes (stars, layers). Two results matter to line and
band opacities: `Gas.atoms` and `Gas.molecules`, logarithms of number density over partition
function, so that a level of weight g and energy E holds `exp(value) * g * exp(-E / kT)` per cm3.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky.reference import AMU_G, K_ERG, K_EV, elements, molecules
from starloom.sky.reference import read_rows as read_rows

LOG10 = 2.302585
LN_SAHA = np.log(2.414683e15)
"""ln (2 pi m_e k / h^2)^{3/2} [cm-3 K-3/2]."""
LN_MASS_SAHA = np.log(1.879333e20)
"""The same for a mass of one atomic mass unit."""
N_CHARGE_STEPS = 4
N_MOLECULE_STEPS = 12
DONORS = tuple(
    list(elements()["element"]).index(name)
    for name in ("H", "Mg", "Si", "Fe", "Ca", "Na", "Al", "K")
)
"""Elements that give the electrons."""


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
            gives. [Fe/H] is [M/H].

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

    Newton steps in the logarithm, started from single elements as if each were alone.

    Args:
        temperature: [K].
        pressure: gas pressure [dyn/cm2].
        abundance: nuclei per hydrogen nucleus.

    Returns:
        Electron pressure, partial pressures of H atoms and of all hydrogen nuclei [dyn/cm2].

    References:
        Mihalas (1978), Stellar Atmospheres, Sec. 5.2.
    """
    saha = jnp.exp(jnp.clip(_ln_saha(temperature, ln_partition(temperature)), -80.0, 60.0))
    first, second = saha[..., 0], saha[..., 1]
    kp_h2 = jnp.exp(ln_equilibrium(temperature)[..., 0])
    other = jnp.sum(abundance[..., 1:], axis=-1)

    def hydrogen(pe):
        return _hydrogen(pressure, pe, first[..., 0] / pe, other, kp_h2)

    def step(_, ln_pe):
        pe = jnp.exp(ln_pe)
        r1 = first / pe[..., None]
        r2 = r1 * second / pe[..., None]
        atom, _, nuclei = hydrogen(pe)
        whole = 1.0 + r1 + r2
        charge = (r1 + 2.0 * r2) / whole
        change = (r1 + 4.0 * r2) / whole - charge**2
        metals = nuclei * jnp.sum((charge * abundance)[..., 1:], axis=-1)
        slope = nuclei * jnp.sum((change * abundance)[..., 1:], axis=-1)
        ions = atom * r1[..., 0]
        total = metals + ions
        slope = (slope + ions / (1.0 + r1[..., 0])) / total
        slope = slope + pe / jnp.maximum(pressure - pe, 0.01 * pressure)
        return ln_pe + (jnp.log(total) - ln_pe) / (1.0 + slope)

    start = _first_electrons(pressure, abundance, first)
    pe = jnp.exp(jax.lax.fori_loop(0, N_CHARGE_STEPS, step, start))
    atom, _, nuclei = hydrogen(pe)
    return pe, atom, nuclei


def _first_electrons(pressure, abundance, first):
    """ln of a first electron pressure: each of a few elements as if it were alone."""
    alone = [jnp.sqrt(first[..., k] * abundance[..., k] * pressure) for k in DONORS]
    most = [0.9 * abundance[..., k] * pressure for k in DONORS]
    limits = zip(alone, most, strict=True)
    return jnp.log(sum(jnp.minimum(value, limit) for value, limit in limits))


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

    def step(_, atoms):
        c, n, o, _, _, _ = atoms
        silicon = free["Si"] / (lone["Si"] + o / kp["SiO"])
        titanium = free["Ti"] / (lone["Ti"] + o / kp["TiO"])
        vanadium = free["V"] / (lone["V"] + o / kp["VO"])
        with_n = lone["N"] + p_h / kp["NH"] + c / kp["CN"]
        n_new = 2 * free["N"] / (with_n + jnp.sqrt(with_n**2 + 8 * free["N"] / kp["N2"]))
        a_c = lone["C"] + p_h / kp["CH"] + n_new / kp["CN"] + 2 * c / kp["C2"]
        a_o = lone["O"] + p_h / kp["OH"]
        a_o = a_o + silicon / kp["SiO"] + titanium / kp["TiO"] + vanadium / kp["VO"]
        c_new = _shared(free["C"], free["O"], a_c, a_o, kp["CO"])
        o_new = free["O"] / (a_o + c_new / kp["CO"])
        halfway = (jnp.sqrt(old * new) for old, new in ((c, c_new), (n, n_new), (o, o_new)))
        return (*halfway, silicon, titanium, vanadium)

    start = tuple(free[s] / lone[s] for s in ("C", "N", "O", "Si", "Ti", "V"))
    c, n, o, silicon, titanium, vanadium = jax.lax.fori_loop(0, N_MOLECULE_STEPS, step, start)
    magnesium = free["Mg"] / (lone["Mg"] + p_h / kp["MgH"])
    symbols = ("H", "C", "N", "O", "Mg", "Si", "Ti", "V")
    bound = jnp.stack([p_h, c, n, o, magnesium, silicon, titanium, vanadium], axis=-1)
    return (total / ions).at[..., np.array([name.index(s) for s in symbols])].set(bound)


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
