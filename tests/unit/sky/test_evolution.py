import numpy as np
import pytest
from astropy.table import Table
from scipy.optimize import brentq

from starloom.sky import evolution


def test_the_mass_of_a_giant_is_the_inverse_of_its_lifetime():
    for age, m_h in ((0.4, 0.2), (1.0, 0.0), (4.6, -0.3), (10.0, -0.8), (12.5, -2.0)):
        expected = brentq(lambda m, t=age, z=m_h: evolution.lifetime_gyr(m, z) - t, 0.5, 8.0)
        np.testing.assert_allclose(evolution.mass_at_lifetime(age, m_h), expected, rtol=1e-9)


def test_lifetimes_agree_with_published_models_within_a_third():
    # hydrogen-burning lifetimes [Gyr] of Schaller et al. (1992) for Z = 0.02
    published = {0.8: 25.0, 0.9: 15.5, 1.0: 9.96, 1.25: 4.91, 1.5: 2.69, 2.0: 1.12, 3.0: 0.352}
    ratio = [evolution.lifetime_gyr(mass, 0.0) / age for mass, age in published.items()]
    assert 0.67 < min(ratio) and max(ratio) < 1.5


def test_the_sun_comes_out_as_the_sun():
    radius, teff = evolution.dwarf_radius_teff(1.0, 0.0, 4.57 / evolution.lifetime_gyr(1.0, 0.0))
    np.testing.assert_allclose(radius, 1.0, atol=0.03)
    np.testing.assert_allclose(teff, 5772.0, atol=40.0)
    np.testing.assert_allclose(evolution.gravity(1.0, 1.0, 5772.0), 4.438, atol=1e-3)


def test_m_dwarfs_have_their_temperatures_and_radii():
    mass = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    radius, teff = evolution.dwarf_radius_teff(mass, np.zeros(5), np.zeros(5))
    # Pecaut & Mamajek (2013), the sequence of M dwarfs that they keep up to date
    np.testing.assert_allclose(teff, [2850, 3150, 3400, 3530, 3700], rtol=0.06)
    np.testing.assert_allclose(radius, [0.13, 0.22, 0.31, 0.40, 0.50], rtol=0.15)


def test_gravity_radius_luminosity_and_temperature_obey_stefan_and_newton():
    # cgs constants, not the solar ratios that the module uses
    newton, boltzmann = 6.6743e-8, 5.670374e-5
    sun_g, sun_cm, sun_erg = 1.98841e33, 6.957e10, 3.828e33
    stars = _placed(np.repeat(np.arange(6), 40))
    radius_cm = stars["radius_rsun"] * sun_cm
    gravity = newton * stars["mass_msun"] * sun_g / radius_cm**2
    np.testing.assert_allclose(np.log10(gravity), stars["logg"], atol=2e-3)
    luminosity = 4 * np.pi * radius_cm**2 * boltzmann * stars["teff"] ** 4 / sun_erg
    np.testing.assert_allclose(luminosity, stars["luminosity_lsun"], rtol=3e-3)


def test_heavy_clump_stars_are_secondary_and_fainter_than_the_clump():
    stars = _placed(np.full(400, evolution.CLUMP))
    heavy = stars["initial_mass_msun"] > evolution.SECONDARY_MASS
    np.testing.assert_array_equal(stars["state"] == evolution.SECONDARY, heavy)
    near_dip = np.abs(stars["mass_msun"] - 2.2) < 0.15
    assert stars["luminosity_lsun"][near_dip].mean() < 0.8 * stars["luminosity_lsun"][~heavy].mean()


def test_clump_and_asymptotic_stars_have_lost_mass_and_others_have_not():
    stars = _placed(np.repeat(np.arange(6), 50))
    lost = stars["initial_mass_msun"] - stars["mass_msun"]
    late = np.isin(stars["state"], (evolution.CLUMP, evolution.AGB))
    low = late & (stars["initial_mass_msun"] < 1.5)
    assert np.all(lost[low] > 0.05)
    assert np.all(lost[stars["state"] == evolution.RGB] == 0.0)


def test_subgiants_lie_between_the_dwarfs_and_the_giants():
    stars = _placed(np.full(300, evolution.SUBGIANT))
    assert np.all((stars["logg"] >= 3.6) & (stars["logg"] <= 4.1))
    steep = np.corrcoef(stars["logg"], stars["teff"])[0, 1]
    assert steep > 0.3


def test_mass_transfer_raises_the_mass_by_its_gain():
    plain, gained = (_placed(np.full(20, evolution.RGB), gain=gain) for gain in (1.0, 1.5))
    np.testing.assert_allclose(gained["mass_msun"], 1.5 * plain["mass_msun"])


def test_state_names_turn_into_their_codes_and_a_wrong_one_is_named():
    names = np.array(["rgb", "dwarf", "agb"], dtype=object)
    np.testing.assert_array_equal(evolution.state_codes(names), [2, 0, 5])
    with pytest.raises(ValueError, match="'white_dwarf'"):
        evolution.state_codes(np.array(["rgb", "white_dwarf"]))


@pytest.mark.real
def test_giants_lie_on_the_ridges_of_observed_apogee_giants(real):
    labels = np.load(real / "apogee" / "dr17_rgb_label_distribution.npz")
    teff, logg, fe_h = (labels[name].astype(float) for name in ("teff", "logg", "fe_h"))
    for low in (0.6, 1.0, 1.4, 1.8, 2.8):
        for metal, mass in ((-0.8, 0.95), (-0.4, 1.10), (0.0, 1.25), (0.3, 1.25)):
            here = (np.abs(logg - low - 0.2) < 0.2) & (np.abs(fe_h - metal) < 0.08)
            model = evolution.giant_teff(low + 0.2, metal, mass)
            np.testing.assert_allclose(model, np.median(teff[here]), atol=90.0)


@pytest.mark.real
def test_clump_stars_have_the_observed_temperatures_and_luminosities(real):
    stars = Table.read(real / "labels" / "apokasc3_apoor_gold.fits")
    clump = np.char.find(np.asarray(stars["Evol_State"]).astype(str), "RC") >= 0
    mass, fe_h, teff, radius = (
        np.asarray(stars[name], float)[clump] for name in ("Mass", "[Fe/H]", "Teff", "Radius")
    )
    luminosity = radius**2 * (teff / evolution.T_SUN) ** 4
    for low in (0.9, 1.2, 1.5):
        here = (mass > low) & (mass < low + 0.3)
        model = evolution.clump_luminosity(mass[here], fe_h[here])
        offset = np.median(np.log10(luminosity[here] / model))
        assert abs(offset) < 0.04
        assert abs(np.median(teff[here] - evolution.clump_teff(mass[here], fe_h[here]))) < 30.0


def _placed(state, gain=1.0):
    generator = np.random.default_rng(5)
    n_star = len(state)
    noise = {name: generator.uniform(0.01, 0.99, n_star) for name in ("logg_unit", "mass_unit")}
    noise |= {name: generator.normal(size=n_star) for name in ("bump", "teff", "luminosity")}
    noise["at_bump"] = generator.uniform(size=n_star) < 0.1
    age = generator.uniform(0.5, 10.0, n_star)
    return evolution.place(state, age, generator.normal(-0.1, 0.3, n_star), gain, noise)
