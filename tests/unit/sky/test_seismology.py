import numpy as np
import pytest

from starloom.sky.evolution import STATES
from starloom.sky.kepler_band import (
    NYQUIST_UHZ,
    electrons_per_cadence,
    noise_ppm,
    scatter_ppm,
    white_noise_ppm2_uhz,
)
from starloom.sky.seismology import DEFAULTS, FLAGS, donors, scaling


def giants(count, seed=0):
    """A mix of red-giant-branch and clump giants: what `scaling` takes."""
    random = np.random.default_rng(seed)
    state = random.choice([2, 3], count)
    mass = random.uniform(0.9, 2.0, count)
    logg = np.where(state == 2, random.uniform(2.0, 3.2, count), random.normal(2.45, 0.05, count))
    return {
        "star": np.arange(count),
        "state": state,
        "mass_msun": mass,
        "radius_rsun": np.sqrt(mass * 10 ** (4.438 - logg)),
        "teff": 4700 + 400 * (logg - 2.5),
        "logg": logg,
        "m_h": random.normal(-0.2, 0.2, count),
        "kepmag": random.uniform(9.0, 14.0, count),
    }


def test_numax_and_dnu_follow_the_scaling_relations_with_little_scatter():
    stars = giants(4000)
    seismic = scaling(stars, 1)
    numax = 3090 * 10 ** (stars["logg"] - 4.438) * (stars["teff"] / 5777) ** -0.5
    rest = np.log(seismic["numax_uhz"] / numax)
    assert abs(rest.mean()) < 0.001 and rest.std() == pytest.approx(0.015, rel=0.05)
    dnu = 135.1 * np.sqrt(stars["mass_msun"] / stars["radius_rsun"] ** 3)
    factor = seismic["dnu_uhz"] / dnu
    clump = stars["state"] == 3
    assert factor[clump].mean() == pytest.approx(1.002, abs=0.002)
    assert 0.965 < factor[~clump].mean() < 0.995
    heavy = stars["mass_msun"] > 1.45
    assert factor[~clump & heavy].mean() > factor[~clump & ~heavy].mean() + 0.008


def test_excess_large_separation_tells_mass():
    stars = giants(4000)
    seismic = scaling(stars, 1)
    excess = np.log(seismic["dnu_uhz"]) - 0.75 * np.log(seismic["numax_uhz"])
    for state in (2, 3):
        here = stars["state"] == state
        r = np.corrcoef(excess[here], np.log(stars["mass_msun"][here]))[0, 1]
        assert r < -0.9


def test_names_and_codes_of_states_give_the_same_stars():
    stars = giants(20)
    named = stars | {"state": np.array(STATES)[stars["state"]]}
    one, two = scaling(stars, 1), scaling(named, 1)
    assert all(np.array_equal(one[name], two[name]) for name in one)
    with pytest.raises(ValueError, match="supergiant"):
        scaling(named | {"state": np.full(20, "supergiant")}, 1)


def test_a_star_is_the_same_in_any_chunk():
    stars = giants(50)
    whole = scaling(stars, 7)
    part = scaling({name: values[[31, 4, 17]] for name, values in stars.items()}, 7)
    for name, values in part.items():
        np.testing.assert_array_equal(values, whole[name][[31, 4, 17]])
    assert not np.array_equal(whole["epsilon"], scaling(stars, 8)["epsilon"])


def test_bad_stars_are_flagged_and_leave_the_others_alone():
    stars = giants(6)
    good = scaling(stars, 1)
    for name, value in (("mass_msun", np.nan), ("teff", -1.0), ("kepmag", np.inf)):
        broken = stars | {name: np.where(np.arange(6) == 2, value, stars[name])}
        seismic = scaling(broken, 1)
        assert seismic["seismic_flag"].tolist() == [0, 0, FLAGS["not_finite"].mask, 0, 0, 0]
        assert np.isnan(seismic["numax_uhz"][2])
        np.testing.assert_array_equal(
            np.delete(seismic["dnu_uhz"], 2), np.delete(good["dnu_uhz"], 2)
        )


def test_dwarfs_oscillate_above_the_nyquist_frequency_and_are_flagged_so():
    stars = giants(3)
    stars |= {"state": np.array([0, 1, 2]), "logg": np.array([4.4, 3.9, 2.5])}
    seismic = scaling(stars, 1)
    above = FLAGS["above_nyquist"].mask
    assert seismic["seismic_flag"].tolist() == [above, above, 0]
    assert seismic["mixed"].tolist() == [0, 0, 1]
    assert np.all(np.isfinite(seismic["numax_uhz"]))


