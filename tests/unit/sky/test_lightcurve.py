import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.sky import lightcurve
from starloom.sky.kepler_cadence import CADENCE_DAYS, cadences
from starloom.sky.lightcurve import STEPS, relative_flux_ppm
from starloom.sky.power import NEEDED, power_density
from starloom.sky.seismology import scaling
from tests.seismic_estimators import even_spectrum, large_separation, smoothed_peak


@pytest.fixture(scope="module")
def seismic():
    logg = np.array([2.95, 2.45, 2.1, 2.6])
    mass = np.array([1.3, 1.2, 1.0, 1.6])
    stars = {
        "star": np.array([5, 6, 70, 800]),
        "state": np.array([2, 3, 2, 2]),
        "mass_msun": mass,
        "radius_rsun": np.sqrt(mass * 10 ** (4.438 - logg)),
        "teff": np.full(4, 4800.0),
        "logg": logg,
        "m_h": np.zeros(4),
        "kepmag": np.full(4, 11.0),
    }
    return scaling(stars, 2)


@pytest.fixture(scope="module")
def flux(seismic):
    return relative_flux_ppm(seismic, 2)


def _limit(freq, seismic):
    return power_density(freq, seismic) - seismic["white_ppm2_uhz"][:, None]


def test_the_variance_is_the_integral_of_the_limit_spectrum(seismic, flux):
    freq = np.linspace(0, 283.2, 40001)
    integral = np.trapezoid(_limit(freq, seismic), freq, axis=1)
    np.testing.assert_allclose(flux.var(axis=1), integral, rtol=0.12)
    assert flux.shape == (4, len(cadences())) and flux.dtype == np.float32


def test_the_periodogram_of_a_light_curve_scatters_about_the_limit_spectrum(seismic, flux):
    for i in range(4):
        freq, power = even_spectrum(flux[i].astype(float))
        limit = _limit(freq, seismic)[i]
        edges = np.geomspace(2.0, 280.0, 30)
        which = np.digitize(freq, edges)
        ratio = [power[which == k].mean() / limit[which == k].mean() for k in range(5, 29)]
        np.testing.assert_allclose(ratio, 1.0, atol=0.3)
        assert np.mean(ratio) == pytest.approx(1.0, abs=0.05)


def test_numax_and_dnu_are_recovered_from_a_light_curve(seismic, flux):
    freq, power = even_spectrum(flux[0].astype(float))
    numax, dnu = seismic["numax_uhz"][0], seismic["dnu_uhz"][0]
    assert smoothed_peak(freq, power, 1.05 * numax, dnu) == pytest.approx(numax, rel=0.08)
    assert large_separation(freq, power, numax, 0.97 * dnu) == pytest.approx(dnu, rel=0.03)


def test_a_star_has_the_same_light_curve_in_any_batch(seismic, flux):
    rows = [3, 0]
    part = relative_flux_ppm({name: values[rows] for name, values in seismic.items()}, 2)
    np.testing.assert_array_equal(part, flux[rows])
    assert not np.array_equal(relative_flux_ppm(seismic, 3), flux)


def test_flux_is_taken_at_barycentric_times(seismic):
    """The series carried to shifted times against a direct Fourier sum at those times."""
    star = {name: jnp.float32(seismic[name][0]) for name in NEEDED} | {"star": jnp.uint32(5)}
    star |= {"white_ppm2_uhz": jnp.float32(0.0)}
    series = jax.jit(lightcurve._series)
    even = np.asarray(series(jax.random.key(1), jnp.zeros(STEPS), star), float)
    shift = 200.0 * np.cos(2 * np.pi * np.arange(STEPS) / 20000)
    carried = np.asarray(series(jax.random.key(1), jnp.asarray(shift), star), float)
    amplitude = np.fft.rfft(even)
    sample = np.arange(700, STEPS, 5003)
    place = sample + shift[sample] / (86400 * CADENCE_DAYS)
    turn = np.exp(2j * np.pi * np.outer(place, np.arange(len(amplitude))) / STEPS)
    direct = (2 * (turn @ amplitude).real - amplitude[0].real) / STEPS
    assert np.std(carried[sample] - even[sample]) > 0.05 * even.std()
    assert np.std(carried[sample] - direct) < 0.003 * even.std()


def test_a_bad_star_is_nan_and_leaves_the_others(seismic, flux):
    broken = {name: values.copy() for name, values in seismic.items()}
    broken["amplitude_ppm"][1] = np.nan
    found = relative_flux_ppm(broken, 2)
    assert np.all(np.isnan(found[1]))
    np.testing.assert_array_equal(found[[0, 2, 3]], flux[[0, 2, 3]])


def test_bad_input_is_refused(seismic):
    with pytest.raises(KeyError, match="star"):
        relative_flux_ppm({name: seismic[name] for name in NEEDED}, 2)
    none = relative_flux_ppm({name: values[:0] for name, values in seismic.items()}, 2)
    assert none.shape == (0, len(cadences()))
