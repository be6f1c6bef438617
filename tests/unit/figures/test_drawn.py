"""The data behind a figure are what was put in, whatever way it was drawn."""

import json

import numpy as np
import pytest
from matplotlib.figure import Figure

from starloom.figures.drawn import MOST, drawn
from starloom.figures.style import save


@pytest.fixture
def axes():
    return Figure(layout="constrained").subplots()


def only(axes) -> dict:
    (panel,) = drawn(axes.figure)
    (series,) = panel["series"]
    return series


def rows(series) -> np.ndarray:
    lines = series["rows"].split("\n")
    return np.array([[float(cell or "nan") for cell in line.split(",")] for line in lines])


def test_a_line_with_its_labels_and_a_gap(axes):
    axes.plot([1, 2, 3], [0.5, np.nan, 1e-9], label="loss")
    axes.set(title="Training", xlabel="epoch", ylabel="loss [nat]")
    (panel,) = drawn(axes.figure)
    assert (panel["title"], panel["x"], panel["y"]) == ("Training", "epoch", "loss [nat]")
    series = only(axes)
    assert (series["kind"], series["label"], series["drawn"]) == ("line", "loss", 3)
    assert series["rows"] == "1,0.5\n2,\n3,1e-09"


def test_points_with_their_colours(axes):
    axes.figure.colorbar(axes.scatter([1, 2], [3, 4], c=[5, 6]), ax=axes)
    series = only(axes)
    assert (series["kind"], series["columns"]) == ("points", ["x", "y", "value"])
    np.testing.assert_array_equal(rows(series), [[1, 3, 5], [2, 4, 6]])


def test_cells_of_a_hexbin_hold_all_stars(axes):
    x, y = np.random.default_rng(0).normal(size=(2, 500))
    axes.hexbin(x, y, gridsize=10)
    series = only(axes)
    assert series["kind"] == "cells"
    assert rows(series)[:, 2].sum() == 500


def test_steps_bars_errors_and_pixels(axes):
    figure = Figure(layout="constrained")
    one, two, three, four, five = figure.subplots(5)
    one.stairs([4, 5], [0, 1, 3])
    two.bar([0, 1], [2, 3], width=1, label="stars")
    three.errorbar([1, 2], [3, 4], yerr=[0.5, 1], label="ages")
    four.imshow([[1, 2], [3, 4]], origin="lower", extent=(0, 2, 0, 20))
    five.pcolormesh([0, 2, 4], [0, 1], [[7, 8]])
    steps, bars, errors, image, mesh = drawn(figure)
    np.testing.assert_array_equal(rows(steps["series"][0]), [[4, 0, 1], [5, 1, 3]])
    (series,) = bars["series"]
    assert (series["label"], series["drawn"]) == ("stars", 2)
    np.testing.assert_array_equal(rows(series), [[-0.5, 0.5, 0, 2], [0.5, 1.5, 0, 3]])
    by_kind = {series["kind"]: series for series in errors["series"]}
    assert {series["label"] for series in errors["series"]} == {"ages"}
    np.testing.assert_array_equal(rows(by_kind["errors"]), [[1, 1, 2.5, 3.5], [2, 2, 3, 5]])
    centres = [[0.5, 5, 1], [1.5, 5, 2], [0.5, 15, 3], [1.5, 15, 4]]
    np.testing.assert_array_equal(rows(image["series"][0]), centres)
    np.testing.assert_array_equal(rows(mesh["series"][0]), [[1, 0.5, 7], [3, 0.5, 8]])


def test_areas_and_contours_have_their_corners(axes):
    axes.fill_between([0, 1], [2, 3], [4, 5])
    corners = {tuple(row) for row in rows(only(axes))}
    assert corners == {(0, 2), (1, 3), (1, 5), (0, 4)}


def test_contours_have_their_levels():
    axes = Figure().subplots()
    axes.contour([[0, 1], [0, 1]], levels=[0.25, 0.5])
    levels = rows(only(axes))
    np.testing.assert_allclose(levels[:, 0], levels[:, 2])


def test_what_is_not_data_is_left_out(axes):
    axes.axvline(3)
    axes.axhspan(1, 2)
    axes.text(0, 0, "text")
    assert drawn(axes.figure) == []


def test_a_long_series_is_thinned_evenly_and_says_how_many_there_were(axes):
    axes.plot(np.arange(2 * MOST + 1))
    series = only(axes)
    assert series["drawn"] == 2 * MOST + 1
    kept = rows(series)[:, 0]
    assert len(kept) <= MOST
    assert set(np.diff(kept)) == {3}


def test_a_saved_figure_has_its_data_beside(axes, tmp_path):
    axes.plot([1, 2], [3, 4])
    save(axes.figure, tmp_path / "a", "A", "A line.", "simulated")
    said = json.loads((tmp_path / "a.json").read_text())
    assert said["panels"][0]["series"][0]["rows"] == "1,3\n2,4"
