import numpy as np
import pytest
from astropy_healpix import HEALPix

from starloom.sky import candidates, evolution, population
from starloom.sky import stellar_abundances as chem

N_STAR = 40_000


@pytest.fixture(scope="module")
def stars():
    return population.draw(1, np.arange(N_STAR), {"candidate_fraction": 0.05})


@pytest.fixture(scope="module")
def plain(stars):
    """Ordinary thin-disc stars."""
    thin = (stars["component"] == "thin") & (stars["kind"] == "normal")
    return {name: values[thin] for name, values in stars.items()}


def _assert_same(one, two):
    assert list(one) == list(two)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_any_chunk_in_any_order_is_bit_for_bit_the_part_of_the_whole(stars):
    star = np.concatenate([np.arange(N_STAR - 3, N_STAR), [17], np.arange(32_760, 32_773), [0]])
    part = population.draw(1, star, {"candidate_fraction": 0.05})
    _assert_same(part, {name: values[star] for name, values in stars.items()})


def test_one_star_alone_is_the_same_star(stars):
    for star in (0, 31_415, 32_767, 32_768):
        alone = population.draw(1, np.array([star]), {"candidate_fraction": 0.05})
        _assert_same(alone, {name: values[star : star + 1] for name, values in stars.items()})


def test_another_seed_is_another_sky_and_no_stars_are_an_empty_table(stars):
    other = population.draw(2, np.arange(100), {"candidate_fraction": 0.05})
    assert np.mean(other["ra"] == stars["ra"][:100]) == 0
    empty = population.draw(1, np.arange(0))
    assert all(len(values) == 0 for values in empty.values())
    assert list(empty) == list(stars)


def test_every_value_is_finite_but_where_single_stars_have_no_companion(stars):
    lone = {"companion_mass_msun", "companion_teff", "companion_radius_rsun"}
    lone |= {"period_day", "rv_amplitude_kms", "birth_radius_kpc"}
    for name, values in stars.items():
        if values.dtype.kind == "f" and name not in lone:
            assert np.all(np.isfinite(values)), name
    np.testing.assert_array_equal(np.isfinite(stars["period_day"]), stars["binary"])
    np.testing.assert_array_equal(
        np.isfinite(stars["birth_radius_kpc"]), stars["component"] == "thin"
    )


