"""Light curves: what is thrown out, and what a bad one gets."""

import numpy as np

from starloom.columns import POWER_FLAGS
from starloom.prepare.light_curves import clean_quarter, stitch


def _quarter(start, n=400, level=1e4, seed=0):
    random = np.random.default_rng(seed)
    time = start + 0.0204 * np.arange(n)
    flux = level * (1 + 1e-4 * random.normal(size=n))
    return {"time_day": time, "flux": flux, "quality": np.zeros(n, int)}


def test_nan_flagged_and_outlying_cadences_are_left_out_and_the_median_is_zero():
    one = _quarter(0.0)
    one["flux"][3], one["time_day"][5], one["flux"][7] = np.nan, np.nan, 2e4
    one["quality"][9] = 1 << 5
    one["quality"][11] = 1 << 13
    time, flux = clean_quarter(one["time_day"], one["flux"], one["quality"])
    gone = set(np.round(0.0204 * np.array([3, 5, 7, 9]), 4))
    assert not gone & set(np.round(time, 4)) and round(0.0204 * 11, 4) in np.round(time, 4)
    assert abs(np.median(flux)) < 5 and 80 < flux.std() < 120


def test_quarters_of_any_order_and_level_become_one_light_curve():
    quarters = [_quarter(90.0, level=3e3, seed=1), _quarter(0.0, level=9e3)]
    time, flux, flag = stitch(quarters)
    assert flag == 0 and (np.diff(time) > 0).all()
    early = time < 50
    assert abs(np.median(flux[early])) < 1e-6 and abs(np.median(flux[~early])) < 1e-6


def test_a_single_quarter_is_flagged_and_still_used():
    time, _, flag = stitch([_quarter(0.0)])
    assert len(time) > 390 and flag == POWER_FLAGS["single_quarter"].mask


def test_constant_flux_is_flagged():
    one = _quarter(0.0)
    one["flux"][:] = 5.0
    assert stitch([one])[2] & POWER_FLAGS["constant"].mask


def test_no_good_cadence_is_flagged_whatever_the_reason():
    no_star, excluded, short = _quarter(0.0), _quarter(0.0), _quarter(0.0, n=50)
    no_star["flux"][:] = np.nan
    excluded["quality"][:] = 2
    negative = _quarter(0.0, level=-3.0)
    for quarters in ([], [no_star], [excluded], [negative], [short]):
        assert stitch(quarters)[2] & POWER_FLAGS["no_good_cadence"].mask
