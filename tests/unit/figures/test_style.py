"""The one way to write figures."""

import numpy as np
from matplotlib.figure import Figure

from starloom.figures.style import save, styled


def _figure():
    with styled():
        figure = Figure(figsize=(5, 3))
        panels = figure.subplots(2, 2)
        for axes in panels.flat:
            axes.plot([0, 1], [1, 2], label="line")
            axes.set(xlabel="x", ylabel="y")
        points = panels[0, 0].scatter([0, 1], [1, 2], c=[1, 2])
        figure.colorbar(points, ax=panels[:, 1], label="age [Gyr]")
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center")
    return figure


def test_the_layout_keeps_no_digits_that_differ_from_run_to_run(tmp_path):
    figure = _figure()
    save(figure, tmp_path / "one", "title", "caption", "simulated")
    for axes in figure.axes:
        bounds = np.array(axes.get_position(original=True).bounds)
        np.testing.assert_allclose(bounds, np.round(bounds, 6), rtol=0, atol=1e-15)
    save(_figure(), tmp_path / "other", "title", "caption", "simulated")
    for suffix in (".png", ".pdf", ".json"):
        one, other = ((tmp_path / name).with_suffix(suffix) for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
