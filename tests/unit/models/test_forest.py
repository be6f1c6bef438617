"""The forest that knows errors: against plain averages, and what it says of its errors."""

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

from starloom.models.forest import from_arrays, grow, predict, to_arrays
from starloom.models.quadratic import fit_quadratic, value


def _stars(n_star=600, noise=0.1, seed=0):
    random = np.random.default_rng(seed)
    inputs = random.uniform(-1, 1, size=(n_star, 3))
    truth = np.sin(3 * inputs[:, 0]) + inputs[:, 1]
    return inputs, truth + noise * random.normal(size=n_star), truth


def test_a_forest_without_errors_is_as_good_as_scikit_learns():
    inputs, target, _ = _stars()
    new, _, truth = _stars(seed=1)
    ours = predict(grow(inputs, target, seed=0), new)[0]
    peer = RandomForestRegressor(100, min_samples_leaf=5, random_state=0).fit(inputs, target)
    assert np.std(ours - truth) < 1.1 * np.std(peer.predict(new) - truth)


def test_the_correction_takes_the_slope_out_of_the_residuals():
    inputs, target, _ = _stars(noise=0.5)
    new, _, truth = _stars(n_star=4000, seed=1)
    forest = grow(inputs, target, seed=0, leaf=40)
    found, _ = predict(forest, new)
    plain = (found - forest.offset) / forest.slope
    assert forest.slope > 1.03
    slope = [np.polyfit(values, truth, 1)[0] for values in (plain, found)]
    assert abs(slope[1] - 1) < 0.6 * abs(slope[0] - 1)


def test_errors_of_inputs_and_targets_widen_the_spread_of_the_trees():
    inputs, target, _ = _stars()
    spreads = [
        predict(grow(inputs, target, seed=0, **errors), inputs)[1].mean()
        for errors in (
            {},
            {"input_sigma": np.full(inputs.shape, 0.15)},
            {"target_sigma": np.full(len(target), 0.3)},
        )
    ]
    assert spreads[1] > 1.1 * spreads[0] and spreads[2] > 1.3 * spreads[0]


def test_weights_are_inverse_variances():
    """Two kinds of stars at the same place: the mean leans to the precise ones."""
    inputs = np.zeros((400, 1))
    target = np.repeat([0.0, 1.0], 200)
    sigma = np.repeat([0.01, 0.02], 200)
    found, _ = predict(grow(inputs, target, seed=0, target_sigma=sigma), inputs[:1])
    assert found[0] == pytest.approx(0.2, abs=0.02)


def test_a_forest_survives_as_plain_arrays():
    inputs, target, _ = _stars(200)
    forest = grow(inputs, target, seed=3, trees=7)
    arrays = to_arrays(forest)
    assert all(values.dtype.kind in "iufb" for values in arrays.values())
    again = from_arrays(arrays)
    for one, other in zip(predict(forest, inputs), predict(again, inputs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_seed_gives_the_same_forest_and_another_another():
    inputs, target, _ = _stars(100)
    first, again, other = (predict(grow(inputs, target, seed=s), inputs)[0] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_star_with_a_nan_gets_nan_and_stops_no_other():
    inputs, target, _ = _stars(100)
    forest = grow(inputs, target, seed=0)
    new = inputs[:3].copy()
    new[1, 2] = np.nan
    found, sigma = predict(forest, new)
    assert np.isnan(found).tolist() == np.isnan(sigma).tolist() == [False, True, False]


def test_what_cannot_be_learnt_from_is_refused_with_its_count():
    inputs, target, _ = _stars(100)
    inputs[[3, 5], 0] = np.nan
    with pytest.raises(ValueError, match="100 stars, 2 of them"):
        grow(inputs, target, seed=0)
    with pytest.raises(ValueError, match="takes 3 a star"):
        predict(grow(*_stars(50)[:2], seed=0), np.zeros((4, 2)))


def test_a_form_that_leads_finds_a_slope_across_the_inputs_with_few_stars():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(500, 6))
    truth = inputs.sum(axis=1) + 0.3 * inputs[:, 0] * inputs[:, 1]
    old, new = slice(0, 300), slice(300, 500)
    target = truth + 0.2 * random.normal(size=500)
    plain, led = (grow(inputs[old], target[old], seed=0, lead=lead) for lead in (False, True))
    errors = [np.std(predict(forest, inputs[new])[0] - truth[new]) for forest in (plain, led)]
    assert errors[1] < 0.5 * errors[0]
    again = from_arrays(to_arrays(led))
    np.testing.assert_array_equal(predict(again, inputs[new]), predict(led, inputs[new]))


def test_a_form_of_few_stars_is_linear_or_a_mean():
    random = np.random.default_rng(1)
    inputs = random.normal(size=(60, 3))
    weight = random.uniform(0.5, 2, 60)
    target = inputs @ [1.0, -2.0, 0.5] + 3
    few = fit_quadratic(inputs, target, weight)
    assert len(few.terms) == 4
    np.testing.assert_allclose(value(few, inputs), target, atol=0.02)
    one = fit_quadratic(inputs[:20], target[:20], weight[:20])
    np.testing.assert_allclose(value(one, inputs), np.average(target[:20], weights=weight[:20]))
