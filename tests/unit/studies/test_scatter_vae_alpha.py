"""The classifiers of the alpha sequences, and what they know beyond one another."""

import numpy as np
import pytest
from sklearn import metrics

from starloom.studies.scatter_vae import alpha, findings


def _sky(n=1500, latent_knows=True, seed=0):
    """Pristine stars whose sequence follows [M/H] in part, and the latent, if it may, in full."""
    rng = np.random.default_rng(seed)
    high = rng.random(n) < 0.3
    m_h = np.where(high, -0.5, -0.1) + 0.3 * rng.normal(size=n)
    edge = np.polyval([0.1754, 0.1119, -0.1253, 0.1353], m_h)
    stars = {
        "source_id": np.arange(n),
        "teff": rng.uniform(4000, 5500, n),
        "logg": rng.uniform(1, 3, n),
        "m_h": m_h,
        "fe_h": m_h,
        "mg_fe": edge + np.where(high, 0.05, -0.05),
        "split": rng.choice(3, n, p=[0.6, 0.1, 0.3]),
        "in_pristine": np.ones(n, bool),
        "j_m": rng.normal(10, 1, n),
        "h_m": rng.normal(10, 1, n),
        "ks_m": rng.normal(10, 1, n),
    }
    signal = np.where(high, 1.0, -1.0) if latent_knows else np.zeros(n)
    latent = np.stack([m_h + 0.1 * rng.normal(size=n), signal + rng.normal(size=n)], axis=1)
    return stars, latent, high


SETTINGS = {"seed": 1, "trees": 20, "leaf": 10}


def test_test_stars_alone_are_asked_and_the_latent_that_knows_wins():
    stars, latent, high = _sky()
    stars["in_pristine"][:200], stars["mg_fe"][200:210], latent[210:220] = False, np.nan, np.nan
    found = alpha.classify(stars, latent, **SETTINGS)
    expected = np.flatnonzero((stars["split"] == 2) & (np.arange(1500) >= 220))
    np.testing.assert_array_equal(found["source_id"], expected)
    np.testing.assert_array_equal(found["high"], high[expected])
    area = {name: alpha.scores(found["high"], found[f"p_{name}"])["auc"] for name in ("feh", "all")}
    assert area["all"] > area["feh"] + 0.05 > 0.75
    assert alpha.advantage(found["high"], found["p_all"], found["p_feh"]) == pytest.approx(
        area["all"] - area["feh"]
    )


def test_every_star_with_a_latent_gets_a_probability_that_no_test_star_taught():
    stars, latent, high = _sky()
    latent[:5] = np.nan
    found = alpha.high_alpha(stars, latent, **SETTINGS)
    assert np.isnan(found[:5]).all() and np.isfinite(found[5:]).all()
    test = stars["split"] == 2
    assert alpha.area(high[test][5:].astype(int), found[test][5:]) > 0.85
    stars["mg_fe"] = np.where(test, -9.0, stars["mg_fe"])
    np.testing.assert_array_equal(alpha.high_alpha(stars, latent, **SETTINGS), found)
    stars["in_pristine"][:] = False
    assert np.isnan(alpha.high_alpha(stars, latent, **SETTINGS)).all()


def test_scores_are_scikit_learn_s():
    rng = np.random.default_rng(3)
    high = (rng.random(300) < 0.3).astype(int)
    probability = np.clip(0.35 * high + 0.7 * rng.random(300), 0, 1)
    answer, found = probability > 0.5, alpha.scores(high, probability)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(high, answer))
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(high, probability))
    assert found["balanced"] == pytest.approx(metrics.balanced_accuracy_score(high, answer))
    assert found["high_recall"] == pytest.approx(metrics.recall_score(high, answer))
    assert found["low_recall"] == pytest.approx(metrics.recall_score(1 - high, ~answer))
    assert found["high_precision"] == pytest.approx(metrics.precision_score(high, answer))
    assert found["low_precision"] == pytest.approx(metrics.precision_score(1 - high, ~answer))
    np.testing.assert_array_equal(
        alpha.confusion(high, probability), metrics.confusion_matrix(high, answer)
    )


