"""Figures of LB23 beside the scatter VAE."""

import numpy as np
import pytest

from starloom.figures import scatter_vae_lb23 as figures


def _table(n_star, n_used):
    rng = np.random.default_rng(1)
    ours = rng.normal(size=(n_star, n_used))
    return {"ours": ours, "dependent": 4 * ours, "independent": 0.25 * ours}


@pytest.mark.parametrize(("n_star", "n_used"), [(400, 64), (3, 12)])
def test_all_are_drawn_also_of_few_stars_and_one_label(n_star, n_used):
    labels = {"teff": 4900.0, "logg": 2.6, "m_h": -0.2}
    labels = {name: np.append(np.full(n_star - 1, np.nan), v) for name, v in labels.items()}
    drawn = figures.draw_all(_table(n_star, n_used), labels)
    assert list(drawn) == ["lb23_first", "lb23_ratio", "lb23_labels"]
    assert all(f"{n_star} test stars" in caption for _, _, caption in drawn.values())


def test_ratios_by_coefficient_are_those_of_the_errors():
    panels = figures.ratio(_table(200, 64)).axes
    for axes in panels[:2]:
        dependent, independent, one = (line.get_ydata() for line in axes.lines)
        np.testing.assert_allclose(dependent, np.full(32, 4.0))
        np.testing.assert_allclose(independent, np.full(32, 0.25))
        np.testing.assert_allclose(one, 1)
