import numpy as np
import pytest
from astropy.table import Table

from starloom.sky import evolution, seismology
from starloom.sky.labels import seismic


@pytest.fixture(scope="module")
def kepler(stars, magnitudes):
    """The stars with their true seismology."""
    shape = {"state": evolution.state_codes(stars["state"])}
    shape["kepmag"] = seismic.kepler_magnitude(magnitudes)
    true = seismology.scaling(stars | shape, 3)
    return stars | {name: true[name].astype(float) for name in ("numax_uhz", "dnu_uhz")}


def _robust(values):
    return np.median(values), 1.4826 * np.median(np.abs(values - np.median(values)))


def _truth(kepler, star, name):
    return kepler[name][star]


def test_apokasc_errors_are_fractions_and_hold(kepler):
    table, star = seismic.apokasc2(kepler, 3)
    for ours, name in (("Nmax", "numax_uhz"), ("Dnu", "dnu_uhz")):
        true = _truth(kepler, star, name)
        pull = (table[ours] / true - 1.0) / table[f"e_{ours}"]
        np.testing.assert_allclose(_robust(pull), (0, 1), atol=0.12)
    # in uHz they would be far too small to hold
    assert np.median(table["e_Nmax"]) < 0.02 and np.median(table["Nmax"]) > 20
    burning = np.isin(_truth(kepler, star, "state"), ("red_clump", "secondary_clump"))
    np.testing.assert_array_equal(table["ES"] == "RC", burning)


def test_apokasc_masses_and_ages_lie_about_the_truth(kepler):
    table, star = seismic.apokasc2(kepler, 3)
    ratio = np.log(table["M_cor_"] / _truth(kepler, star, "mass_msun"))
    middle, width = _robust(ratio)
    assert abs(middle) < 0.015 and 0.03 < width < 0.10
    age = table["LogAge"] - 3.0 - np.log10(_truth(kepler, star, "age_gyr"))
    middle, width = _robust(age)
    assert abs(middle) < 0.02 and 0.05 < width < 0.15


def test_yu_errors_are_in_microhertz_and_hold(kepler, magnitudes):
    table, star = seismic.yu2018(kepler, magnitudes, 3)
    for ours, name in (("numax", "numax_uhz"), ("Delnu", "dnu_uhz")):
        pull = (table[ours] - _truth(kepler, star, name)) / table[f"e_{ours}"]
        np.testing.assert_allclose(_robust(pull), (0, 1), atol=0.12)
    assert set(np.unique(table["Phase"])) == {0, 1, 2}
    known = table["Phase"] > 0
    burning = np.isin(_truth(kepler, star, "state"), ("red_clump", "secondary_clump"))
    assert 0.9 < np.mean((table["Phase"] == 2)[known] == burning[known]) < 1.0


def test_yu_masses_fit_the_truth_with_the_correction_of_the_right_phase(kepler, magnitudes):
    table, star = seismic.yu2018(kepler, magnitudes, 3)
    true = _truth(kepler, star, "mass_msun")
    burning = np.isin(_truth(kepler, star, "state"), ("red_clump", "secondary_clump"))
    assert abs(np.median(np.log(table["RGBcorM"] / true)[~burning])) < 0.03
    assert abs(np.median(np.log(table["ClcorM"] / true)[burning])) < 0.03
    assert np.median(np.log(table["NoCorM"] / true)[~burning]) > 0.06


def test_miglio_bounds_bracket_and_are_not_errors(kepler, magnitudes):
    table, star = seismic.miglio2021(kepler, magnitudes, 3)
    for name, low, high in (("Age", "b_Age", "b_age_lc"), ("Mass", "b_Mass", "b_mass_lc")):
        known = np.isfinite(table[name])
        assert np.all(table[low][known] < table[name][known])
        assert np.all(table[high][known] > table[name][known])
    covered = (_truth(kepler, star, "mass_msun") > table["b_Mass"]) & (
        _truth(kepler, star, "mass_msun") < table["b_mass_lc"]
    )
    np.testing.assert_allclose(covered.mean(), 0.68, atol=0.06)
    np.testing.assert_array_equal(table["GalR"], _truth(kepler, star, "galactic_r_kpc"))