def test_source_ids_are_unique_and_hold_the_pixel_of_the_position(stars):
    ids = stars["source_id"]
    assert ids.dtype == np.int64 and len(np.unique(ids)) == N_STAR
    grid = HEALPix(nside=4096, order="nested")
    from astropy import units as u

    pixel = grid.lonlat_to_healpix(stars["ra"] * u.deg, stars["dec"] * u.deg)
    np.testing.assert_array_equal(ids // 34359738368, pixel)


def test_source_ids_of_far_apart_indices_in_one_pixel_differ():
    star = np.array([0, 1, 2**25, 2**25 + 1, 2**32 - 1])
    ids = population.source_ids(np.full(5, 10.0), np.full(5, 20.0), star)
    assert len(np.unique(ids)) == 5 and len(np.unique(ids >> 35)) == 1


def test_the_mix_of_components_and_states_is_the_configured_one(stars):
    usual = ~stars["candidate"]
    for name, share in zip(population.COMPONENTS, population.MIX, strict=True):
        np.testing.assert_allclose(np.mean(stars["component"][usual] == name), share, atol=0.01)
    giant = ~np.isin(stars["state"], ("dwarf", "subgiant"))
    np.testing.assert_allclose(np.mean(giant[usual]), 0.65 + 0.35 * 0.015, atol=0.01)
    bulge_free = population.draw(1, np.arange(3000), {"giant_fraction": 0.0})
    assert np.mean(np.isin(bulge_free["state"], ("dwarf", "subgiant"))) > 0.97


def test_giants_have_the_mass_whose_lifetime_is_their_age(plain):
    giant = np.isin(plain["state"], ("rgb", "red_clump", "agb"))
    lived = evolution.lifetime_gyr(plain["initial_mass_msun"], plain["m_h"])
    np.testing.assert_allclose(lived[giant], plain["age_gyr"][giant], rtol=1e-9)
    np.testing.assert_allclose(plain["age_of_mass_gyr"], lived)
    dwarf = plain["state"] == "dwarf"
    assert np.all(lived[dwarf] > plain["age_gyr"][dwarf])


def test_ages_of_dwarfs_fall_exponentially(plain):
    age = plain["age_gyr"][np.isin(plain["state"], ("dwarf", "subgiant"))]
    counts, edges = np.histogram(age, np.linspace(0.3, 11.0, 6))
    expected = np.exp(-edges[:-1] / 8.0) - np.exp(-edges[1:] / 8.0)
    np.testing.assert_allclose(counts / counts.sum(), expected / expected.sum(), atol=0.015)


def test_alpha_has_two_peaks_at_fixed_metallicity_and_one_at_high(stars):
    usual = (stars["kind"] == "normal") & np.isin(stars["component"], ("thin", "thick"))

    def peaks(low, high):
        here = usual & (stars["fe_h"] > low) & (stars["fe_h"] < high)
        counts, edges = np.histogram(stars["alpha_m"][here], np.arange(-0.1, 0.45, 0.03))
        top = np.flatnonzero((counts[1:-1] > counts[:-2]) & (counts[1:-1] >= counts[2:])) + 1
        return [(edges[i] + 0.015) for i in top if counts[i] > 0.2 * counts.max()]

    low, high = peaks(-0.6, -0.4)
    assert 0.0 < low < 0.14 and 0.22 < high < 0.31
    assert len(peaks(0.05, 0.2)) == 1


def test_the_thin_disc_has_the_radial_gradient_of_a_forward_simulation(plain):
    young = (plain["age_gyr"] < 3.0) & (np.abs(plain["galactic_z_kpc"]) < 1.0)
    inside = young & (plain["galactic_r_kpc"] > 6) & (plain["galactic_r_kpc"] < 12)
    slope = np.polyfit(plain["galactic_r_kpc"][inside], plain["fe_h"][inside], 1)[0]
    generator = np.random.default_rng(9)
    age = generator.choice(plain["age_gyr"][inside], 400_000)
    born = generator.gamma(2.0, 2.6, age.size)
    now = born + generator.normal(0, np.sqrt(3.6**2 * age / 8 + 0.64))
    metal = -1.0 - 0.075 * born + (1 - age / 12) ** 0.32 * (1 + 0.075 * 8.74)
    near = (now > 6) & (now < 12)
    expected = np.polyfit(now[near], metal[near], 1)[0]
    np.testing.assert_allclose(slope, expected, atol=0.006)
    assert -0.075 < expected < -0.03


def test_metallicity_is_the_law_at_the_birth_radius(plain):
    law = chem.thin_fe_h(plain["birth_radius_kpc"], plain["age_gyr"])
    inside = (plain["fe_h"] > -3.9) & (plain["fe_h"] < 0.54)
    left = (plain["fe_h"] - law)[inside]
    np.testing.assert_allclose([left.mean(), left.std()], [0.0, 0.04], atol=0.002)


def test_old_and_thick_populations_stand_farther_from_the_plane(stars):
    near = (stars["distance_pc"] > 800) & (stars["distance_pc"] < 3000)
    near &= ~stars["kepler"] & ~stars["candidate"]
    height = np.abs(stars["galactic_z_kpc"])
    thin, thick = stars["component"] == "thin", stars["component"] == "thick"
    young, old = thin & (stars["age_gyr"] < 2), thin & (stars["age_gyr"] > 8)
    medians = [np.median(height[near & which]) for which in (young, old, thick)]
    assert medians[0] < 0.6 * medians[1] and medians[1] < 0.75 * medians[2]


def test_carbon_over_nitrogen_falls_with_mass_on_the_giant_branch_alone(plain):
    giant = (plain["logg"] < 3.3) & (plain["logg"] > 2.6) & (np.abs(plain["fe_h"]) < 0.15)
    heavy, light = plain["mass_msun"] > 1.7, plain["mass_msun"] < 1.2
    c_n = plain["c_n"]
    assert np.median(c_n[giant & heavy]) < np.median(c_n[giant & light]) - 0.15
    np.testing.assert_allclose(c_n, plain["c_fe"] - plain["n_fe"])
    dwarf = (plain["logg"] > 4.0) & (np.abs(plain["fe_h"]) < 0.15)
    assert abs(np.median(c_n[dwarf & (plain["mass_msun"] > 1.2)]) - np.median(c_n[dwarf])) < 0.03


def test_kepler_stars_are_giants_in_the_field_and_have_their_own_numbers(stars):
    kepler = stars["kepler"]
    assert 0.03 < np.mean(kepler) < 0.15
    assert np.all(stars["dec"][kepler] > 36) and np.all(stars["dec"][kepler] < 53)
    assert np.all(stars["ra"][kepler] > 278) and np.all(stars["ra"][kepler] < 303)
    assert np.all((stars["logg"][kepler] > 1.2) & (stars["logg"][kepler] < 3.5))
    assert len(np.unique(stars["kic"][kepler])) == kepler.sum()
    assert np.all(stars["kic"][kepler] >= population.FIRST_KIC)
    assert np.all(stars["kic"][~kepler] == -1)


def test_candidates_hold_every_kind_with_its_own_sky_and_temperature(stars):
    member = stars["candidate"]
    np.testing.assert_allclose(member.mean(), 0.05, atol=0.005)
    shares = candidates.CANDIDATE_SHARES
    for code, share in shares.items():
        found = np.mean(stars["kind"][member] == candidates.KINDS[code])
        np.testing.assert_allclose(found, share, atol=0.025)

    def of(kind, name):
        return stars[name][member & (stars["kind"] == kind)]

    assert np.median(np.abs(of("be_star", "b"))) < 8 < np.median(np.abs(of("cemp_s", "b")))
    assert of("hot", "teff").min() > 7900 and of("be_star", "teff").min() > 11_900
    assert of("m_giant", "teff").max() < 3900 and of("long_period_variable", "teff").max() < 3450
    assert np.all(of("carbon_star", "c_fe") + 8.43 > of("carbon_star", "o_fe") + 8.69)
    assert np.median(of("cemp_s", "ba_fe")) > 1.3 > 0.4 > np.median(of("cemp_no", "ba_fe"))
    assert np.mean(of("cemp_s", "binary")) > 0.9


def test_carbon_enhanced_stars_are_as_frequent_as_the_law_says(stars):
    poor = (stars["fe_h"] < -1.6) & (stars["fe_h"] > -2.4) & ~stars["candidate"]
    expected = chem.cemp_fraction(stars["fe_h"][poor])
    found = np.isin(stars["kind"][poor], ("cemp_s", "cemp_no"))
    np.testing.assert_allclose(found.mean(), expected.mean(), atol=4 / np.sqrt(poor.sum()) / 2)


def test_young_alpha_rich_stars_are_old_with_the_mass_of_young_stars(stars):
    young = stars["kind"] == "young_alpha_rich"
    assert 20 < young.sum()
    assert np.all(stars["age_gyr"][young] > 5.9) and np.all(stars["alpha_m"][young] > 0.13)
    assert np.median(stars["age_of_mass_gyr"][young]) < 0.5 * np.median(stars["age_gyr"][young])
    eligible = (stars["component"] == "thick") & (stars["alpha_m"] > 0.13)
    eligible &= ~stars["candidate"] & (stars["state"] != "dwarf")
    np.testing.assert_allclose(young.sum() / eligible.sum(), 0.08, atol=0.015)


@pytest.mark.parametrize(
    ("switch", "untouched", "changed"),
    [
        ("dredge_up", ("ra", "mass_msun", "fe_h", "mg_fe", "kind", "a_v"), "c_n"),
        ("extinction", ("ra", "distance_pc", "teff", "c_n", "kind"), "a_v"),
        ("binaries", ("ra", "distance_pc", "teff", "c_n", "kind", "a_v"), "binary"),
        ("young_alpha_rich", ("age_gyr", "fe_h", "alpha_m", "l"), "mass_gain"),
        ("cemp", ("age_gyr", "mass_msun", "mg_fe", "component"), "ba_fe"),
    ],
)
def test_a_null_world_changes_what_its_switch_says_and_nothing_else(switch, untouched, changed):
    star = np.arange(6000)
    real_world = population.draw(4, star, {"candidate_fraction": 0.1})
    null = population.draw(4, star, {"candidate_fraction": 0.1, switch: False})
    same = np.ones(len(star), bool)
    if switch == "cemp":
        # the positions of cemp candidates hang on their kind in nothing, their metals do
        same = ~np.isin(real_world["kind"], ("cemp_s", "cemp_no"))
    for name in untouched:
        np.testing.assert_array_equal(real_world[name][same], null[name][same], err_msg=name)
    assert np.any(real_world[changed] != null[changed])
    if switch == "extinction":
        assert np.all(null["a_v"] == 0)
    if switch == "binaries":
        assert not np.any(null["binary"])
    if switch == "cemp":
        assert not np.any(np.isin(null["kind"], ("cemp_s", "cemp_no")))
    if switch == "young_alpha_rich":
        assert not np.any(null["kind"] == "young_alpha_rich")
    if switch == "dredge_up":
        birth = null["logg"] < 3.3
        light, heavy = null["mass_msun"] < 1.2, null["mass_msun"] > 1.8
        usual = birth & (null["kind"] == "normal") & (np.abs(null["fe_h"]) < 0.2)
        usual &= null["component"] == "thin"
        drop = np.median(null["c_n"][usual & heavy]) - np.median(null["c_n"][usual & light])
        assert abs(drop) < 0.08


def test_an_unknown_option_and_a_star_out_of_range_are_named():
    with pytest.raises(TypeError, match="unknown option dredgeup; known: candidate_fraction"):
        population.draw(1, np.arange(3), {"dredgeup": False})
    with pytest.raises(ValueError, match=r"between 0 and 2\*\*32"):
        population.draw(1, np.array([2**32]))


def test_without_clusters_nobody_is_a_member_and_with_them_the_field_is_the_same(stars):
    assert np.all(stars["cluster"] == -1)
    star = np.arange(4000)
    options = {"candidate_fraction": 0.05, "cluster_fraction": 0.2}
    grouped = population.draw(1, star, options)
    field = grouped["cluster"] < 0
    assert 0.05 < 1 - field.mean() < 0.15
    for name, values in grouped.items():
        np.testing.assert_array_equal(values[field], stars[name][star][field], err_msg=name)


def test_siblings_share_birth_place_and_motion_and_differ_in_evolution():
    stars = population.draw(1, np.arange(8000), {"cluster_fraction": 0.2})
    for cluster in range(5):
        here = stars["cluster"] == cluster
        assert here.sum() > 5
        for name, spread in (("age_gyr", 1e-12), ("fe_h", 2e-3), ("mg_fe", 2e-3), ("ba_fe", 2e-3)):
            assert np.ptp(stars[name][here]) < spread, name
        assert np.std(stars["logg"][here]) > 0.1
        assert np.std(stars["radial_velocity"][here]) < 3.0
        assert np.std(stars["distance_pc"][here]) < 12.0
        total = 10 ** (8.43 + stars["c_fe"][here]) + 10 ** (7.83 + stars["n_fe"][here])
        assert np.ptp(np.log10(total)) < 2e-3
    assert np.all(~stars["kepler"][stars["cluster"] >= 0])


@pytest.mark.real
def test_kepler_giants_have_the_masses_and_gravities_of_observed_ones(real, stars):
    from astropy.table import Table

    observed = Table.read(real / "labels" / "apokasc2_ages.fits")
    for state, names in ((1, ("rgb",)), (2, ("red_clump", "secondary_clump"))):
        theirs = np.asarray(observed["Mass"][observed["ES"] == state], float)
        ours = stars["mass_msun"][stars["kepler"] & np.isin(stars["state"], names)]
        np.testing.assert_allclose(
            np.percentile(ours, [16, 50, 84]), np.percentile(theirs, [16, 50, 84]), rtol=0.2
        )
