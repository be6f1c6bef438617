"""The variants of the scatter VAE: which are trained, on which stars, and what is said of them."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from starloom.studies.scatter_vae import variants
from starloom.training import scatter_vae as vae

N_BAND = 10


def _file(xp_simulator, seed, correlations):
    raw = xp_simulator(60, seed)
    arrays = {
        "source_id": seed * 1000 + np.arange(60),
        "coefficients": raw["coefficients"],
        "errors": raw["errors"],
        "phot_g_mean_flux": raw["g_flux"],
        "xp_flag": np.zeros(60, np.int32),
    }
    if correlations:
        pairs = N_BAND * (N_BAND - 1) // 2
        arrays |= {f"{band}_correlations": np.full((60, pairs), 0.2) for band in ("bp", "rp")}
    return arrays


@pytest.fixture
def sky(xp_simulator):
    """Two files, and the split of their stars."""
    stars = np.concatenate([np.arange(1000, 1060), np.arange(2000, 2060)])
    split = np.tile([0, 0, 0, 1, 2, 2], 20)
    return lambda *full: (
        [_file(xp_simulator, 1 + i, has) for i, has in enumerate(full)],
        {"source_id": stars, "split": split},
    )


def test_parts_are_those_of_the_split_and_the_training_stars_no_more_than_asked_for(sky):
    files, stars = sky(True, True)
    found, mean, std = variants.parts(files, stars, 25, seed=1)
    assert [len(part["x"]) for part in found] == [25, 20, 40]
    for number, part in enumerate(found):
        rows = np.searchsorted(stars["source_id"], part["source_id"])
        assert (stars["split"][rows] == number).all()
        assert part["correlation"].shape == (len(part["x"]), 2, 45)
    ratio = np.concatenate([a["coefficients"] / a["phot_g_mean_flux"][:, None] for a in files])
    np.testing.assert_allclose(mean, ratio[stars["split"] == 0].mean(axis=0))
    np.testing.assert_allclose(std, ratio[stars["split"] == 0].std(axis=0))
    assert len(variants.parts(files, stars, None, seed=1)[0][0]["x"]) == 60


def test_the_variants_differ_in_one_choice_each_and_need_correlations_for_the_full(
    sky, tmp_path, monkeypatch
):
    asked = []

    def train(seen, unseen, *, architecture, folder, members=None, **given):
        asked.append((folder.name, set(seen), architecture.likelihood, architecture.scatter))
        return [None] * (members or 1), None

    monkeypatch.setattr(variants.vae, "train", train)
    monkeypatch.setattr(variants.vae, "train_ensemble", train)
    plain = {"x", "error"}
    expected = [
        ("ensemble", plain, "diagonal", "capped"),
        ("free", plain, "diagonal", "free"),
        ("full", plain | {"correlation"}, "full", "capped"),
    ]
    for several in ((True, False), (True, True)):
        (seen, unseen, _), _, _ = variants.parts(*sky(*several), 40, seed=1)
        models = variants.trained(seen, unseen, vae.Architecture(), 3, tmp_path)
        assert asked == expected[: 2 + all(several)]
        assert len(models["ensemble"]) == 3
        asked.clear()


def test_the_full_covariance_judges_both_and_is_that_of_scipy(sky):
    (_, _, test), mean, std = variants.parts(*sky(True, True), 40, seed=1)
    plain = vae.Architecture(n_input=2 * N_BAND, widths=(8, 6), latent=2)

    def model(seed, **other):
        architecture = replace(plain, **other)
        return vae.Model(architecture, *vae.init(jax.random.key(seed), architecture), mean, std)

    models = {
        "ensemble": [model(1), model(2)],
        "free": [model(3, scatter="free")],
        "full": [model(4, likelihood="full")],
    }
    table = variants.scored(models, test)
    said = vae.predict(models["ensemble"][0], test, spectra=True)
    star = 3
    covariance = np.diag(said["scatter"][star].astype(float) ** 2)
    for band in (slice(0, N_BAND), slice(N_BAND, None)):
        error = test["error"][star, band].astype(float)
        block = np.outer(error, error) * (0.2 + 0.8 * np.eye(N_BAND))
        covariance[band, band] += block
    expected = multivariate_normal.logpdf(test["x"][star], said["spectrum"][star], covariance)
    assert table["full_of_diagonal"][star] == pytest.approx(expected, abs=1e-2)
    assert table["full_of_full"].shape == table["full_of_diagonal"].shape


def test_differences_are_those_of_the_stars_and_a_mixture_is_no_mean():
    members = np.array([[1.0, 3.0], [2.0, 2.0], [0.0, 4.0]])
    table = {
        "members": members,
        "free": members[:, 0] + 0.5,
        "capped": np.array([0.0, 0.5, 0.1]),
    }
    assert not [n.id for n in variants.numbers(table, seed=1) if "full" in n.id]
    table |= {
        "full_of_full": np.array([3.0, 3.0, 6.0]),
        "full_of_diagonal": np.array([2.0, 1.0, 3.0]),
    }
    found = {n.id.removeprefix("xpvae.variant_"): n for n in variants.numbers(table, seed=1)}
    assert found["free_gain"].value == pytest.approx(0.5)
    assert found["free_gain"].error == pytest.approx(0)
    assert found["full_gain"].value == pytest.approx(2.0)
    assert found["at_cap"].value == pytest.approx(20)
    mixture = [np.log(np.mean(np.exp(row))) - row.mean() for row in members]
    assert found["ensemble_gain"].value == pytest.approx(np.mean(mixture))
    assert found["seed_spread"].value == pytest.approx(np.std([1, 3], ddof=1))