def test_tables_hold_kepler_stars_alone_and_overlap_in_part(kepler, magnitudes):
    tables = [
        seismic.apokasc2(kepler, 3)[1],
        seismic.yu2018(kepler, magnitudes, 3)[1],
        seismic.miglio2021(kepler, magnitudes, 3)[1],
    ]
    members = [np.isin(np.arange(len(kepler["star"])), star) for star in tables]
    for member in members:
        assert np.all(kepler["kepler"][member]) and 0.4 < member.sum() / kepler["kepler"].sum() < 1
    assert np.any(members[0] & ~members[1]) and np.any(members[0] & members[1] & members[2])


def test_rows_of_chunks_join_up(kepler, magnitudes):
    whole, star = seismic.apokasc2(kepler, 3)
    parts = []
    for which in (slice(0, 6001), slice(6001, None)):
        parts.append(seismic.apokasc2({n: v[which] for n, v in kepler.items()}, 3)[0])
    for name, values in whole.items():
        np.testing.assert_array_equal(values, np.concatenate([part[name] for part in parts]))
    again, _ = seismic.yu2018(kepler, magnitudes, 3)
    np.testing.assert_array_equal(again["numax"], seismic.yu2018(kepler, magnitudes, 3)[0]["numax"])
    assert len(star) == len(whole["KIC"])


def test_stars_without_seismology_are_refused_with_the_remedy(stars):
    with pytest.raises(KeyError, match="numax_uhz, dnu_uhz; add numax_uhz"):
        seismic.apokasc2(stars, 3)


def test_young_alpha_rich_stars_come_out_young(stars, kepler):
    gained = stars["kind"] == "young_alpha_rich"
    dressed = kepler | {"kepler": gained & np.isin(stars["state"], ("rgb", "red_clump"))}
    dressed["kic"] = dressed["star"]
    table, star = seismic.apokasc2(dressed, 3)
    assert np.median(10 ** (table["LogAge"] - 3)) < 0.6 * np.median(_truth(kepler, star, "age_gyr"))


@pytest.mark.real
def test_errors_are_of_the_size_of_the_published_ones(real, kepler, magnitudes):
    published = Table.read(real / "labels" / "apokasc2_ages.fits")
    ours, _ = seismic.apokasc2(kepler, 3)
    for state, name in ((1, "RGB"), (2, "RC")):
        theirs, mine = published["ES"] == state, ours["ES"] == name
        for column, their_column in (("e_Nmax", "Numax_err"), ("e_Dnu", "Deltanu_err")):
            ratio = np.median(ours[column][mine]) / np.median(published[their_column][theirs])
            assert 0.7 < ratio < 1.5
    published = Table.read(real / "labels" / "yu2018.fits")
    ours, _ = seismic.yu2018(kepler, magnitudes, 3)
    for phase in (1, 2):
        theirs, mine = published["Phase"] == phase, ours["Phase"] == phase
        for value, error in (("numax", "e_numax"), ("Delnu", "e_Delnu")):
            relative = [
                np.median(t[error][k] / t[value][k]) for t, k in ((ours, mine), (published, theirs))
            ]
            assert 0.6 < relative[0] / relative[1] < 1.6


@pytest.mark.real
def test_columns_of_the_tables_are_the_published_ones(real, kepler, magnitudes):
    yu, _ = seismic.yu2018(kepler, magnitudes, 3)
    assert set(yu) <= set(Table.read(real / "labels" / "yu2018.fits").colnames)
    miglio, _ = seismic.miglio2021(kepler, magnitudes, 3)
    assert set(miglio) <= set(Table.read(real / "labels" / "miglio2021.fits").colnames)
