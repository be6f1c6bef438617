import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from starloom.sky import chemistry, optical, photometry
from starloom.sky.optical_basis import air_to_vacuum, wavelength_grid

GRID, EDGES = wavelength_grid()
WIDTH = np.diff(EDGES)
BASE = {"teff": 4750.0, "logg": 2.5, "m_h": 0.0, "alpha_m": 0.0, "c_fe": 0.0, "n_fe": 0.0}
SUN = {"teff": 5777.0, "logg": 4.44}
STARS = {
    "base": {},
    "alpha": {"alpha_m": 0.3},
    "carbon": {"c_fe": 0.3},
    "nitrogen": {"n_fe": 0.5},
    "poor": {"m_h": -1.0},
    "dwarf": {"logg": 4.6},
    "sun": SUN,
    "warm": {"teff": 6400.0, "logg": 4.2},
    "cool": {"teff": 4100.0, "logg": 1.5},
    "tip": {"teff": 3700.0, "logg": 0.9},
    "halo": {"teff": 5000.0, "logg": 2.2, "m_h": -2.0, "alpha_m": 0.3},
    "carbon star": {"teff": 3400.0, "logg": 0.6, "c_fe": 0.5},
}
NAMES = list(STARS)


def _magnitudes(flux):
    return photometry.vega(photometry.band_flux(flux))


@pytest.fixture(scope="module")
def flux():
    """Surface flux of STARS by name [W m-2 nm-1]."""
    columns = {k: np.array([(BASE | star)[k] for star in STARS.values()]) for k in BASE}
    wave, spectra = optical.spectra(columns)
    np.testing.assert_array_equal(wave, GRID)
    return dict(zip(NAMES, spectra.astype(float), strict=True))


def _mean(spectrum, low, high):
    inside = (GRID >= low) & (GRID < high)
    return np.sum((spectrum * WIDTH)[inside]) / np.sum(WIDTH[inside])


def _depth(spectrum, band, sides):
    """Missing light in a band against the mean of two bands beside it."""
    return 1 - _mean(spectrum, *band) / np.mean([_mean(spectrum, *side) for side in sides])


BANDS = {
    "Mg b": ((516.2, 519.4), ((511.8, 514.4), (519.8, 522.0))),
    "CH G": ((425.0, 432.0), ((444.0, 452.0), (444.0, 452.0))),
    "CN 3883": ((384.8, 388.4), ((388.9, 391.5), (389.0, 391.0))),
    "Na D": ((587.9, 591.1), ((586.2, 587.7), (592.4, 595.0))),
    "Ca IRT": ((853.2, 855.6), ((847.7, 849.0), (857.8, 860.4))),
    "Ca K": ((392.2, 394.8), ((398.0, 400.0), (404.0, 406.0))),
    "Swan": ((510.0, 516.5), ((500.0, 504.0), (518.0, 520.0))),
}


def test_every_spectrum_is_finite_and_carries_sigma_teff_to_the_fourth(flux):
    for name, spectrum in flux.items():
        assert np.all(np.isfinite(spectrum)) and np.all(spectrum > 0), name
        total = np.sum(spectrum * WIDTH) + spectrum[-1] * GRID[-1] / 3
        teff = (BASE | STARS[name])["teff"]
        assert total / (5.670374e-8 * teff**4) == pytest.approx(1.0, abs=0.005), name


def _giant_or_dwarf_colour(teff, m_h, giant):
    """BP-RP of Mucciarelli, Bellazzini & Massari (2021), A&A 653, A90, Table 1."""
    b = (0.5323, 0.4775, -0.0344, -0.0110, -0.0020, -0.0009) if giant else (
        0.4929, 0.5092, -0.0353, 0.0192, -0.0020, -0.0395)  # fmt: skip

    def theta(c):
        return b[0] + b[1] * c + b[2] * c**2 + b[3] * m_h + b[4] * m_h**2 + b[5] * m_h * c

    return brentq(lambda c: theta(c) - 5040 / teff, 0.0, 3.0)


@pytest.mark.parametrize("name", ["base", "sun", "warm", "cool", "tip", "poor", "halo"])
def test_colours_are_those_of_the_infrared_flux_method(flux, name):
    star = BASE | STARS[name]
    magnitude = np.asarray(_magnitudes(jnp.asarray(flux[name], jnp.float32)[None]))[0]
    expected = _giant_or_dwarf_colour(star["teff"], star["m_h"], star["logg"] < 3.6)
    assert magnitude[1] - magnitude[2] == pytest.approx(expected, abs=0.07), name


