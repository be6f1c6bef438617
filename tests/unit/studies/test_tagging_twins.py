"""Exact twin ranking, doppelgangers of observed giants, siblings of clusters."""

import numpy as np
import pytest

from starloom.studies.tagging import clusters, observed, twins
from starloom.studies.tagging.spectra import Spectra


@pytest.mark.parametrize("metric", twins.METRICS)
@pytest.mark.parametrize("n_star", [3, 700, 5000])
def test_ranks_are_those_of_all_distances_in_double_precision(metric, n_star):
    rng = np.random.default_rng(n_star)
    z = (rng.normal(size=(n_star, 7)) + 40).astype(np.float32)
    rows = rng.permutation(n_star)[:300]
    partner = (rows + 1) % n_star
    found = twins.ranks(z, rows, partner, metric)
    for row, other, count in zip(rows, partner, found, strict=True):
        offset = np.abs(z.astype(float) - z[row].astype(float))
        distance = offset.sum(axis=1) if metric == "manhattan" else (offset**2).sum(axis=1)
        nearer = np.flatnonzero(distance < distance[other])
        assert count == len(nearer[nearer != row])


def test_ties_and_copies_of_a_star_do_not_confuse_the_ranking():
    z = np.zeros((6, 2))
    z[4], z[5] = (1, 0), (1, 0)
    assert twins.ranks(z, np.array([0]), np.array([1])).tolist() == [0]
    assert twins.ranks(z, np.array([0]), np.array([4])).tolist() == [3]
    # So close that float32 sees no difference.
    z = np.array([[1000.0, 0], [1000.0, 2e-4], [1000.0, 1e-4], [0, 0]])
    assert twins.ranks(z, np.array([0]), np.array([1])).tolist() == [1]


def test_nearest_stars_are_those_of_all_distances_nearest_first():
    z = np.random.default_rng(3).normal(size=(5000, 5))
    rows, distance = twins.nearest(z, 4)
    for star in (0, 17, 4999):
        apart = np.sqrt(((z - z[star]) ** 2).sum(axis=1))
        apart[star] = np.inf
        np.testing.assert_array_equal(rows[star], np.argsort(apart)[:4])
        np.testing.assert_allclose(distance[star], np.sort(apart)[:4], rtol=1e-6)
    assert twins.nearest(z[:3], 10)[0].shape == (3, 2)


def test_a_latent_that_is_not_finite_is_named():
    z = np.zeros((4, 2))
    z[2] = np.nan
    with pytest.raises(ValueError, match=r"1 stars have latents that are not finite.* row 2"):
        twins.nearest(z, 1)
    with pytest.raises(ValueError, match="metric 'cosine'"):
        twins.ranks(np.zeros((4, 2)), np.array([0]), np.array([1]), "cosine")


def test_stars_outside_the_range_get_and_are_no_doppelgangers():
    z = np.array([[0.0], [1.0], [1.5], [np.nan], [0.1]])
    outside = np.array([False, False, False, False, True])
    found = observed.doppelgangers(np.arange(10, 15), z, outside, 3)
    assert found["doppelganger_1"].tolist() == [11, 12, 11, -1, -1]
    np.testing.assert_allclose(found["distance_2"][:2], [1.5, 1.0])
    assert (found["doppelganger_3"] == -1).all()
    with pytest.raises(ValueError, match="nobody to compare with"):
        observed.doppelgangers(np.arange(2), np.full((2, 1), np.nan), np.zeros(2, bool), 1)


def test_giants_are_counted_by_why_they_are_left_out_and_the_best_spectrum_is_kept():
    stars = {
        "source_id": np.array([1, 2, 3, 4, 5]),
        "teff": np.array([4500.0, 6000.0, 4500.0, 4500.0, np.nan]),
        "logg": np.array([2.0, 2.0, 2.0, 2.0, 2.0]),
        "snrev": np.array([200.0, 200.0, 10.0, 200.0, 200.0]),
    }
    flux = np.ones((6, 8), np.float32)
    error = np.full((6, 8), 0.01, np.float32)
    error[3, 1:] = np.inf
    spectra = {"source_id": np.array([1, 2, 3, 4, 5, 99]), "flux": flux, "error": error}
    cuts = {"remove": ["teff", "logg"], "teff": (4000, 5000), "logg": (1, 3), "least_snr": 50}
    part = observed.giants(spectra, stars, **cuts, size=2, runs=(8,))
    source_id, read, labels, lost = observed.gathered([part, part])
    assert source_id.tolist() == [1]
    assert labels["teff"].tolist() == [4500.0]
    np.testing.assert_allclose(read.weight, 2e4, rtol=1e-5)
    assert lost == {"no_labels": 4, "teff": 2, "logg": 0, "snr": 2, "pixels": 2,
                    "second_spectrum": 1}  # fmt: skip
    assert isinstance(read, Spectra)
    with pytest.raises(ValueError, match="no giant"):
        observed.gathered([observed.giants(spectra, stars, **cuts | {"least_snr": 999},
                                           size=2, runs=(8,))])  # fmt: skip


def test_siblings_near_each_other_stand_out_and_random_groups_do_not():
    rng = np.random.default_rng(0)
    cluster = np.full(600, -1)
    cluster[:40] = np.repeat(np.arange(10), 4)
    z = rng.normal(size=(600, 6))
    near = z.copy()
    near[:40] = np.repeat(rng.normal(size=(10, 6)), 4, axis=0) + 0.1 * rng.normal(size=(40, 6))
    found = clusters.statistics(near, cluster, 1)
    assert found["rank_sigma"]["value"] > 5
    assert found["auc"]["value"] > 0.97
    assert found["hits"]["value"] > 20
    chance = clusters.statistics(z, cluster, 1)
    assert abs(chance["rank_sigma"]["value"]) < 3
    assert abs(chance["auc"]["value"] - 0.5) < 0.1
    assert clusters.statistics(z, np.arange(600), 1) == {}


def test_membership_is_looked_up_by_identifier():
    truth = {"source_id": np.array([5, 1, 9]), "cluster": np.array([2, -1, 0])}
    assert clusters.membership(np.array([9, 5]), truth).tolist() == [0, 2]
    with pytest.raises(ValueError, match="of another sky"):
        clusters.membership(np.array([7]), truth)
