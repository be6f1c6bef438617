import numpy as np
import pytest
from scipy import stats

from starloom.sky.draws import Draws

STAR = np.arange(40_000)


def test_numbers_belong_to_the_star_in_whatever_order_and_company_it_comes():
    whole = Draws(7, STAR).normal("teff")
    some = np.array([31_999, 5, 5, 0, 12_345])
    np.testing.assert_array_equal(Draws(7, some).normal("teff"), whole[some])


def test_uniform_numbers_pass_a_test_against_the_uniform_distribution():
    assert stats.kstest(Draws(1, STAR).uniform("a"), "uniform").pvalue > 1e-3
    assert stats.kstest(Draws(1, STAR).normal("b", 3.0, 2.0), "norm", (3.0, 2.0)).pvalue > 1e-3
    assert stats.kstest(Draws(1, STAR).exponential("c"), "expon").pvalue > 1e-3


def test_names_seeds_and_neighbouring_stars_are_uncorrelated():
    columns = [Draws(1, STAR).normal("a"), Draws(1, STAR).normal("b"), Draws(2, STAR).normal("a")]
    columns.append(np.roll(columns[0], 1))
    correlation = np.corrcoef(columns) - np.eye(4)
    assert np.abs(correlation).max() < 4.5 / np.sqrt(len(STAR))


def test_known_values_keep_the_sky_the_same_from_release_to_release():
    drawn = Draws(42, np.array([0, 1, 10**9])).uniform("age")
    np.testing.assert_allclose(
        drawn, [0.46067802609110003, 0.755564490355221, 0.31440702206132026], rtol=1e-12
    )


def test_poisson_counts_have_the_probabilities_of_the_formula():
    counts = Draws(3, STAR).poisson("n", 0.7)
    share = np.bincount(counts, minlength=6)[:6] / len(STAR)
    np.testing.assert_allclose(share, stats.poisson(0.7).pmf(np.arange(6)), atol=0.008)


def test_choices_follow_their_weights():
    share = np.bincount(Draws(3, STAR).choice("c", [1.0, 3.0, 6.0])) / len(STAR)
    np.testing.assert_allclose(share, [0.1, 0.3, 0.6], atol=0.01)


@pytest.mark.parametrize("star", [np.array([-1, 2]), np.array([0.5, 1.0])])
def test_star_indices_that_are_negative_or_broken_are_refused(star):
    with pytest.raises(ValueError, match="star indices must be integers"):
        Draws(1, star)
