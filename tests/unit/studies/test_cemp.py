"""The study of CEMP populations on samples whose answer is known."""

import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.stats import energy_distance
from sklearn.cluster import HDBSCAN

from starloom.studies.cemp import candidates, distinct, populations, truth
from starloom.studies.cemp.numbers import numbers
from starloom.studies.cemp.vote import class_of, vote


@pytest.fixture(scope="module")
def islands():
    """Three islands of 80 stars in four dimensions and 40 stars between; the true island."""
    rng = np.random.default_rng(5)
    middle = np.array([[0, 0, 0, 0], [6, 0, 0, 0], [0, 6, 3, 0.0]])
    stars = [centre + 0.5 * rng.normal(size=(80, 4)) for centre in middle]
    z = np.concatenate([*stars, rng.uniform(-3, 9, (40, 4))])
    return z, np.repeat([0, 1, 2, -1], [80, 80, 80, 40])


def test_confirmed_stars_need_carbon_few_metals_and_good_labels():
    stars = {
        "c_fe": np.array([0.71, 0.70, 2.0, 2.0, np.nan, 2.0]),
        "fe_h": np.array([-1.01, -2.0, -1.0, -3.0, -3.0, np.nan]),
        "aspcapflag": np.array([0.0, 0.0, 0.0, 2.0**23, 0.0, np.nan]),
    }
    positive, judged = candidates.confirmed(stars)
    assert positive.tolist() == [True, False, False, False, False, False]
    assert judged.tolist() == [True, True, True, False, False, False]


def test_trees_find_the_rare_class_and_refuse_a_sample_without_it():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 5))
    positive = x[:, 0] + x[:, 1] > 2.7
    settings = {"trees": 50, "depth": 3, "learning_rate": 0.2}
    trees = candidates.train(x[:1000], positive[:1000], settings, seed=3)
    probability = trees.predict_proba(x[1000:])[:, 1]
    found = candidates.scores(probability, positive[1000:], 0.5)
    assert found["roc_auc"] > 0.97
    assert found["confirmed"] == positive[1000:].sum()
    assert found["hits"] <= found["chosen"]
    again = candidates.train(x[:1000], positive[:1000], settings, seed=3)
    np.testing.assert_array_equal(again.predict_proba(x[1000:])[:, 1], probability)
    with pytest.raises(ValueError, match="0 of 10 labelled training stars are confirmed"):
        candidates.train(x[:10], np.zeros(10, bool), settings, seed=3)


@pytest.mark.parametrize(
    ("rule", "value", "chosen"),
    [("probability", 0.35, 4), ("share", 0.5, 3), ("completeness", 0.6, 5), ("completeness", 1, 6)],
)
def test_each_rule_of_the_threshold_chooses_what_it_says(rule, value, chosen):
    probability = np.array([0.9, 0.8, 0.5, 0.4, 0.3, 0.1, np.nan])
    known = np.array([True, False, False, False, True, True, True])
    lowest = candidates.threshold(probability, known, rule, value)
    assert (probability >= lowest).sum() == chosen


def test_a_threshold_without_stars_to_set_it_by_is_refused():
    nothing = np.zeros(2, bool)
    with pytest.raises(ValueError, match="no star has a readable"):
        candidates.threshold(np.full(2, np.nan), nothing, "share", 0.5)
    with pytest.raises(ValueError, match="needs confirmed validation stars"):
        candidates.threshold(np.ones(2), nothing, "completeness", 0.9)
    with pytest.raises(ValueError, match="rule 'luck'"):
        candidates.threshold(np.ones(2), nothing, "luck", 0.9)


def test_unknown_and_repeated_sources_of_a_list_are_counted_and_an_empty_one_is_refused():
    chosen, counts = candidates.listed(np.array([30, 10, 10, 99]), np.array([10, 20, 30]))
    assert chosen.tolist() == [True, False, True]
    assert counts == {"listed": 4, "repeated": 1, "unknown": 1}
    for ids in ([], [7, 8]):
        with pytest.raises(ValueError, match="no candidate"):
            candidates.listed(np.array(ids, np.int64), np.array([10, 20]))


def test_idle_dimensions_are_left_out_and_the_others_have_unit_width():
    rng = np.random.default_rng(1)
    mean = rng.normal(size=(500, 3)) * [2.0, 0.05, 0.3] + 1
    z, idle = populations.standardised(mean, 0.01)
    assert (z.shape[1], idle) == (2, 1)
    np.testing.assert_allclose([z.mean(axis=0), z.std(axis=0)], [[0, 0], [1, 1]], atol=1e-12)
    assert populations.standardised(mean, 0.0)[0].shape[1] == 3
    assert populations.standardised(0.01 * mean, 0.01)[0].shape[1] == 3


