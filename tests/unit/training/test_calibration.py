"""Pulls, coverage and recalibration, against Gaussians whose width is known."""

import numpy as np
import pytest
from scipy.special import erf

from starloom.training.calibration import (
    bootstrap_error,
    coverage,
    likelihood_scale,
    pulls,
    width,
)

RNG = np.random.default_rng(3)
TRUTH = RNG.normal(size=40_000)
SIGMA = RNG.uniform(0.1, 0.5, TRUTH.size)
SEEN = TRUTH + SIGMA * RNG.normal(size=TRUTH.size)


def test_honest_errors_have_unit_pulls_and_the_coverage_of_a_gaussian():
    found = pulls(SEEN, SIGMA, TRUTH)
    assert width(found) == pytest.approx(1.0, abs=0.02)
    levels = (0.5, 0.68, 0.95)
    np.testing.assert_allclose(coverage(found, levels), levels, atol=0.01)
    assert coverage(found, (erf(2**-0.5),))[0] == pytest.approx(
        np.mean(np.abs(found) < 1), abs=1e-9
    )


def test_the_error_of_the_reference_counts():
    noisy = TRUTH + 0.3 * RNG.normal(size=TRUTH.size)
    assert width(pulls(SEEN, SIGMA, noisy, 0.3)) == pytest.approx(1.0, abs=0.02)
    assert width(pulls(SEEN, SIGMA, noisy)) > 1.2


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("other", [0.0, 0.2])
def test_the_factor_that_was_taken_out_is_found_again(factor, other):
    reference = TRUTH + other * RNG.normal(size=TRUTH.size)
    found = likelihood_scale(SEEN - reference, (SIGMA / factor) ** 2, other**2)
    assert found == pytest.approx(factor, rel=0.03)


def test_nan_is_left_out_and_too_few_stars_are_refused():
    gap = np.where(np.arange(TRUTH.size) < 100, np.nan, SEEN)
    assert likelihood_scale(gap - TRUTH, SIGMA**2) == pytest.approx(1.0, rel=0.03)
    with pytest.raises(ValueError, match="3 stars with a prediction"):
        likelihood_scale(np.ones(3), np.ones(3))


def test_the_error_of_a_mean_is_that_of_the_central_limit():
    values = RNG.normal(size=900)
    found = bootstrap_error(np.mean, values, seed=1, draws=500)
    assert found == pytest.approx(values.std() / 30, rel=0.12)
    assert found == bootstrap_error(np.mean, values, seed=1, draws=500)
