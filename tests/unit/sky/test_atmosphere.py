import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.sky import atmosphere, chemistry

TEFF = np.array([5777.0, 4750.0, 4100.0, 6500.0, 4750.0], np.float32)
LOGG = np.array([4.44, 2.5, 1.5, 4.2, 2.5], np.float32)
M_H = np.array([0.0, 0.0, 0.0, 0.0, -2.0], np.float32)


@pytest.fixture(scope="module")
def layers():
    abundance = chemistry.abundances(jnp.asarray(M_H), jnp.zeros(len(M_H)))
    return jax.jit(atmosphere.model)(jnp.asarray(TEFF), jnp.asarray(LOGG), abundance)


def test_pressure_is_the_weight_of_the_column_above(layers):
    weight = np.asarray(layers.column) * 10.0 ** LOGG[:, None]
    np.testing.assert_allclose(layers.pressure, weight, rtol=1e-5)
    assert np.all(np.diff(layers.pressure, axis=1) > 0)


def test_the_sun_has_its_pressure_and_temperature_where_the_light_comes_from(layers):
    depth = atmosphere.LOG_TAU[atmosphere.SYNTHESIS]
    pressure = np.interp(0.0, depth, np.log10(layers.pressure[0]))
    temperature = np.interp(0.0, depth, layers.temperature[0])
    assert pressure == pytest.approx(np.log10(1.2e5), abs=0.1)  # Holweger & Mueller (1974)
    assert temperature == pytest.approx(6533, abs=150)


def test_metal_poor_gas_is_more_transparent_and_so_under_higher_pressure(layers):
    assert np.all(layers.pressure[4, 2:10] > 1.3 * layers.pressure[1, 2:10])


def test_without_backwarming_the_law_is_krishna_swamys():
    tau = 10.0**atmosphere.LOG_TAU
    hopf = 1.39 - 0.815 * np.exp(-2.54 * tau) - 0.025 * np.exp(-30 * tau)
    expected = 5000.0 * (0.75 * (tau + hopf)) ** 0.25
    ours = atmosphere.temperature_law(jnp.full(1, 5000.0), jnp.zeros(1))[0]
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_backwarming_terms_are_the_products_that_their_powers_say():
    powers = ((0, 0, 0, 0, 0), (2, 1, 0, 0, 0), (0, 0, 3, 0, 0), (1, 0, 0, 1, 0))
    abundance = chemistry.abundances(jnp.full(1, -1.0), jnp.full(1, 0.3))
    x, g = 5040 / 4500.0 - 1, 1.7 - 2.5
    ours = atmosphere.backwarming_terms(jnp.full(1, 4500.0), jnp.full(1, 1.7), abundance, powers)
    np.testing.assert_allclose(ours[0], [1.0, x**2 * g, -1.0, x * 0.3], rtol=1e-4)