def test_the_sun_shines_on_earth_as_measured(flux):
    # ASTM G173-03, extraterrestrial, means of 50 nm [W m-2 nm-1]
    measured = {400: 1.730, 450: 2.000, 500: 1.885, 550: 1.830, 600: 1.670, 700: 1.355, 800: 1.075,
                900: 0.875, 1000: 0.705}  # fmt: skip
    at_earth = flux["sun"] * (6.957e8 / 1.495979e11) ** 2
    for low, expected in measured.items():
        assert _mean(at_earth, low, low + 50) == pytest.approx(expected, rel=0.06), low


def test_the_sun_has_its_absolute_magnitude_and_infrared_colours(flux):
    shine = flux["sun"] * photometry.dilution(1.0, 10.0) * 1e20
    g, _, _, j, _, k, w1, w2 = _magnitudes(jnp.asarray(shine, jnp.float32)[None])[0]
    assert float(g) == pytest.approx(4.67, abs=0.06)  # Casagrande & VandenBerg (2018)
    assert float(g - k) == pytest.approx(1.39, abs=0.06)
    assert float(j - k) == pytest.approx(0.36, abs=0.04)  # Willmer (2018), ApJS 236, 47
    assert float(w1 - w2) == pytest.approx(-0.03, abs=0.05)


@pytest.mark.parametrize(
    ("band", "weak", "strong", "at_least"),
    [
        ("Mg b", "base", "alpha", 0.008),
        ("Mg b", "poor", "base", 0.03),
        ("Mg b", "base", "dwarf", 0.03),
        ("CH G", "base", "carbon", 0.01),
        ("CN 3883", "base", "nitrogen", 0.02),
        ("Na D", "base", "dwarf", 0.02),
        ("Ca IRT", "halo", "base", 0.03),
        ("Ca K", "halo", "sun", 0.05),
        ("Swan", "tip", "carbon star", 0.1),
    ],
)
def test_features_answer_to_what_they_are_made_of(flux, band, weak, strong, at_least):
    change = _depth(flux[strong], *BANDS[band]) - _depth(flux[weak], *BANDS[band])
    assert change > at_least


def test_titanium_oxide_darkens_only_cool_stars(flux):
    heads = ((705.6, 710.0), ((700.5, 704.5), (700.5, 704.5)))
    assert _depth(flux["tip"], *heads) > 0.04
    assert abs(_depth(flux["sun"], *heads) - _depth(flux["warm"], *heads)) < 0.01


@pytest.fixture(scope="module")
def tangent():
    """Raw flux of ordinary stars, and its derivative to [M/H]."""
    labels = [
        (5777, 4.44, 0),
        (4750, 2.5, 0),
        (4750, 2.5, -1),
        (4100, 1.5, -0.3),
        (6400, 4.2, -0.5),
    ]
    teff, logg, m_h = (jnp.asarray(c, jnp.float32) for c in zip(*labels, strict=True))

    @jax.jit
    def both(m_h, step):
        def raw(m):
            return optical.surface_flux(teff, logg, chemistry.abundances(m, jnp.zeros_like(m)))

        return jax.jvp(raw, (m_h,), (step,))

    return teff, m_h, both


def test_backwarming_keeps_the_flux_within_three_per_cent(tangent):
    teff, m_h, both = tangent
    flux, _ = both(m_h, jnp.ones_like(m_h))
    ratio = np.asarray(optical.bolometric(flux, teff)) / (5.670374e-8 * np.asarray(teff) ** 4)
    np.testing.assert_allclose(ratio, 1.0, atol=0.03)


def test_derivatives_to_labels_are_those_of_finite_differences(tangent):
    _, m_h, both = tangent
    one = jnp.ones_like(m_h)
    _, slope = both(m_h, one)
    up, _ = both(m_h + 0.05, one)
    down, _ = both(m_h - 0.05, one)
    difference = np.asarray(up - down) / 0.1
    assert np.all(np.isfinite(slope))
    scale = np.abs(difference).max(axis=1, keepdims=True)
    np.testing.assert_allclose(slope / scale, difference / scale, atol=0.02)


def test_a_star_is_the_same_alone_and_in_company(flux):
    columns = {k: np.array([v]) for k, v in (BASE | STARS["cool"]).items()}
    np.testing.assert_array_equal(optical.spectra(columns)[1][0], flux["cool"].astype(np.float32))


def test_missing_labels_are_named():
    with pytest.raises(KeyError, match="lack alpha_m, n_fe"):
        optical.spectra({k: np.zeros(1) for k in ("teff", "logg", "m_h", "c_fe")})


def test_air_wavelengths_become_vacuum_ones():
    # Na D1 and D2, NIST
    np.testing.assert_allclose(air_to_vacuum(np.array([589.5924, 588.9951])),
                               [589.7558, 589.1583], atol=2e-4)  # fmt: skip
