import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.sky import chemistry, reference

ELEMENTS = list(reference.elements()["element"])
MOLECULES = list(reference.molecules()["molecule"])
CM1_IN_EV = 1.239842e-4


EQUILIBRIUM = jax.jit(chemistry.equilibrium)


def _gas(temperature, pressure, m_h=0.0, **x_fe):
    """The gas at a few places, computed in arrays of one length so that it compiles once."""
    n = len(temperature)
    labels = {name: jnp.full(8, value) for name, value in x_fe.items()}
    abundance = chemistry.abundances(jnp.full(8, m_h), jnp.zeros(8), labels)
    t, p = (jnp.asarray(np.resize(x, 8), jnp.float32) for x in (temperature, pressure))
    gas = EQUILIBRIUM(t, p, abundance)
    return chemistry.Gas(*(part[:n] for part in gas)), np.asarray(abundance, float)[:n]


def _atoms(gas, temperature):
    """Number densities of the three stages of each element [cm-3]."""
    ln_u = np.asarray(chemistry.ln_partition(jnp.asarray(temperature, jnp.float32)), float)
    return np.exp(np.asarray(gas.atoms, float) + ln_u)


def _molecules(gas, temperature):
    """Number densities of the molecules from the published constants [cm-3]."""
    kt = reference.K_ERG * np.asarray(temperature)[:, None]
    neutral = _atoms(gas, temperature)[..., 0] * kt
    one, two = reference.molecules()["atoms"].T
    ln_kp = np.asarray(chemistry.ln_equilibrium(jnp.asarray(temperature, jnp.float32)), float)
    return neutral[:, one] * neutral[:, two] / np.exp(ln_kp) / kt


@pytest.mark.parametrize(
    ("element", "stage", "levels_cm1"),
    [
        ("Na", 0, [(2, 0.0), (2, 16956.2), (4, 16973.4), (2, 25740.0), (10, 29172.9)]),
        ("Ca", 1, [(2, 0.0), (4, 13650.2), (6, 13710.9), (2, 25191.5), (4, 25414.4)]),
        ("O", 0, [(5, 0.0), (3, 158.3), (1, 227.0), (5, 15867.9), (1, 33792.6)]),
    ],
)
def test_partition_functions_are_sums_over_energy_levels(element, stage, levels_cm1):
    temperature = np.array([3000.0, 4000.0, 5000.0])
    weight, energy = np.array(levels_cm1).T
    kt = reference.K_EV * temperature[:, None]
    expected = (weight * np.exp(-energy * CM1_IN_EV / kt)).sum(axis=1)
    ours = np.exp(chemistry.ln_partition(jnp.asarray(temperature)))
    np.testing.assert_allclose(ours[:, ELEMENTS.index(element), stage], expected, rtol=0.02)


def test_pure_hydrogen_is_ionised_as_sahas_closed_form_says():
    temperature, pressure = np.array([9000.0, 12000.0, 15000.0]), np.full(3, 300.0)
    abundance = np.full((3, len(ELEMENTS)), 1e-30, np.float32)
    abundance[:, 0] = 1.0
    t, p = jnp.asarray(temperature), jnp.asarray(pressure)
    ours, _, _ = jax.jit(chemistry.electron_pressure)(t, p, jnp.asarray(abundance))
    kt = 1.380649e-16 * temperature
    saha = 2.4146831e15 * temperature**1.5 * np.exp(-13.5984 / (8.617333e-5 * temperature)) * kt
    # P_e = P_+, P_H = P - 2 P_e, P_e^2 = saha P_H; weights 2 of H, 1 of H+, 2 of the electron
    expected = -saha + np.sqrt(saha**2 + saha * pressure)
    np.testing.assert_allclose(ours, expected, rtol=2e-3)


def test_charge_is_conserved_from_cool_giants_to_hot_stars():
    temperature = np.array([2900.0, 4000.0, 5000.0, 6500.0, 9000.0, 14000.0])
    gas, _ = _gas(temperature, [1e2, 1e3, 1e4, 1e5, 1e4, 1e3])
    stages = _atoms(gas, temperature)
    charge = (stages[..., 1] + 2 * stages[..., 2]).sum(axis=1)
    electrons = np.asarray(gas.electron_pressure, float) / (reference.K_ERG * temperature)
    np.testing.assert_allclose(electrons, charge, rtol=5e-3)


@pytest.mark.parametrize("carbon", [0.0, 0.25, 0.6])
def test_nuclei_of_carbon_nitrogen_and_oxygen_are_conserved(carbon):
    temperature = np.array([3000.0, 3600.0, 4500.0, 6000.0])
    gas, abundance = _gas(temperature, [1e2, 1e3, 1e4, 1e5], c=carbon)
    atoms, bound = _atoms(gas, temperature).sum(axis=-1), _molecules(gas, temperature)
    for element in ("C", "N", "O"):
        index = ELEMENTS.index(element)
        count = (reference.molecules()["atoms"] == index).sum(axis=1)
        total = atoms[:, index] + bound @ count
        expected = abundance[:, index] * np.asarray(gas.hydrogen_nuclei, float)
        np.testing.assert_allclose(total, expected, rtol=0.02)


def test_levels_of_co_follow_from_its_rotation_and_vibration():
    temperature = np.array([3500.0, 4500.0, 5500.0])
    gas, _ = _gas(temperature, [1e3, 1e4, 1e5])
    number = _molecules(gas, temperature)[:, MOLECULES.index("CO")]
    kt_cm1 = temperature * 0.6950348
    rotor = kt_cm1 / 1.9225 / (1 - np.exp(-2143.3 / kt_cm1))
    ours = np.exp(np.asarray(gas.molecules, float)[:, MOLECULES.index("CO")])
    np.testing.assert_allclose(ours, number / rotor, rtol=0.1)


def test_carbon_is_free_and_oxygen_bound_only_where_carbon_outnumbers_oxygen():
    temperature = np.array([3200.0])
    carbon, oxygen = ELEMENTS.index("C"), ELEMENTS.index("O")
    normal, _ = _gas(temperature, [1e3])
    rich, _ = _gas(temperature, [1e3], c=0.5)
    assert normal.atoms[0, oxygen, 0] > normal.atoms[0, carbon, 0] + 5
    assert rich.atoms[0, carbon, 0] > rich.atoms[0, oxygen, 0] + 5
    assert rich.molecules[0, MOLECULES.index("C2")] > normal.molecules[0, MOLECULES.index("C2")]
    assert rich.molecules[0, MOLECULES.index("TiO")] < normal.molecules[0, MOLECULES.index("TiO")]


def test_alpha_moves_alpha_elements_and_a_named_element_overrides_it():
    zero = jnp.zeros(1)
    solar = np.log10(chemistry.abundances(zero, zero))
    rich = np.log10(chemistry.abundances(zero - 1, zero + 0.3, {"ca": zero + 0.1, "c": zero + 2}))
    change = dict(zip(ELEMENTS, (rich - solar)[0], strict=True))
    expected = {"H": 0, "He": 0, "Mg": -0.7, "Ti": -0.7, "Ca": -0.9, "Fe": -1, "C": 1, "N": -1}
    for element, value in expected.items():
        assert change[element] == pytest.approx(value, abs=1e-5), element


def test_an_unknown_element_is_named_with_the_known_ones():
    with pytest.raises(KeyError, match=r"'xx'.*known: C, N, O"):
        chemistry.abundances(jnp.zeros(1), jnp.zeros(1), {"xx": jnp.zeros(1)})
