"""Numbers of the scatter VAE: values, errors and shares."""

import numpy as np
import pytest

from starloom.studies.scatter_vae.numbers import EVALUATED, bootstrap, numbers


def test_the_error_of_a_width_is_that_of_independent_residuals():
    normalised = np.random.default_rng(1).normal(size=(4000, 5))
    errors = bootstrap(normalised, np.abs(normalised[:, 0]), seed=2, draws=200)
    assert errors["residual_width"] == pytest.approx(1 / np.sqrt(2 * normalised.size), rel=0.2)
    assert errors["residual_mean"] == pytest.approx(1 / np.sqrt(normalised.size), rel=0.2)


def test_shares_have_binomial_errors_and_catalogues_their_last_count():
    evaluation = {key: 1.0 for key, _, _ in EVALUATED.values()} | {"n": 7}
    snr = {"name": "teff_snr", "criterion": "teff / teff_err > 30", "left": 4, "removed_alone": 6}
    cuts = {"good": [{"left": 10}, snr]}
    matches = {"gaia": {"rows": {}}, "unwise": {"sources": {"matched": 90, "total": 100}}}
    matches["apogee"] = {"sources": {"matched": 36, "total": 36}}
    found = {n.id: n for n in numbers(evaluation, {"residual_width": 0.1}, cuts, matches)}
    assert found["xpvae.good_catalog"].value == 4
    after = found["xpvae.good_after_teff_snr"]
    assert after.value == 4 and "teff / teff_err > 30" in after.definition
    assert "removes 6 of 10" in after.definition
    assert found["xpvae.matched_unwise"].value == pytest.approx(90)
    assert found["xpvae.matched_unwise"].error == pytest.approx(3.0, rel=0.01)
    assert found["xpvae.matched_apogee"].error == pytest.approx(50 / 37)
    assert found["xpvae.residual_width"].error == 0.1
    assert found["xpvae.val_loss"].n == 7