def test_islands_are_found_and_the_largest_comes_first(islands):
    z, true = islands
    labels, strength, value = populations.cluster(z, 20, 5, "eom")
    assert labels.max() == 2
    assert populations.agreement(labels[true >= 0], true[true >= 0]) > 0.9
    sizes = np.bincount(labels[labels >= 0])
    assert (np.diff(sizes) <= 0).all()
    assert ((strength > 0) == (labels >= 0)).all()
    assert 0 < value < 1


def test_validity_is_that_of_the_spanning_tree_of_mutual_reachability(islands):
    z = islands[0]
    labels, _, value = populations.cluster(z, 20, 5, "eom")
    distance = cdist(z, z)
    core = np.sort(distance, axis=1)[:, 4]
    mutual = np.maximum(distance, np.maximum(core[:, None], core[None, :]))
    np.fill_diagonal(mutual, 0)
    tree = minimum_spanning_tree(mutual).tocoo()
    edges = sorted(zip(tree.data, tree.row, tree.col, strict=True))
    expected = 0.0
    for group in range(labels.max() + 1):
        own = labels == group
        sparse = max(v for v, i, j in edges if own[i] and own[j])
        # Highest edge on the lowest way to another population: grow from one of its stars.
        for edge in sorted({v for v, *_ in edges}):
            reached = {int(np.flatnonzero(own)[0])}
            while True:
                more = {j for v, i, j in edges if v <= edge and i in reached}
                more |= {i for v, i, j in edges if v <= edge and j in reached}
                if more <= reached:
                    break
                reached |= more
            if any(labels[star] not in (-1, group) for star in reached):
                break
        expected += own.mean() * (edge - sparse) / max(edge, sparse)
    assert value == pytest.approx(expected, rel=1e-9)


def test_where_there_is_no_island_all_is_noise_and_every_step_goes_on():
    z = np.random.default_rng(0).normal(size=(30, 3))
    labels, strength, value = populations.cluster(z, 40, 5, "eom")
    assert (labels == -1).all()
    assert (strength == 0).all()
    assert value == 0
    swept = populations.sweep([z, z], [40], [5], ["eom"], bootstraps=2, seed=0)
    assert swept["populations"].tolist() == [0]
    assert populations.choose(swept, 0.5) == 0
    assert distinct.pairwise({"sky": z}, labels, seed=0, permutations=19) == []
    assert distinct.median_spectra(z, labels)["median"].shape == (0, 3)
    assert vote(labels, np.full(30, "C*"), 0.5, 3) == []
    found = truth.recovery(np.full(30, "carbon_star"), labels)
    assert found["ari_noise"] == 1
    assert found["kinds"]["carbon_star"]["population"] == -1


def test_a_stable_setting_of_higher_validity_is_chosen():
    swept = {
        "populations": np.array([2, 5, 4, 0]),
        "stability": np.array([0.9, 0.3, 0.7, 1.0]),
        "validity": np.array([0.1, 0.8, 0.4, 0.0]),
    }
    assert populations.choose(swept, 0.6) == 2
    assert populations.choose(swept, 0.8) == 0
    assert populations.choose(swept, 0.95) == 0


def test_the_sweep_measures_what_other_seeds_and_draws_of_the_stars_change(islands):
    z = islands[0]
    other = z[:, [2, 0, 1, 3]]  # a rotation changes nothing
    swept = populations.sweep([z, other], [15, 25], [5], ["eom", "leaf"], bootstraps=3, seed=1)
    assert swept["method"].tolist() == ["eom", "eom", "leaf", "leaf"]
    np.testing.assert_allclose(swept["seed_ari"], 1)
    assert (swept["bootstrap_ari"][:2] > 0.6).all()
    middle = 0.5 * (swept["seed_ari"] + swept["bootstrap_ari"])
    np.testing.assert_allclose(swept["stability"], middle)
    alone = populations.sweep([z], [15], [5], ["eom"], bootstraps=0, seed=1)
    assert alone["stability"].tolist() == [0]


def test_bins_of_magnitude_hold_equally_many_stars_and_agree_with_the_whole(islands):
    z = islands[0]
    magnitude = np.random.default_rng(2).uniform(10, 17, len(z))
    magnitude[0] = np.nan
    setting = {"min_cluster_size": 20, "min_samples": 5, "method": "eom"}
    labels = populations.cluster(z, **setting)[0]
    found = populations.by_magnitude(z, magnitude, labels, setting, 2)
    assert [part["n"] for part in found] == [140, 139]
    assert found[0]["high"] <= found[1]["low"]
    assert all(part["ari"] > 0.8 for part in found)


