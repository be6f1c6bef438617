"""Figures of the study scatter_vae, also of samples with nothing to show."""

import numpy as np
import pytest

from starloom.figures import scatter_vae
from starloom.figures.scatter_vae_errors import binned
from starloom.figures.scatter_vae_tracks import corner, telling

CARD = {"best_epoch": 2, "architecture": {"n_input": 110, "widths": [9, 7], "latent": 3}}
CARD["architecture"]["scatter"] = "capped"
CARD["training"] = {"epochs": 3, "restart_epochs": 3}

NAMES = [
    "architecture", "losses", "residuals", "coefficients", "first_coefficients", "wavelengths",
    "latent", "label_errors", "kiel", "errors_by_label", "tracks", "metallicity", "corner",
    "alpha_tracks", "confusion", "classifiers",
]  # fmt: skip


def _tables(n, n_test, n_point):
    rng = np.random.default_rng(0)
    stars = {"teff": rng.uniform(3500, 6500, n), "logg": rng.uniform(0, 5, n)}
    stars |= {name: rng.normal(-0.3, 0.3, n) for name in ("m_h", "alpha_m")}
    stars |= {f"{name}_err": rng.uniform(0.01, 1, n) for name in ("teff", "logg", "m_h")}
    stars |= {f"in_{name}": rng.random(n) < 0.8 for name in ("full", "good", "pristine")}
    stars["high"] = rng.integers(-1, 2, n)
    points = {"kind": np.resize(np.array(["kiel", "metallicity", "alpha"], object), n_point)}
    points["track"] = np.resize(np.array(["ms", "gb", "high", "fixed"], object), n_point)
    for name in ("teff", "logg", "m_h", "alpha_m", "metallicity"):
        points[name] = rng.random(n_point)
    points |= {name: rng.random((n_point, 3)) for name in ("z", "z_mean", "z_error")}
    edges = [(4500, 4750), (4750, 5000)] if n_test > 5 else []
    return {
        "history": {
            k: np.arange(3.0)
            for k in (
                "epoch", "train_loss", "validation_loss", "validation_reconstruction",
                "validation_kl",
            )
        },
        "catalog": {f"z{i}": rng.normal(size=n) for i in range(3)},
        "stars": stars,
        "residuals": {
            "source_id": np.arange(n_test),
            "normalised": rng.normal(size=(n_test, 110)),
            "relative": rng.normal(size=(n_test, 110)),
            "rmse": rng.uniform(1, 3, n_test),
            "relative_flux": np.full((n_test, 61), 1.5 if n_test > 5 else np.nan),
        },
        "wavelength_nm": np.arange(392.0, 993.0, 10.0),
        "test": {name: stars[name][:n_test] for name in ("teff", "logg", "m_h")},
        "tracks": points,
        "alpha": {"high": np.zeros(n_test)},
        "confusion": {"feh": np.array([[3, 1], [0, 0]]), "latent": np.zeros((2, 2), int)},
        "numbers": [
            {"id": f"xpvae.alpha_auc_latent_{a}_{b}", "value": 0.8, "error": 0.1, "n": 9}
            for a, b in edges
        ] + [{"id": "xpvae.alpha_auc_latent", "value": 0.8, "error": 0.1, "n": 9}],
    }  # fmt: skip


@pytest.mark.parametrize(("n", "n_test", "n_point"), [(400, 40, 36), (2, 1, 0)])
@pytest.mark.filterwarnings("ignore")
def test_every_figure_is_drawn_also_of_next_to_no_star(n, n_test, n_point):
    drawn = scatter_vae.draw_all(_tables(n, n_test, n_point), CARD, NAMES)
    assert set(drawn) == set(NAMES)
    for figure, title, caption in drawn.values():
        figure.canvas.draw()
        assert title and caption.endswith(".")


def test_unused_dimensions_have_the_scale_of_the_others():
    latent = np.random.default_rng(1).normal(size=(300, 3)) * [1.0, 2.0, 1e-3]
    figure = corner(_tables(300, 1, 36)["tracks"], latent)
    limits = {axes.get_xlim() for axes in figure.axes if axes.axison}
    assert len(limits) == 1 and np.ptp(limits.pop()) > 8


def test_the_caption_of_the_losses_says_where_the_learning_rate_starts_anew():
    for restarts, said in ((2, True), (3, False)):
        card = CARD | {"training": {"epochs": 3, "restart_epochs": restarts}}
        caption = scatter_vae.draw_all(_tables(40, 9, 0), card, ["losses"])["losses"][2]
        assert ("every 2 epochs" in caption) == said and "test stars" in caption


def test_bins_hold_their_lower_edge_and_stars_without_a_label_are_in_none():
    found = binned(np.array([1.0, 3.0, 8.0, 9.0]), np.array([0.0, 0.5, 1.0, np.nan]), np.arange(4))
    np.testing.assert_array_equal(found["count"], [2, 1, 0])
    np.testing.assert_allclose(found["median"], [2.0, 8.0, np.nan])
    assert binned(np.ones(1), np.array([3.0]), np.arange(4))["count"].sum() == 0


def test_the_dimensions_that_tell_two_kinds_apart_are_found():
    latent = np.random.default_rng(0).normal(size=(500, 4))
    which = np.arange(500) < 200
    latent[which, 3] += 4
    latent[which, 1] += 2
    assert telling(latent, which) == (1, 3)
