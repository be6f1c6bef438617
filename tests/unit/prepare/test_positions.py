import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from hypothesis import given, settings
from hypothesis import strategies as st

from starloom.prepare.positions import (
    LOST,
    MATCHED,
    NO_CANDIDATE,
    NO_POSITION,
    carry,
    close_pairs_in_motion,
    displace,
    match_one_to_one,
)

ARCSEC = 1 / 3600


def random_sky(n, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))


@pytest.mark.filterwarnings("ignore:ERFA function")
def test_carrying_agrees_with_astropy_all_over_the_sky_and_at_the_poles():
    ra, dec = random_sky(300)
    dec[:4] = [89.9999, -89.9999, 89.9999999, 0.0]
    pmra, pmdec = np.random.default_rng(1).normal(0, 3000, (2, 300))
    got_ra, got_dec, still = carry(ra, dec, pmra, pmdec, 2016.0, 1999.5)
    start = SkyCoord(
        ra * u.deg, dec * u.deg, distance=1e6 * u.pc, obstime=Time(2016.0, format="jyear"),
        pm_ra_cosdec=pmra * u.mas / u.yr, pm_dec=pmdec * u.mas / u.yr,
        radial_velocity=np.zeros(300) * u.km / u.s,
    )  # fmt: skip
    there = start.apply_space_motion(new_obstime=Time(1999.5, format="jyear"))
    off = there.separation(SkyCoord(got_ra, got_dec, unit="deg")).to_value(u.mas)
    assert off.max() < 0.2 and not still.any()
    assert np.all((got_ra >= 0) & (got_ra < 360))


def test_a_star_without_proper_motion_stays_and_is_flagged():
    ra, dec, still = carry(
        np.array([10.0, 20.0]), np.array([5.0, -5.0]), np.array([np.nan, 100.0]),
        np.array([3.0, 0.0]), 2016.0, 2000.0,
    )  # fmt: skip
    np.testing.assert_array_equal(still, [True, False])
    np.testing.assert_allclose([ra[0], dec[0]], [10.0, 5.0], rtol=1e-14)
    assert ra[1] != 20.0


def test_a_shift_has_the_length_and_direction_asked_for():
    ra, dec = random_sky(100, 3)
    start = SkyCoord(ra, dec, unit="deg")
    moved = SkyCoord(*displace(ra, dec, 3.0, 4.0), unit="deg")
    np.testing.assert_allclose(start.separation(moved).arcsec, 5.0, rtol=1e-6)
    far = np.abs(dec) < 85
    angle = start.position_angle(moved).rad[far]
    np.testing.assert_allclose(angle, np.arctan2(3, 4), atol=1e-3)


def test_nearest_wins_and_the_loser_does_not_take_its_second_best():
    ra1, dec1 = np.array([10.0, 10.0, 50.0]), np.array([0.0, 0.6 * ARCSEC, 0.0])
    ra2, dec2 = np.array([10.0, 10.0]), np.array([0.1 * ARCSEC, 1.4 * ARCSEC])
    match = match_one_to_one(ra1, dec1, ra2, dec2, 1.0)
    np.testing.assert_array_equal(match.row, [0, -1, -1])
    np.testing.assert_array_equal(match.outcome, [MATCHED, LOST, NO_CANDIDATE])
    np.testing.assert_array_equal(match.candidates, [1, 2, 0])
    np.testing.assert_allclose(match.separation_arcsec, [0.1, np.nan, np.nan], rtol=1e-6)


def test_equal_separations_go_to_the_lowest_rows():
    ra, dec = np.full(3, 120.0), np.full(3, 89.99)
    match = match_one_to_one(ra, dec, ra[:2], dec[:2], 1.0)
    np.testing.assert_array_equal(match.row, [0, -1, -1])
    np.testing.assert_array_equal(match.outcome, [MATCHED, LOST, LOST])


def test_rows_without_a_position_match_nothing_and_are_counted():
    ra1 = np.array([np.nan, 10.0, 10.0])
    match = match_one_to_one(
        ra1, np.array([0.0, 0.0, np.inf]), np.array([10.0, np.nan]), np.zeros(2), 1.0
    )
    np.testing.assert_array_equal(match.outcome, [NO_POSITION, MATCHED, NO_POSITION])
    assert match.counts() == {
        "matched": 1, "no_candidate": 0, "lost_to_closer": 0, "no_position": 2,
    }  # fmt: skip


def test_empty_catalogues_match_nothing():
    none = np.zeros(0)
    assert len(match_one_to_one(none, none, np.ones(3), np.ones(3), 1.0).row) == 0
    match = match_one_to_one(np.ones(3), np.ones(3), none, none, 1.0)
    np.testing.assert_array_equal(match.outcome, NO_CANDIDATE)


def test_a_radius_of_zero_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        match_one_to_one(np.ones(1), np.ones(1), np.ones(1), np.ones(1), 0.0)


def test_pairs_are_found_at_each_row_s_own_epoch():
    ra1, dec1 = np.array([30.0, 200.0, 300.0]), np.array([60.0, -30.0, 0.0])
    pmra, pmdec = np.array([5000.0, -80.0, np.nan]), np.array([-9000.0, 30.0, np.nan])
    epoch2 = np.array([1997.5, 2001.0, 1999.0])
    ra2, dec2, _ = carry(ra1, dec1, pmra, pmdec, 2016.0, epoch2)
    order = np.array([2, 0, 1])
    one, two, separation = close_pairs_in_motion(
        ra1, dec1, pmra, pmdec, 2016.0, ra2[order], dec2[order], epoch2[order], 0.5
    )
    assert sorted(zip(one.tolist(), two.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 0)]
    assert separation.max() < 1e-6


points = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)) | st.none(), min_size=0, max_size=14
)


@settings(max_examples=120, deadline=None)
@given(points, points)
def test_matches_are_mutual_unique_and_account_for_every_row(first, second):
    def sky(grid):
        cells = np.array([(np.nan, np.nan) if p is None else p for p in grid]).reshape(-1, 2)
        return 40.0 + cells[:, 0] * 0.3 * ARCSEC, cells[:, 1] * 0.3 * ARCSEC

    match = match_one_to_one(*sky(first), *sky(second), 1.0)
    assert sum(match.counts().values()) == len(first)
    used = match.row[match.row >= 0].tolist()
    assert len(used) == len(set(used)) == match.counts()["matched"]
    distance = _brute_force(sky(first), sky(second), 1.0)
    for i, row in enumerate(match.row.tolist()):
        for (one, two), d in distance.items():
            rivals = [e for (a, b), e in distance.items() if (a == one) != (b == two)]
            if one == i and d < min(rivals, default=np.inf) - 1e-6:
                assert row == two
            if one == i and row == two:
                assert d <= min(rivals, default=np.inf) + 1e-6


def _brute_force(first, second, radius):
    """Separations [arcsec] of all pairs within the radius, near the equator."""
    pairs = {}
    for i, (ra1, dec1) in enumerate(zip(*first, strict=True)):
        for j, (ra2, dec2) in enumerate(zip(*second, strict=True)):
            d = np.hypot(ra1 - ra2, dec1 - dec2) * 3600
            if d <= radius + 1e-6:
                pairs[i, j] = d
    return pairs