def test_energy_distances_are_scipy_s_and_p_values_are_fair():
    rng = np.random.default_rng(4)
    one, two = rng.normal(size=(40, 1)), rng.normal(1.0, 1.0, size=(60, 1))
    distance, p = distinct.energy_test(one, two, seed=0, permutations=199)
    assert distance == pytest.approx(energy_distance(one[:, 0], two[:, 0]) ** 2, rel=1e-9)
    assert p == pytest.approx(1 / 200)
    same = [
        distinct.energy_test(*rng.normal(size=(2, 15, 2)), seed=k, permutations=39)[1]
        for k in range(120)
    ]
    assert np.mean(np.array(same) <= 0.1) == pytest.approx(0.1, abs=0.08)


def test_every_pair_is_tested_in_every_space_and_stars_without_a_value_are_left_out():
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2, -1], [20, 20, 4, 10])
    values = rng.normal(size=(54, 2)) + 5 * (labels == 1)[:, None]
    values[0, 1] = np.nan
    found = distinct.pairwise({"colour": values}, labels, seed=0, permutations=99)
    assert [(test["one"], test["two"], test["n_one"]) for test in found] == [(0, 1, 19)]
    assert found[0]["p"] == 0.01


def test_median_spectra_are_those_of_members_against_all_others():
    flux = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 2.0], [2.0, 8.0], [4.0, 8.0]])
    found = distinct.median_spectra(flux, np.array([0, 0, 0, 1, -1]))
    np.testing.assert_allclose(found["median"], [[3, 2], [2, 8]])
    np.testing.assert_allclose(found["difference"], [[0, -6], [-1.5, 6]])
    assert found["n"].tolist() == [3, 1]


def test_an_absolute_magnitude_needs_a_parallax_of_five_sigma():
    stars = {
        "parallax": np.array([10.0, 10.0, -1.0, np.nan]),
        "parallax_error": np.array([1.0, 3.0, 0.1, 0.1]),
        "phot_g_mean_mag": np.full(4, 12.0),
    }
    np.testing.assert_allclose(distinct.absolute_magnitude(stars), [7.0, np.nan, np.nan, np.nan])


def test_the_majority_names_a_population_and_silence_does_not_vote():
    labels = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2, -1])
    otype = np.array(["C*", "C*", "C*", "LP*", "*", "C*", "Be*", "", "PM*", "C*"])
    first, second, third = vote(labels, otype, 0.5, 2)
    assert (first["winner"], first["typed"], first["fraction"]) == ("carbon star", 4, 0.75)
    assert first["votes"] == {"carbon star": 3, "long-period variable": 1}
    assert second["winner"] == third["winner"] == "unknown"
    assert (third["n"], third["typed"], third["fraction"]) == (1, 0, 0.0)
    assert vote(labels, otype, 0.5, 4)[0]["winner"] == "unknown"
    assert class_of("QSO") == "QSO"


def test_recovery_counts_noise_against_the_populations():
    kind = np.array(["carbon_star"] * 4 + ["hot"] * 2 + ["be_star"] * 2 + ["cemp_s"] * 2)
    labels = np.array([1, 1, 1, -1, 0, 0, 0, 0, 0, 2])
    found = truth.recovery(kind, labels)
    assert found["ari_without_noise"] == 1
    assert 0 < found["ari"] < 1
    assert found["kinds"]["carbon_star"] == {
        "n": 4, "population": 1, "completeness": 0.75, "purity": 1.0,
    }  # fmt: skip
    assert found["kinds"]["hot_star"]["purity"] == pytest.approx(0.8)
    assert found["kinds"]["normal"]["completeness"] is None


def test_numbers_that_a_sample_does_not_define_are_absent():
    given = {"given": True, "candidates": 12, "stars": 30}
    chosen = {"populations": 0, "noise": 1.0, "validity": 0.0, "seed_ari": None}
    chosen |= {"bootstrap_ari": 1.0, "bootstrap_sigma": 0.0}
    clustering = {"chosen": chosen, "candidates": 12, "bins": []}
    found = {n.id: n for n in numbers(given, clustering, [], [], None)}
    assert found["cemp.candidates"].value == 12
    assert found["cemp.noise"].value == 100
    assert not {"cemp.seed_ari", "cemp.ari", "cemp.recall", "cemp.distinct_sky"} & set(found)
    tests = [{"space": "sky", "one": 0, "two": k, "p": p} for k, p in ((1, 0.002), (2, 0.04))]
    found = {n.id: n for n in numbers(given, clustering, tests, [], None)}
    assert (found["cemp.distinct_sky"].value, found["cemp.distinct_sky"].n) == (50, 2)


def test_the_tree_of_the_library_is_as_read_here(islands):
    tree = HDBSCAN(min_samples=5, copy=True).fit(islands[0])._single_linkage_tree_
    assert (np.diff(tree["value"]) >= 0).all()
    assert len(tree) == len(islands[0]) - 1
