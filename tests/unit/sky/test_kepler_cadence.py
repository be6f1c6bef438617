from itertools import pairwise

import numpy as np
import pytest

from starloom.sky.kepler_cadence import (
    BITS,
    CADENCE_DAYS,
    FIRST_CADENCE,
    bkjd,
    cadence_mjd,
    cadences,
    mission_quality,
    observed_quarters,
    place,
    quarters,
    time_correction_days,
)


def test_there_are_eighteen_quarters_in_order_without_overlap():
    found = quarters()
    assert [q.quarter for q in found] == list(range(18))
    assert found[0].stamp == "2009131105131" and found[17].stamp == "2013131215648"
    ends = [(q.first_cadence, q.last_cadence) for q in found]
    assert all(a[1] < b[0] for a, b in pairwise(ends))
    assert [q.season for q in found[2:6]] == [0, 1, 2, 3]


def test_cadences_are_half_hours_from_may_2009_to_may_2013():
    mjd = cadence_mjd(cadences())
    assert np.all(np.diff(mjd) == pytest.approx(CADENCE_DAYS))
    assert CADENCE_DAYS * 1440 == pytest.approx(29.4244, abs=1e-4)
    assert mjd[0] == pytest.approx(54953.038152, abs=1e-4)
    assert mjd[-1] == pytest.approx(56423.501152, abs=1e-4)
    assert bkjd(FIRST_CADENCE) == pytest.approx(120.5392, abs=2e-3)


def test_barycentric_times_lead_and_lag_by_minutes_once_an_orbit():
    late = time_correction_days(cadences()) * 86400
    assert 260 < late.max() < 285 and -135 < late.min() < -115
    assert abs(np.diff(bkjd(cadences())) - CADENCE_DAYS).max() * 86400 < 0.1


def test_a_star_turns_round_the_focal_plane_with_the_seasons():
    assert [place(22, season) for season in (2, 3, 0, 1)] == [
        (8, 2, 22),
        (12, 2, 38),
        (18, 2, 62),
        (14, 2, 46),
    ]


@pytest.mark.parametrize("season", range(4))
def test_every_channel_is_taken_by_one_sky_group(season):
    assert sorted(place(group, season)[2] for group in range(1, 85)) == list(range(1, 85))


def test_stars_of_the_lost_module_miss_every_fourth_quarter_after_q4():
    lost = [g for g in range(1, 85) if any(place(g, s)[0] == 3 for s in range(4))]
    assert len(lost) == 16
    group = next(g for g in lost if place(g, 2)[0] == 3)
    seen = observed_quarters(group)
    assert [q.quarter for q in seen] == [q for q in range(18) if q not in (8, 12, 16)]
    assert seen[4].stamp == "2010009091648" and seen[4].last_cadence < quarters()[4].last_cadence
    other = next(g for g in range(1, 85) if g not in lost)
    assert len(observed_quarters(other)) == 18


def test_gaps_are_contiguous_and_a_few_per_cent_of_the_mission():
    quality = mission_quality(1)
    ends = [(q.first_cadence - FIRST_CADENCE, q.last_cadence - FIRST_CADENCE) for q in quarters()]
    inside = np.concatenate([quality[first : last + 1] for first, last in ends])
    lost = inside & BITS["no_data"] > 0
    assert 0.03 < lost.mean() < 0.06
    starts = np.count_nonzero(lost[1:] & ~lost[:-1])
    assert 25 < starts < 50
    assert np.count_nonzero(lost) / starts > 40


def test_monthly_earth_points_and_desaturations_every_three_days():
    quality = mission_quality(1)
    third = quarters()[3]
    here = quality[third.first_cadence - FIRST_CADENCE : third.last_cadence + 1 - FIRST_CADENCE]
    wheels = np.flatnonzero(here & BITS["desaturation"])
    assert set(np.diff(wheels)) <= {146, 292}
    assert 146 * CADENCE_DAYS == pytest.approx(2.98, abs=0.01)
    points = here & BITS["earth_point"] > 0
    assert 2 == np.count_nonzero(points[1:] & ~points[:-1])
    assert not np.any(here & BITS["desaturation"] & (here & BITS["no_data"]))


def test_dated_events_do_not_depend_on_the_seed_but_flashes_do():
    dated = BITS["no_data"] | BITS["safe_mode"] | BITS["earth_point"] | BITS["desaturation"]
    one, two = mission_quality(1), mission_quality(2)
    np.testing.assert_array_equal(one & dated, two & dated)
    flash = BITS["argabrightening"]
    assert np.any((one & flash) != (two & flash))
    assert np.mean(one & flash > 0) == pytest.approx(1.2e-3, rel=0.5)
    with pytest.raises(ValueError, match="read-only"):
        one[0] = 1
