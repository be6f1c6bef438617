import numpy as np
import pytest

from starloom.prepare.crossmatch import crossmatch
from starloom.prepare.match_quality import chance_matches, false_match_rate, profile, score
from starloom.prepare.positions import displace, match_one_to_one

SIDE = 0.5


def field(n, seed):
    """Random positions [deg] in a square at the equator."""
    return np.random.default_rng(seed).uniform(0, SIDE, (2, n))


def test_the_false_match_rate_of_a_random_sky_is_its_surface_density():
    n, radius = 4000, 3.0
    found = false_match_rate(*field(n, 8), *field(n, 9), radius)
    expected = n / (SIDE * 3600) ** 2 * np.pi * radius**2
    # Both catalogues end at the same edges, and a shift leaves 1 % of the square.
    assert abs(found.rate - expected) < 5 * found.error + 0.05 * expected
    assert found.shifts == 8


def test_expected_false_pairs_are_close_to_those_there_are():
    ra, dec = field(4000, 10)
    own = displace(ra[:2000], dec[:2000], *np.random.default_rng(1).normal(0, 0.1, (2, 2000)))
    strangers = field(2000, 11)
    ra2, dec2 = (np.append(a, b) for a, b in zip(own, strangers, strict=True))
    row = match_one_to_one(ra, dec, ra2, dec2, 3.0).row
    truth = np.where(np.arange(4000) < 2000, np.arange(4000), -1)
    result = score(np.arange(4000), row, truth)
    assert result["right"] + result["missed"] == 2000 and result["completeness"] > 0.95
    rate = false_match_rate(ra, dec, ra2, dec2, 3.0)
    expected = rate.expected(int(np.sum(row >= 0)), 4000)
    assert result["wrong"] - 5 * np.sqrt(expected) < expected < 3 * result["wrong"]


def test_no_false_pairs_are_expected_where_all_rows_match():
    ra, dec = field(300, 12)
    rate = false_match_rate(ra, dec, ra, dec, 1.0)
    assert rate.expected(300, 300) == 0
    assert rate.expected(0, 300) == 0


def test_the_rates_of_a_cross_match_are_those_of_its_surveys():
    ra, dec = field(3000, 13)
    still = np.zeros(3000)
    gaia = {"source_id": np.arange(1, 3001), "ra": ra, "dec": dec, "pmra": still, "pmdec": still}
    ra2, dec2 = field(4000, 14)
    half = np.where(np.arange(4000) < 2000, "AAA", "UUU")
    twomass = {"ra": ra2, "dec": dec2, "ph_qual": half}
    unwise = {"ra": ra2, "dec": dec2}
    options = {"twomass_radius_arcsec": 3.0}
    rates = chance_matches(gaia, options, twomass=twomass, unwise=unwise, kepler=None)
    assert set(rates) == {"twomass", "unwise"}
    for survey, n_row, radius in (("twomass", 2000, 3.0), ("unwise", 4000, 1.0)):
        expected = n_row / (SIDE * 3600) ** 2 * np.pi * radius**2
        assert abs(rates[survey].rate - expected) < 5 * rates[survey].error + 0.05 * expected
    _, counts = crossmatch(gaia, twomass=twomass, options={"twomass_radius_arcsec": 3.0})
    matched = counts["twomass"]["sources"]["matched"]
    assert abs(matched / 3000 - rates["twomass"].rate) < 5 * np.sqrt(matched) / 3000
    neighbours = twomass | {"source_id": np.arange(4000)}
    assert chance_matches(gaia, twomass=neighbours) == {}


def test_the_profile_of_pairs_is_their_scatter_over_the_surface_density():
    ra, dec = field(4000, 15)
    own = displace(ra, dec, *np.random.default_rng(2).normal(0, 0.2, (2, 4000)))
    strangers = field(6000, 16)
    ra2, dec2 = (np.append(a, b) for a, b in zip(own, strangers, strict=True))
    edges = np.linspace(0, 3, 16)
    found = profile(ra, dec, ra2, dec2, edges)
    density = 6000 / (SIDE * 3600) ** 2
    cells = np.pi * np.diff(edges**2)
    # Others' counterparts are strangers too, and a shift leaves 1 % of the square.
    assert np.sum(found["chance"] * cells) == pytest.approx(9 * np.pi * density * 10 / 6, rel=0.1)
    within = np.cumsum((found["pairs"] - found["chance"]) * cells)
    expected = 1 - np.exp(-0.5 * (found["radius_arcsec"] / 0.2) ** 2)
    np.testing.assert_allclose(within, expected, atol=0.02)


def test_shifts_shorter_than_two_radii_are_refused():
    one = np.ones(2)
    with pytest.raises(ValueError, match="at least twice"):
        false_match_rate(one, one, one, one, 1.0, distances_arcsec=(1.5,))


def test_the_score_counts_right_wrong_and_missed():
    ids = 10**18 + np.arange(5)
    whose = np.array([ids[0], ids[1], ids[2], -1, ids[0]])
    result = score(ids, np.array([4, 3, -1, 2, -1]), whose)
    assert (result["right"], result["wrong"], result["missed"]) == (1, 2, 2)
    assert (result["completeness"], result["purity"]) == (1 / 3, 1 / 3)
    nothing = score(ids, np.full(5, -1), np.full(5, -1))
    assert np.isnan(nothing["completeness"]) and np.isnan(nothing["purity"])
