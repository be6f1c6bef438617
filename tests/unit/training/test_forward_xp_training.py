"""The model from labels to spectra learns an extinction curve, and labels from spectra alone."""

from dataclasses import replace

import numpy as np
import pytest

from starloom.models import forward_xp as network
from starloom.training import forward_xp as training
from starloom.training.fit import Settings

CURVE = np.array([1.6, 1.3, 1.1, 0.9, 0.8, 0.6, 0.5, 0.4])
SIGMA = 0.01
WAVE = np.linspace(0, 1, len(CURVE))


def sky(n_star, seed):
    """Stars of two labels behind dust, with loose priors on dust and distance."""
    rng = np.random.default_rng(seed)
    labels = rng.normal([5000, 3], [500, 1], (n_star, 2))
    hot, small = ((labels - [5000, 3]) / [500, 1]).T[:, :, None]
    extinction, log_parallax = rng.gamma(2.0, 0.4, n_star), rng.normal(0, 0.5, n_star)
    log_flux = 1 + 0.4 * hot * np.cos(2 * WAVE) + 0.1 * hot**2 * WAVE - 0.5 * small
    log_flux += 0.2 * small * np.sin(6 * WAVE)
    log_flux += -0.4 * np.log(10) * extinction[:, None] * CURVE + 2 * log_parallax[:, None]
    log_flux += SIGMA * rng.normal(size=log_flux.shape)
    spread = np.array([0.3, 0.05])
    truth = np.stack([extinction, log_parallax], axis=1)
    prior = np.stack([rng.normal(truth, spread), np.broadcast_to(spread, truth.shape)], axis=2)
    white = np.broadcast_to(np.eye(len(CURVE)) / SIGMA, (n_star, len(CURVE), len(CURVE)))
    stars = {"labels": labels, "log_flux": log_flux, "white": white, "prior": prior}
    stars |= {name: stars[name].astype(np.float32) for name in ("log_flux", "white", "prior")}
    return stars, truth


@pytest.fixture(scope="module")
def model():
    settings = Settings(128, 500, 2e-2, 1e-5, 500, 0.0, checkpoint_epochs=500)
    given = {
        "curve": np.linspace(1.5, 0.8, len(CURVE)),
        "widths": (16, 16),
        "settings": settings,
        "seed": 1,
    }
    return training.train(sky(1280, 0)[0], sky(128, 1)[0], **given)[0]


def test_the_extinction_curve_is_recovered(model):
    # What is grey in it, distances can make up for; the slope is what dust alone does.
    found = np.exp(model.params["log_curve"])
    np.testing.assert_allclose(found, CURVE, rtol=0.15)
    np.testing.assert_allclose(found - found.mean(), CURVE - CURVE.mean(), atol=0.03)


def test_labels_dust_and_distance_are_read_off_spectra_alone(model):
    stars, truth = sky(128, 2)
    found = training.infer(model, {k: v for k, v in stars.items() if k != "labels"})
    off = (found["labels"] - stars["labels"]) / [500, 1]
    assert np.median(np.abs(off)) < 0.1
    assert np.median(np.abs(found["extinction"] - truth[:, 0])) < 0.15
    assert np.median(np.abs(np.log(found["parallax"]) - truth[:, 1])) < 0.05
    assert np.median(found["chi2"]) < 2 * len(CURVE)
    assert (found["extinction"] >= 0).all()


def test_a_model_comes_back_from_its_arrays(model):
    arrays, card = training.to_model(model, seed=1)
    back = training.from_model(arrays, card)
    stars = {k: v for k, v in sky(8, 3)[0].items() if k != "labels"}
    for name, values in training.infer(back, stars).items():
        np.testing.assert_array_equal(values, training.infer(model, stars)[name])
    with pytest.raises(ValueError, match="kind 'other'"):
        training.from_model(arrays, card | {"kind": "other"})
    with pytest.raises(ValueError, match="expected"):
        training.from_model(arrays, card | {"widths": [3]})


def test_a_label_that_never_varies_is_named(model):
    stars = sky(16, 4)[0]
    stars["labels"][:, 1] = 2.0
    settings = replace(Settings(), epochs=1)
    with pytest.raises(ValueError, match="label 1 is the same"):
        training.train(stars, stars, curve=CURVE, widths=(4,), settings=settings, seed=0)


def test_floors_do_not_move_with_the_unit_of_flux():
    flux = np.array([[1.0, 2.0, 3.0]])
    wavelength = np.array([500.0, 600.0, 700.0])
    ratio = network.floors(1e-17 * flux, wavelength) / network.floors(flux, wavelength)
    np.testing.assert_allclose(ratio, 1e-34, rtol=1e-9)
