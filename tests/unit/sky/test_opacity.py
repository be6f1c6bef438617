import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import wofz

from starloom.sky import chemistry, hydrogen, opacity, transfer


def test_h_minus_absorbs_most_near_850_nm_and_nothing_beyond_its_threshold():
    wave = np.arange(300.0, 1700.0, 10.0)
    section = opacity.continuum_basis(wave)[0][0]
    # photon energies [eV] and cross-sections [1e-18 cm2] of McLaughlin et al. (2017), JPB 50 114001
    energy, expected = np.array([0.87293, 0.946044, 1.0332]), [12.957, 21.150, 28.525]
    ours = opacity.continuum_basis(1239.842 / energy)[0][0]
    np.testing.assert_allclose(ours, expected, rtol=0.04)
    assert wave[section.argmax()] == pytest.approx(850, abs=30)
    assert np.all(section[wave > 1642] == 0)


def test_hydrogen_edges_have_kramers_cross_sections():
    wave = np.array([91.0, 364.5, 820.0])
    section = opacity.continuum_basis(wave)[0][1:4]
    np.testing.assert_allclose(np.diag(section), [7.9, 15.8, 23.7], rtol=0.01)
    assert opacity.continuum_basis(np.array([365.5]))[0][2] == 0.0


def test_solar_continuum_opacity_at_500_nm_is_that_of_the_textbook():
    t, p = jnp.array([6420.0]), jnp.array([1.2e5])
    abundance = chemistry.abundances(jnp.zeros(1), jnp.zeros(1))
    gas = jax.jit(chemistry.equilibrium)(t, p, abundance)
    basis, n_true = opacity.continuum_basis(np.array([500.0]))
    true, other = opacity.continuum_weights(t, gas)
    factor = np.exp(-opacity.HC_OVER_K_NM / 500.0 / 6420.0)
    alpha = (1 - factor) * true @ basis[:n_true] + other @ basis[n_true:]
    kappa = 1e-18 * float(alpha[0, 0]) / float(gas.density[0])
    # Gray (2005), Eq. 8.12 by hand: H- bound-free with 2.8e-17 cm2 at log P_e = 1.77, per gram
    theta, pe = 5040 / 6420.0, float(gas.electron_pressure[0])
    bound_free = 4.158e-10 * 2.8e-17 * pe * theta**2.5 * 10 ** (0.754 * theta)
    assert np.log10(pe) == pytest.approx(1.77, abs=0.1)
    assert 1.0 < kappa / (bound_free * (1 - factor) / 2.35e-24) < 1.25


def test_the_linear_profile_is_voigts_for_small_damping():
    v, a = np.linspace(0, 40, 161), 0.003
    h0, h1 = opacity.hjerting(v)
    np.testing.assert_allclose(h0 + a * h1, wofz(v + 1j * a).real, rtol=5e-3, atol=3e-6)


def test_a_line_absorbs_what_its_oscillator_strength_says():
    wave = 500.0 + np.linspace(-0.5, 0.5, 20001)
    core, wing = opacity.line_basis(
        wave, np.array([500.0]), np.array([0.5]), np.zeros(1), np.array([3e-8]), np.array([1e4]), 56
    )
    hertz = 2.997925e17 / wave
    area = -np.trapezoid(core, hertz) * 1e-18
    assert area == pytest.approx(0.02654 * 0.5, rel=1e-3)
    # Lorentz wings: sigma = area * gamma / (4 pi^2 dnu^2) for 1e16 perturbers
    far = np.searchsorted(wave, 500.4)
    offset = 2.997925e17 * (1 / 500.0 - 1 / wave[far])
    expected = 0.02654 * 0.5 * 3e-8 * 1e16 / (4 * np.pi**2 * offset**2)
    assert wing[far] * 1e-18 == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(
    ("lower", "upper", "wavelength_nm", "strength"),
    [
        (2, 3, 656.46, 0.6407),
        (2, 4, 486.27, 0.1193),
        (3, 4, 1875.6, 0.8421),
        (4, 7, 2166.1, 0.0655),
    ],
)
def test_hydrogen_lines_have_their_wavelengths_and_strengths(lower, upper, wavelength_nm, strength):
    assert hydrogen.centre_nm(lower, upper) == pytest.approx(wavelength_nm, rel=3e-5)
    assert hydrogen.oscillator_strength(lower, upper) == pytest.approx(strength, rel=0.02)


def test_stark_wings_fall_as_the_holtsmark_law():
    wave = np.array([656.46 + 3.0, 656.46 + 6.0])
    stark = hydrogen.line_vectors(wave)[1]
    assert stark[0] / stark[1] == pytest.approx(2**2.5, rel=0.05)


def test_an_isothermal_stack_shines_as_a_black_body():
    wave, temperature = np.array([400.0, 900.0, 3000.0]), 5000.0
    layers = 8
    factors = [transfer.boltzmann_factor(wave, jnp.full(1, temperature)) for _ in range(layers)]
    column = jnp.geomspace(1e-4, 1e3, layers)[None]
    shape = transfer.emergent_flux([jnp.full((1, 3), 0.1)] * layers, factors, column)
    flux = transfer.FLUX_CONSTANT / wave**5 * np.asarray(shape[0])
    # pi B_lambda from SI constants [W m-2 nm-1]
    metre = wave * 1e-9
    planck = 2 * np.pi * 6.62607e-34 * 2.997925e8**2 / metre**5 * 1e-9
    planck /= np.expm1(6.62607e-34 * 2.997925e8 / (metre * 1.380649e-23 * temperature))
    np.testing.assert_allclose(flux, planck, rtol=2e-4)


def test_a_source_linear_in_depth_gives_the_eddington_barbier_flux():
    tau = np.concatenate([[0.0], np.geomspace(1e-3, 30, 60)])
    a, b = 0.02, 0.05
    source = a + b * tau
    factors = [jnp.asarray([[s / (1 + s)]]) for s in source]
    flux = transfer.emergent_flux([jnp.ones((1, 1))] * len(tau), factors, jnp.asarray(tau)[None])
    assert float(flux[0, 0]) == pytest.approx(a + b / transfer.DIFFUSIVITY, rel=1e-3)
    assert float(flux[0, 0]) == pytest.approx(a + 2 / 3 * b, rel=0.1)
