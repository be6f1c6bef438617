"""The study of the scatter VAE on simulated spectra."""

import functools
import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats as distributions

from starloom.tables import read_model, write_model
from starloom.training import scatter_vae as vae
from starloom.training.scatter_vae import scores


def test_stars_that_cannot_be_read_are_dropped_and_counted_by_their_first_fault(xp_simulator):
    raw = xp_simulator(8, 0)
    raw["coefficients"][0, 3] = np.nan
    raw["errors"][1, 0] = np.inf
    raw["errors"][1, 1] = 0.0
    raw["errors"][2, 5] = 0.0
    raw["errors"][3, 5] = -1.0
    raw["g_flux"][4], raw["g_flux"][5] = 0.0, np.nan
    good, counts = vae.usable(**raw)
    assert np.flatnonzero(good).tolist() == [6, 7]
    assert counts == {"not_finite": 2, "bad_error": 2, "no_g_flux": 2}


def test_inputs_are_coefficients_over_flux_in_units_of_the_training_spread(xp_simulator):
    raw = xp_simulator(50, 0)
    raw["coefficients"][7, 2] = np.nan
    training = np.arange(50) < 30
    ready, good, mean, std, counts = vae.prepare(**raw, training=training)
    assert counts == {"not_finite": 1, "bad_error": 0, "no_g_flux": 0}
    assert good.sum() == 49
    ratio = raw["coefficients"][good] / raw["g_flux"][good, None]
    seen = ratio[training[good]]
    np.testing.assert_allclose(mean, seen.mean(axis=0))
    np.testing.assert_allclose(std, seen.std(axis=0))
    np.testing.assert_allclose(ready["x"], (ratio - mean) / std, rtol=2e-5, atol=1e-6)
    expected = raw["errors"][good] / raw["g_flux"][good, None] / std
    np.testing.assert_allclose(ready["error"], expected, rtol=1e-6)
    assert ready["x"].dtype == np.float32


def test_a_training_set_without_stars_or_with_a_constant_is_refused(xp_simulator):
    raw = xp_simulator(10, 0)
    with pytest.raises(ValueError, match="0 usable training stars"):
        vae.prepare(**raw, training=np.zeros(10, bool))
    raw["coefficients"][:, 4] = raw["g_flux"]
    with pytest.raises(ValueError, match="coefficient 4 is the same"):
        vae.prepare(**raw, training=np.ones(10, bool))


def test_the_loss_is_the_negative_log_likelihood_of_a_draw_plus_the_divergence(architecture):
    params, running = vae.init(jax.random.key(0), architecture)
    x = np.random.default_rng(0).normal(size=(9, 20)).astype(np.float32)
    given = {"x": jnp.asarray(x), "error": 0.1 + jnp.abs(x) / 5}
    key = jax.random.key(4)
    graph = vae.model.graph_of(architecture)

    @jax.jit
    def both(params):
        apply = vae.model.network.apply
        out, _ = apply(graph, params, running, given["x"], key=key, training=False)
        return out, vae.loss(params, running, given, key, False, architecture=architecture)

    out, (value, (_, parts)) = both(params)
    scale = np.hypot(given["error"], out.scatter)
    likelihood = distributions.norm.logpdf(x, out.spectrum, scale).sum(axis=1)
    reconstruction = -likelihood.mean() - 10 * np.log(2 * np.pi)
    variance = np.exp(out.log_variance)
    kl = 0.5 * (out.mean**2 + variance - np.log(variance) - 1).sum(axis=1).mean()
    np.testing.assert_allclose(parts["reconstruction"], reconstruction, rtol=1e-4)
    np.testing.assert_allclose(parts["kl"], kl, rtol=1e-5)
    np.testing.assert_allclose(value, reconstruction + kl, rtol=1e-4)


def test_without_correlations_the_full_likelihood_is_the_diagonal_one(architecture):
    full = replace(architecture, likelihood="full")
    params, running = vae.init(jax.random.key(0), architecture)
    x = jax.random.normal(jax.random.key(1), (6, 20))
    given = {"x": x, "error": 0.3 + 0 * x, "correlation": jnp.zeros((6, 2, 45))}

    @functools.partial(jax.jit, static_argnums=0)
    def value(kind):
        return vae.loss(params, running, given, jax.random.key(2), False, architecture=kind)[0]

    values = [value(kind) for kind in (architecture, full)]
    np.testing.assert_allclose(*values, rtol=1e-5)


def test_held_out_residuals_are_unit_gaussians(trained, stars):
    (_, validation, test), *_ = stars
    numbers = vae.evaluate(trained[0], test, n_bp=10)[0]
    assert numbers["residual_width_drawn"] == pytest.approx(1, abs=0.1)
    assert numbers["residual_mean"] == pytest.approx(0, abs=0.03)
    assert numbers["active_dimensions"] >= 2
    assert numbers["n"] == 1000
    # The latent mean is fitted to the star while the scatter foresees a draw around it: each
    # active dimension takes twice its share of the 20 coefficients from chi2.
    narrower = np.sqrt(1 - 2 * numbers["active_dimensions"] / 20)
    assert numbers["residual_width"] == pytest.approx(narrower, abs=0.07)
    again = vae.recalibrated(trained[0], validation)
    width = vae.evaluate(again, test, n_bp=10)[0]["residual_width"]
    assert width == pytest.approx(1, abs=0.04)