def test_switches_do_what_their_names_say():
    stars = giants(30)
    plain, off = scaling(stars, 1), scaling(stars, 1, {"mixed_modes": False, "rotation": False})
    assert np.all(plain["mixed"] == 1) and np.all(off["mixed"] == 0)
    assert np.all(plain["core_splitting_uhz"] > 0) and np.all(off["core_splitting_uhz"] == 0)
    np.testing.assert_array_equal(plain["numax_uhz"], off["numax_uhz"])
    with pytest.raises(ValueError, match="mixed"):
        scaling(stars, 1, {"mixed": False})
    with pytest.raises(KeyError, match="kepmag"):
        scaling({name: v for name, v in stars.items() if name != "kepmag"}, 1)
    assert set(DEFAULTS) == {"mixed_modes", "rotation", "permuted_spectra"}


def test_permuted_spectra_keep_temperature_and_gravity_but_lose_mass():
    stars = giants(4000)
    own, swapped = scaling(stars, 1), scaling(stars, 1, {"permuted_spectra": True})
    assert np.array_equal(own["white_ppm2_uhz"], swapped["white_ppm2_uhz"])
    assert np.sort(own["epsilon"]).tolist() == np.sort(swapped["epsilon"]).tolist()
    assert not np.any(own["epsilon"] == swapped["epsilon"])
    assert np.corrcoef(np.log(own["numax_uhz"]), np.log(swapped["numax_uhz"]))[0, 1] > 0.98
    excess = np.log(swapped["dnu_uhz"]) - 0.75 * np.log(swapped["numax_uhz"])
    rgb = stars["state"] == 2
    assert abs(np.corrcoef(excess[rgb], np.log(stars["mass_msun"][rgb]))[0, 1]) < 0.1


def test_donors_are_alike_and_nobody_is_its_own():
    random = np.random.default_rng(3)
    logg, teff = random.uniform(2, 3, 1000), random.normal(4800, 100, 1000)
    star = random.permutation(1000)
    donor = donors(teff, logg, 5, star)
    assert sorted(donor) == list(range(1000)) and not np.any(donor == np.arange(1000))
    assert np.abs(logg[donor] - logg).max() < 0.25
    assert np.median(np.abs(teff[donor] - teff)) < 30
    shuffled = random.permutation(1000)
    again = donors(teff[shuffled], logg[shuffled], 5, star[shuffled])
    np.testing.assert_array_equal(star[shuffled][again], star[donor][shuffled])


def test_a_star_without_a_like_one_keeps_its_spectrum_and_says_so():
    assert donors(np.array([4800.0]), np.array([2.5]), 1, np.array([0])).tolist() == [0]
    assert donors(np.array([4800.0, np.nan]), np.array([2.5, 2.5]), 1, np.arange(2)).tolist() == [
        0,
        1,
    ]
    lone = scaling(giants(1), 1, {"permuted_spectra": True})
    assert lone["seismic_flag"].tolist() == [FLAGS["no_donor"].mask]
    with pytest.raises(ValueError, match="group"):
        donors(np.ones(4), np.ones(4), 1, np.arange(4), group=1)


def test_photon_noise_goes_with_the_root_of_the_flux():
    bright, faint = noise_ppm(np.array(9.0)), noise_ppm(np.array(11.5))
    assert faint / bright == pytest.approx(10**0.5, rel=0.01)
    assert noise_ppm(np.array(12.057)) == pytest.approx(57.0, rel=0.05)
    assert electrons_per_cadence(np.array(12.057)) / 1625.35 == pytest.approx(2.2e5, rel=0.1)


def test_white_noise_density_times_its_bandwidth_is_the_variance():
    sigma = np.array([20.0, 57.0])
    np.testing.assert_allclose(white_noise_ppm2_uhz(sigma) * NYQUIST_UHZ, sigma**2)
    np.testing.assert_allclose(white_noise_ppm2_uhz(sigma), 2 * sigma**2 * 1765.46e-6, rtol=1e-3)
    np.testing.assert_allclose(scatter_ppm(white_noise_ppm2_uhz(sigma)), sigma)
