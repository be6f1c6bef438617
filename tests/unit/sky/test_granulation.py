import jax.numpy as jnp
import numpy as np
import pytest

from starloom.sky.granulation import apodisation, granulation


def test_granulation_integrates_to_its_variance():
    freq = np.linspace(0, 60000, 600001)
    power = np.asarray(granulation(jnp.asarray(freq, jnp.float32), 60.0, 300.0), float)
    assert np.trapezoid(power, freq) == pytest.approx(2.244 * 300.0**2, rel=0.005)


def test_granulation_is_level_below_both_knees_and_falls_with_the_fourth_power_above():
    freq = jnp.array([0.1, 1.0, 500.0, 1000.0])
    power = np.asarray(granulation(freq, 60.0, 300.0))
    assert power[1] / power[0] == pytest.approx(1.0, abs=1e-3)
    assert power[3] / power[2] == pytest.approx(1 / 16, rel=0.01)


def test_averaging_over_a_cadence_attenuates_by_the_sinc_of_the_cadence():
    nyquist = 283.2
    freq = jnp.array([0.0, 100.0, nyquist, 2 * nyquist])
    x = np.pi * np.array([1e-9, 100.0, nyquist, 2 * nyquist]) / (2 * nyquist)
    np.testing.assert_allclose(apodisation(freq), (np.sin(x) / x) ** 2, atol=1e-6)
    assert apodisation(freq)[2] == pytest.approx((2 / np.pi) ** 2, rel=1e-5)