def test_the_evaluation_s_numbers_follow_from_its_arrays(trained, stars):
    test = stars[0][2]
    numbers, arrays = vae.evaluate(trained[0], test, n_bp=10)
    found = vae.predict(trained[0], test, spectra=True)
    relative = (test["x"] - found["spectrum"]) / test["error"]
    np.testing.assert_allclose(arrays["relative"], relative, rtol=1e-5)
    np.testing.assert_allclose(arrays["rmse"], np.sqrt((relative**2).mean(axis=1)), rtol=1e-5)
    assert numbers["loss"] == pytest.approx(numbers["reconstruction"] + numbers["kl"], rel=1e-5)
    assert numbers["median_rmse"] == pytest.approx(np.median(arrays["rmse"]))
    assert json.dumps(numbers)


def test_rmse_reads_the_first_32_coefficients_of_each_band():
    relative = np.zeros((2, 110))
    relative[:, [31, 86]] = 8.0
    relative[:, [32, 54, 87, 109]] = 1e6
    np.testing.assert_allclose(scores.rmse(relative, 55), np.sqrt(2 * 64 / 64))


def test_the_latent_of_a_star_is_its_mean_and_the_same_in_any_company(trained, stars):
    test = stars[0][2]
    together = vae.predict(trained[0], test)
    alone = vae.predict(trained[0], {name: values[5:6] for name, values in test.items()})
    for name, values in alone.items():
        np.testing.assert_allclose(values[0], together[name][5], rtol=2e-4, atol=2e-5)
    weights = vae.model.network.folded(
        vae.model.graph_of(trained[0].architecture), trained[0].params, trained[0].stats
    )
    mean, sigma = vae.model.network.encode(weights, test["x"])
    np.testing.assert_allclose(together["latent_mean"], mean, atol=1e-5)
    np.testing.assert_allclose(together["latent_sigma"], sigma, rtol=1e-4)


def test_the_log_likelihood_is_that_of_independent_gaussians(trained, stars):
    test = stars[0][2]
    found = vae.predict(trained[0], test, spectra=True)
    scale = np.hypot(test["error"], found["scatter"]).astype(float)
    expected = distributions.norm.logpdf(test["x"], found["spectrum"], scale).sum(axis=1)
    np.testing.assert_allclose(found["log_likelihood"], expected, rtol=1e-4, atol=1e-3)


def test_strange_stars_get_a_high_score_and_ordinary_ones_do_not(trained, stars):
    test = {name: values.copy() for name, values in stars[0][2].items()}
    test["x"][:20] += 6 * np.sign(np.random.default_rng(0).normal(size=(20, 20)))
    found = vae.predict(trained[0], test)
    assert (found["outlier_score"][:20] > 0.99).all()
    assert found["out_of_range"][:20].all()
    assert found["out_of_range"][20:].mean() < 0.01
    ranks = distributions.kstest(found["chi2_rank"][20:], "uniform")
    assert ranks.statistic < 0.08
    assert np.median(found["outlier_score"][20:]) < 0.85


def test_the_latent_density_is_that_of_the_gaussian_mixture(trained):
    reference = trained[0].reference
    z = np.random.default_rng(0).normal(size=(7, 4))
    terms = []
    for weight, mean, root in zip(
        *(reference[k] for k in ("weights", "means", "precisions_cholesky")), strict=True
    ):
        covariance = np.linalg.inv(root @ root.T)
        terms.append(np.log(weight) + distributions.multivariate_normal(mean, covariance).logpdf(z))
    expected = np.logaddexp.reduce(terms)
    np.testing.assert_allclose(scores.log_density(reference, z), expected, rtol=1e-6)


def test_a_model_comes_back_from_its_file(trained, stars, tmp_path):
    write_model(tmp_path / "model", *vae.to_model(trained[0], seed=3))
    arrays, card = read_model(tmp_path / "model")
    assert card["seed"] == 3
    assert arrays["params/encoder/linear/0/kernel"].shape == (20, 32)
    back = vae.from_model(arrays, card)
    ours, theirs = (vae.predict(model, stars[0][2]) for model in (trained[0], back))
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


def test_a_file_of_another_model_or_with_an_array_missing_is_refused(trained):
    arrays, card = vae.to_model(trained[0])
    with pytest.raises(ValueError, match="kind 'forest', expected 'scatter_vae'"):
        vae.from_model(arrays, card | {"kind": "forest"})
    del arrays["params/mean/kernel"]
    with pytest.raises(KeyError, match="params/mean/kernel"):
        vae.from_model(arrays, card)


def test_recalibration_gives_validation_residuals_unit_width_and_is_not_the_default(trained, stars):
    validation = stars[0][1]
    assert trained[0].scatter_scale == 1.0
    tight = replace(trained[0], scatter_scale=0.3)
    for model in (trained[0], tight):
        again = vae.recalibrated(model, validation)
        width = vae.evaluate(again, validation, n_bp=10)[0]["residual_width"]
        assert width == pytest.approx(1, abs=1e-3)
    large = {**validation, "error": 100 * validation["error"]}
    assert vae.recalibrated(trained[0], large).scatter_scale == 0.0


def test_the_free_scatter_and_an_ensemble_train_too(stars, architecture):
    (seen, unseen, _), mean, std = stars
    few = [{name: values[:300] for name, values in part.items()} for part in (seen, unseen)]
    settings = vae.Settings(batch=100, epochs=2)
    given = {"mean": mean, "std": std, "settings": settings, "seed": 1}
    free = replace(architecture, scatter="free")
    models, fit = vae.train_ensemble(*few, **given, architecture=free, members=2)
    assert len(models) == 2
    assert fit.history["train_loss"].shape == (2, 2)
    found = [vae.predict(model, few[1])["latent_mean"] for model in models]
    assert np.isfinite(found).all()
    assert not np.allclose(*found)
