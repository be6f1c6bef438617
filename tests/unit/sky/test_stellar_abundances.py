import numpy as np
import pytest
from astropy.table import Table

from starloom.sky import stellar_abundances as chem
from starloom.sky.draws import Draws


def test_mixing_changes_the_ratio_by_the_asked_amount_and_keeps_the_nuclei():
    carbon, nitrogen, change = np.array([0.1, -0.3, 1.5]), np.array([0.0, 0.2, 0.4]), -0.4
    c_fe, n_fe = chem.mix_carbon_nitrogen(carbon, nitrogen, np.full(3, change))
    np.testing.assert_allclose((c_fe - n_fe) - (carbon - nitrogen), change, atol=1e-12)
    before = 10 ** (8.43 + carbon) + 10 ** (7.83 + nitrogen)
    after = 10 ** (8.43 + c_fe) + 10 ** (7.83 + n_fe)
    np.testing.assert_allclose(after, before, rtol=1e-12)


def test_dredge_up_deepens_with_mass_and_spares_dwarfs():
    change = chem.dredge_up_dex(np.array([0.9, 1.2, 2.5]), np.full(3, 2.8), np.zeros(3))
    assert np.all(np.diff(change) < -0.05)
    np.testing.assert_array_equal(
        chem.dredge_up_dex(np.ones(3), np.array([4.4, 4.0, 3.81]), 0.0), 0
    )


def test_extra_mixing_acts_on_metal_poor_stars_above_the_bump_alone():
    logg, m_h = np.array([3.0, 1.5, 1.5]), np.array([-1.0, -1.0, 0.0])
    change = chem.dredge_up_dex(np.ones(3), logg, m_h)
    assert change[1] < change[0] - 0.1
    np.testing.assert_allclose(change[2], change[0])


@pytest.mark.real
def test_carbon_over_nitrogen_falls_with_mass_as_in_apokasc_giants(real):
    stars = Table.read(real / "labels" / "apokasc3_apoor_gold.fits")
    mass, fe_h, ratio, logg = (
        np.asarray(stars[name], float) for name in ("Mass", "[Fe/H]", "[C/N]", "Logg_Seis")
    )
    giant = (np.abs(fe_h) < 0.2) & (logg < 3.3) & (logg > 2.0)
    birth = (chem.trends()["C"][2] - chem.trends()["N"][2]) - 0.15 * fe_h
    model = birth + chem.dredge_up_dex(mass, logg, fe_h)
    for low, high in ((1.0, 1.1), (1.1, 1.2), (1.2, 1.4), (1.4, 1.6), (1.6, 1.9)):
        here = giant & (mass > low) & (mass < high)
        assert abs(np.median(ratio[here]) - np.median(model[here])) < 0.05


def test_thin_disc_gas_was_solar_when_and_where_the_sun_was_born_nearly():
    # the law is anchored at 8.74 kpc today, and falls outwards by 0.075 dex each kpc
    np.testing.assert_allclose(chem.thin_fe_h(8.74, 0.0), 0.0, atol=1e-12)
    np.testing.assert_allclose(chem.thin_fe_h(9.74, 3.0) - chem.thin_fe_h(8.74, 3.0), -0.075)
    assert chem.thin_fe_h(6.0, 8.0) < chem.thin_fe_h(6.0, 1.0)


def test_the_sequences_are_apart_at_low_metallicity_and_meet_at_high():
    gap = chem.thick_alpha(np.array([-0.6, 0.2])) - chem.thin_alpha(np.array([-0.6, 0.2]), 5.0)
    assert gap[0] > 0.15 and gap[1] < 0.05


def test_elements_scatter_about_their_trends_by_their_own_amounts():
    n_star = 20_000
    draws = Draws(1, np.arange(n_star))
    columns = chem.birth_abundances(draws, np.full(n_star, -0.3), np.full(n_star, 0.2))
    for element, (per_alpha, per_fe_h, offset, scatter) in chem.trends().items():
        values = columns[f"{element.lower()}_fe"]
        np.testing.assert_allclose(
            values.mean(), offset + 0.2 * per_alpha - 0.3 * per_fe_h, atol=2e-3
        )
        np.testing.assert_allclose(values.std(), scatter, rtol=0.03)


def test_carbon_enhanced_fractions_are_the_tabulated_ones_and_none_are_metal_rich():
    np.testing.assert_allclose(
        chem.cemp_fraction(np.array([-3.5, -2.0, -1.0, 0.2])), [0.43, 0.2, 0, 0]
    )
    assert chem.cemp_no_share(-3.5) > 0.95 and chem.cemp_no_share(-1.8) < 0.05


def test_cemp_s_has_barium_and_cemp_no_has_not():
    n_star = 4000
    draws = Draws(2, np.arange(n_star))
    plain = chem.birth_abundances(draws, np.full(n_star, -2.3), np.full(n_star, 0.3))
    kind_s = np.arange(n_star) < n_star // 2
    rich = chem.enrich(plain, draws, kind_s, ~kind_s)
    assert np.all(rich["c_fe"] > 0.7)
    np.testing.assert_allclose(np.mean(rich["c_fe"][kind_s]), 1.6, atol=0.03)
    np.testing.assert_allclose(np.mean((rich["ba_fe"] - plain["ba_fe"])[kind_s]), 1.7, atol=0.03)
    np.testing.assert_array_equal(rich["ba_fe"][~kind_s], plain["ba_fe"][~kind_s])


def test_every_row_of_the_trends_says_where_it_comes_from(root):
    table = Table.read(root / "src/starloom/sky/data/abundance_trends.csv", format="ascii.csv")
    assert all(len(source) > 20 for source in table["source"])
