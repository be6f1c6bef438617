import numpy as np
import pytest

from starloom.sky import candidates, evolution
from starloom.sky.draws import Draws

N_STAR = 30_000
DRAWS = Draws(8, np.arange(N_STAR))


def test_shares_of_the_candidate_sample_add_to_one_and_are_drawn():
    np.testing.assert_allclose(sum(candidates.CANDIDATE_SHARES.values()), 1.0)
    member, kind = candidates.candidate_kind(DRAWS, 0.5, True)
    np.testing.assert_allclose(member.mean(), 0.5, atol=0.01)
    assert np.all(kind[~member] == candidates.NORMAL)
    for code, share in candidates.CANDIDATE_SHARES.items():
        np.testing.assert_allclose(np.mean(kind[member] == code), share, atol=0.01)


def test_without_cemp_the_carbon_enhanced_candidates_are_normal():
    _, kind = candidates.candidate_kind(DRAWS, 1.0, False)
    assert not np.any(np.isin(kind, (candidates.CEMP_S, candidates.CEMP_NO)))
    normal = candidates.CANDIDATE_SHARES
    expected = sum(normal[k] for k in (candidates.NORMAL, candidates.CEMP_S, candidates.CEMP_NO))
    np.testing.assert_allclose(np.mean(kind == candidates.NORMAL), expected, atol=0.01)


def test_metal_poor_candidates_come_from_the_halo_and_hot_stars_from_the_thin_disc():
    member, kind = candidates.candidate_kind(DRAWS, 1.0, True)
    component = candidates.candidate_origin(DRAWS, member, kind, np.zeros(N_STAR, int))
    assert np.all(component[np.isin(kind, (candidates.CEMP_S, candidates.CEMP_NO))] >= 2)
    assert np.all(component[np.isin(kind, (candidates.HOT, candidates.BE, candidates.CARBON))] == 0)
    assert np.all(component[kind == candidates.M_GIANT] <= 1)


@pytest.mark.parametrize(
    ("kind", "coolest", "hottest", "lowest", "highest"),
    [
        (candidates.CARBON, 2900, 3900, 0.0, 1.1),
        (candidates.M_GIANT, 3450, 3850, 0.4, 1.5),
        (candidates.LPV, 2900, 3400, -0.4, 0.7),
        (candidates.HOT, 8000, 12000, 3.8, 4.25),
        (candidates.BE, 12000, 22000, 3.6, 4.05),
        (candidates.COOL, 3500, 4300, 4.6, 4.75),
    ],
)
def test_kinds_have_their_place_in_the_kiel_diagram(kind, coolest, hottest, lowest, highest):
    changed = candidates.candidate_structure(DRAWS, np.full(N_STAR, kind), _stars())
    assert coolest <= changed["teff"].min() and changed["teff"].max() <= hottest
    assert lowest <= changed["logg"].min() and changed["logg"].max() <= highest
    gravity = evolution.gravity(changed["mass_msun"], changed["luminosity_lsun"], changed["teff"])
    np.testing.assert_allclose(gravity, changed["logg"], atol=1e-3)


def test_other_stars_are_left_alone():
    stars = _stars()
    for kind in (candidates.NORMAL, candidates.YOUNG, candidates.CEMP_S, candidates.CEMP_NO):
        same = candidates.candidate_structure(DRAWS, np.full(N_STAR, kind), stars)
        for name in ("teff", "logg", "mass_msun", "radius_rsun"):
            np.testing.assert_array_equal(same[name], stars[name])


def test_carbon_stars_have_more_carbon_than_oxygen():
    columns = {f"{name}_fe": np.zeros(N_STAR) for name in ("c", "o", "ba", "ce", "sr")}
    kind = np.where(np.arange(N_STAR) % 2, candidates.CARBON, candidates.NORMAL)
    rich = candidates.carbon_star_abundances(DRAWS, kind, columns)
    ratio = 10 ** (8.43 + rich["c_fe"] - 8.69 - rich["o_fe"])
    carbon = kind == candidates.CARBON
    assert ratio[carbon].min() > 1.049 and ratio[carbon].max() < 1.801
    np.testing.assert_array_equal(rich["c_fe"][~carbon], 0.0)


def _stars():
    mass, logg, teff = np.full(N_STAR, 1.1), np.full(N_STAR, 2.0), np.full(N_STAR, 4500.0)
    radius = evolution.radius_from_gravity(mass, logg)
    return {
        "mass_msun": mass,
        "initial_mass_msun": mass,
        "teff": teff,
        "logg": logg,
        "radius_rsun": radius,
        "luminosity_lsun": radius**2 * (teff / evolution.T_SUN) ** 4,
    }
