"""LB23 in the study: which tokens there are, both ways to a reconstruction, its numbers."""

import numpy as np
import pytest

from starloom.studies.scatter_vae import lb23


def _stars(n_star, rng):
    stars = {
        "teff": rng.normal(4800, 300, n_star),
        "logg": rng.normal(2.5, 0.5, n_star),
        "m_h": rng.normal(-0.2, 0.3, n_star),
        **{f"{band}_m": rng.normal(11, 1, n_star) for band in ("j", "h", "ks")},
        "j_msigcom": np.full(n_star, 0.03),
        "h_msigcom": np.full(n_star, 0.04),
        "ks_msigcom": np.full(n_star, 0.12),
    }
    return stars | {f"{name}_err": np.full(n_star, 1.0) for name in ("teff", "logg", "m_h")}


def test_the_first_32_coefficients_of_each_band_are_read_or_all_of_fewer():
    np.testing.assert_array_equal(lb23.first(110), [*range(32), *range(55, 87)])
    np.testing.assert_array_equal(lb23.first(20), np.arange(20))
    arrays = {
        "coefficients": np.arange(220.0).reshape(2, 110),
        "errors": np.full((2, 110), 6.0),
        "phot_g_mean_flux": np.array([2.0, 4.0]),
    }
    value, error = lb23.measured(arrays)
    assert value[1, 32] == (110 + 55) / 4 and (error[0] == 3).all() and value.shape == (2, 64)


def test_colours_have_the_errors_of_both_bands_and_absent_surveys_leave_labels_out():
    stars = _stars(5, np.random.default_rng(1))
    stars["h_m"][2] = np.nan
    names, value, error = lb23.labels_of(stars)
    assert names == ["teff", "logg", "m_h", "j_h", "j_k"]
    assert np.isnan(value[2, 3]) and value[0, 3] == stars["j_m"][0] - stars["h_m"][0]
    np.testing.assert_allclose(error[0, 3:], [0.05, np.hypot(0.03, 0.12)])
    without = {k: v for k, v in stars.items() if not k.startswith("ks_")}
    assert lb23.labels_of(without)[0] == names[:4]
    stars["j_m"][:] = np.nan
    assert lb23.labels_of(stars)[0] == names[:3]


def test_the_way_through_labels_reads_the_labels_alone(monkeypatch):
    asked = []

    class Model:
        class architecture:
            groups = lb23.groups(4, 2)

    def predict(model, value, kinds, request):
        asked.append((value.shape, tuple(kinds), tuple(request)))
        return np.ones((len(value), len(request))), None

    monkeypatch.setattr(lb23.tokens, "predict", predict)
    found = lb23.reconstructed(Model, np.zeros((3, 4)))
    both = ((0, 1, 2, 3), (4, 5))
    assert asked == [((3, 4), *both), ((3, 4), both[0], both[0]), ((3, 2), both[1], both[0])]
    assert {name: v.shape for name, v in found.items()} == {
        "independent": (3, 4),
        "dependent": (3, 4),
        "labels": (3, 2),
    }


def test_ratios_are_medians_over_stars_and_widths_leave_missing_labels_out():
    rng = np.random.default_rng(3)
    ours = rng.normal(size=(200, 64))
    reference = rng.normal(size=(200, 2))
    off = rng.normal(0, [50, 0.1], (200, 2))
    reference[:20, 1] = np.nan
    table = {"ours": ours, "independent": 0.5 * ours, "dependent": 3 * ours}
    table |= {"labels": reference + off, "reference": reference}
    found = {n.id: n for n in lb23.numbers(table, ["teff", "j_h"], seed=1)}
    assert found["xpvae.lb23_ratio_independent"].value == pytest.approx(0.5)
    assert found["xpvae.lb23_ratio_dependent_first5"].value == pytest.approx(3)
    by_hand = np.median([3 * np.sqrt(sum(x * x for x in row) / 64) for row in ours])
    assert found["xpvae.lb23_rmse_dependent"].value == pytest.approx(by_hand)
    assert found["xpvae.lb23_width_teff"].value == pytest.approx(50, rel=0.2)
    assert found["xpvae.lb23_width_teff"].unit == "K"
    assert found["xpvae.lb23_width_j_h"].n == 180
