"""Figures of the labels' errors: bars against resampled stars."""

import numpy as np
import pytest

from starloom.figures.labels import draw_all, planes
from starloom.figures.labels_errors import METHODS, beside_dropout, median_interval, methods


def _stars(n):
    rng = np.random.default_rng(4)
    table = {}
    for name in ("fe_h", "teff", "logg", "c_fe", "n_fe", "alpha_m"):
        table |= {f"apogee_{name}": np.zeros(n), f"apogee_{name}_error": np.full(n, 0.1)}
        for i, method in enumerate(METHODS):
            table[f"{method}_{name}"] = (1 + 0.2 * i) * rng.normal(size=n)
            table |= {f"{method}_{name}_{kind}": np.ones(n) for kind in ("sigma", "raw")}
    table["ensemble_fe_h"][3] = np.nan
    return table


def test_bars_beside_the_dropout_network_are_the_spread_of_resampled_stars():
    table, rng = _stars(600), np.random.default_rng(0)
    ratio, ratio_error, gain, gain_error = beside_dropout(table, "ensemble", "fe_h")
    drawn = []
    for _ in range(400):
        rows = rng.integers(0, 600, 600)
        some = {name: values[rows] for name, values in table.items()}
        drawn.append(beside_dropout(some, "ensemble", "fe_h")[::2])
    np.testing.assert_allclose([ratio_error, gain_error], np.std(drawn, axis=0), rtol=0.15)
    both = np.isfinite(table["ensemble_fe_h"])
    squares = [np.square(table[f"{m}_fe_h"][both]).mean() for m in ("ensemble", "dropout")]
    assert ratio == pytest.approx(np.sqrt(squares[0] / squares[1]))
    assert gain == pytest.approx(-0.5 * (squares[0] - squares[1]) / 1.01)
    assert beside_dropout(table, "dropout", "fe_h") == pytest.approx((1, 0, 0, 0))
    methods(table).draw_without_rendering()


def test_a_median_lies_within_its_interval_in_two_of_three_samples():
    rng = np.random.default_rng(1)
    found = [median_interval(rng.exponential(size=81)) for _ in range(2000)]
    inside = [middle - low < np.log(2) < middle + high for middle, low, high in found]
    assert np.mean(inside) == pytest.approx(0.68, abs=0.04)


def test_captions_count_the_stars_that_are_drawn():
    rng = np.random.default_rng(2)
    surveys = {"source_id": np.arange(500)}
    for name in ("teff", "logg"):
        for survey, n in (("lamost_lrs", 420), ("gspphot", 500), ("apogee", 380)):
            surveys[f"{survey}_{name}"] = np.where(np.arange(500) < n, rng.normal(size=500), np.nan)
        surveys[f"{name}_xp"] = rng.normal(size=500)
    surveys["lamost_lrs_teff"][:20] = np.nan
    surveys["gspphot_logg"][:] = np.nan
    surveys["gspphot_teff"][100:] = np.nan
    tables = {"test": _stars(10) | {"source_id": np.arange(10)}, "surveys": surveys}
    expected = {"lamost": 420, "lamost_apogee": 380, "gspphot": 100}
    for name, (figure, _, caption) in draw_all(tables, list(expected)).items():
        assert f" {expected[name]} unseen stars" in caption
        drawn = [len(line.get_xdata()) for axes in figure.axes for line in axes.lines]
        cells = [c.get_array().sum() for axes in figure.axes for c in axes.collections]
        assert max(drawn + cells) <= expected[name]
        figure.draw_without_rendering()


def test_a_pile_at_the_edge_of_the_grid_is_inside_the_frame():
    rng = np.random.default_rng(3)
    labels = {n: rng.normal(size=400) for n in ("fe_h", "logg", "n_fe", "alpha_m")}
    labels["c_fe"] = np.where(np.arange(400) < 20, 1.0, rng.normal(0, 0.1, 400))
    figure = planes(labels, labels)
    assert figure.axes[0].get_ylim()[1] > 1.03