def test_permutation_tells_what_is_beyond_the_labels_from_what_is_not():
    rng = np.random.default_rng(5)
    propensity = rng.random(1200)
    high = (rng.random(1200) < propensity).astype(int)
    draws = {"seed": 0, "draws": 199}
    follows = propensity + 0.1 * rng.normal(size=1200)
    knows = propensity + 0.3 * high
    assert alpha.permutation_test(high, follows, **draws)[1] == 1 / 200
    assert alpha.permutation_test(high, follows, propensity, **draws)[1] > 0.05
    seen, p = alpha.permutation_test(high, knows, propensity, **draws)
    assert p == 1 / 200 and seen == pytest.approx(0.3, abs=0.05)


def test_p_is_uniform_where_there_is_nothing_to_find():
    rng, found = np.random.default_rng(6), []
    for seed in range(60):
        given = rng.random(200)
        high = (rng.random(200) < given).astype(int)
        probability = rng.random(200)
        found.append(alpha.permutation_test(high, probability, given, seed=seed, draws=49)[1])
    assert 0.35 < np.mean(found) < 0.65 and np.mean(np.array(found) <= 0.1) < 0.25


def test_too_few_stars_and_a_sky_without_infrared_leave_numbers_out_but_do_not_fail():
    stars, latent, _ = _sky(40)
    stars["mg_fe"][:] = -1.0
    empty = alpha.classify(stars, latent, **SETTINGS)
    assert len(empty["source_id"]) == 0 and findings.alpha_numbers(empty, 0, 9) == []
    stars, latent, _ = _sky()
    for band in ("j_m", "h_m", "ks_m"):
        del stars[band]
    found = alpha.classify(stars, latent, **SETTINGS)
    assert "p_labels_ext" not in found and "p_all" not in found
    names = {number.id for number in findings.alpha_numbers(found, 0, 9)}
    assert {"xpvae.alpha_advantage", "xpvae.alpha_accuracy_latent"} <= names
    one = {name: values[:12] for name, values in found.items()}
    one["high"] = np.zeros(12, np.int8)
    names = {number.id for number in findings.alpha_numbers(one, 0, 9)}
    assert "xpvae.alpha_auc_latent" not in names and "xpvae.alpha_accuracy_latent" in names


def test_numbers_say_that_the_advantage_is_there_only_where_the_latent_knows():
    for knows in (True, False):
        stars, latent, _ = _sky(latent_knows=knows, seed=2)
        table = alpha.classify(stars, latent, **SETTINGS)
        found = {n.id: n for n in findings.alpha_numbers(table, 0, 99, prefix="control_")}
        gain = found["xpvae.control_alpha_gain"]
        assert (gain.value > 3 * gain.error) == knows
        p = found["xpvae.control_alpha_permutation_p_given_labels"].value
        assert (p < 0.02) == knows


def test_what_is_lost_without_alpha_is_the_difference_of_the_worlds():
    worlds = []
    for knows, prefix in ((True, ""), (False, "control_")):
        stars, latent, _ = _sky(latent_knows=knows, seed=2)
        table = alpha.classify(stars, latent, **SETTINGS)
        worlds.append(findings.alpha_numbers(table, 0, 9, prefix=prefix))
    here, there = ({n.id: n for n in found} for found in worlds)
    lost = {n.id: n for n in findings.lost(*worlds)}["xpvae.control_lost_alpha_gain"]
    one, other = here["xpvae.alpha_gain"], there["xpvae.control_alpha_gain"]
    assert lost.value == pytest.approx(one.value - other.value) and lost.value > 3 * lost.error
    assert lost.error**2 == pytest.approx(one.error**2 + other.error**2)
    assert findings.lost(worlds[0], []) == []
