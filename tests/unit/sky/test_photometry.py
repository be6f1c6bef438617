import astropy.units as u
import jax.numpy as jnp
import numpy as np
import pytest
from dust_extinction.parameter_averages import G23
from speclite import filters

from starloom.sky import extinction, photometry
from starloom.sky.optical_basis import wavelength_grid
from starloom.sky.reference import read_rows

GRID, EDGES = wavelength_grid()


def _magnitudes(flux):
    return photometry.vega(photometry.band_flux(flux))


def _black_body(wave_nm, temperature):
    """Surface flux [W m-2 nm-1]."""
    return 3.741772e20 / wave_nm**5 / np.expm1(1.438777e7 / wave_nm / temperature)


@pytest.mark.parametrize("temperature", [3500.0, 5777.0, 9000.0])
def test_magnitudes_of_a_black_body_are_those_of_speclite(temperature):
    dilution = float(photometry.dilution(1.0, 10.0))
    ours = _magnitudes(
        jnp.asarray(_black_body(GRID, temperature) * dilution * 1e20, jnp.float32)[None]
    )[0]
    fine = np.arange(201.0, 5700.0, 0.25)
    flux = _black_body(fine, temperature) * dilution * u.W / u.m**2 / u.nm
    for k, row in enumerate(read_rows("bands.csv")):
        band = filters.load_filter(row["speclite_name"])
        ab = band.get_ab_magnitude(flux, fine * u.nm)
        assert float(ours[k]) == pytest.approx(ab - float(row["ab_minus_vega_mag"]), abs=0.002)


def test_ten_times_the_distance_is_five_magnitudes():
    near, far = (photometry.dilution(jnp.ones(1), jnp.full(1, d)) for d in (10.0, 100.0))
    expected = (u.R_sun / (10 * u.pc)).to_value(u.dimensionless_unscaled)
    assert float(near[0] / far[0]) == pytest.approx(100.0, rel=1e-6)
    assert float(near[0]) == pytest.approx(expected**2, rel=1e-4)


@pytest.mark.parametrize(("band", "jansky"), [("J", 1594.0), ("H", 1024.0), ("Ks", 666.7)])
def test_the_published_flux_of_zero_magnitude_has_magnitude_zero(band, jansky):
    # Cohen et al. (2003), AJ 126, 1090, Table 2
    flux = jansky * 1e-26 * 2.997925e17 / GRID**2
    magnitude = _magnitudes(jnp.asarray(flux * 1e20, jnp.float32)[None])[0]
    assert float(magnitude[photometry.BANDS.index(band)]) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("r_v", [2.6, 3.1, 4.0])
def test_extinction_is_the_published_law_with_the_stars_own_ratio(r_v):
    wave = np.array([330.0, 550.0, 800.0, 1250.0, 3400.0])
    through = extinction.transmission(wave, jnp.full(1, 1.7), jnp.full(1, r_v))[0]
    expected = 10 ** (-0.4 * 1.7 * G23(Rv=r_v)(wave / 1e3 * u.micron))
    np.testing.assert_allclose(through, expected, rtol=1e-5)
