"""Figures of the study tagging."""

import numpy as np

from starloom.figures import tagging


def _variant(method, loss):
    history = {"seed": np.zeros(4), "epoch": np.arange(1.0, 5.0)}
    history |= {f"{part}_loss": loss * np.arange(4.0, 0, -1) for part in ("train", "validation")}
    return {"method": method, "remove": ["teff"], "history": history}


def test_each_loss_is_drawn_in_the_unit_that_its_heading_says():
    figure = tagging.losses({"a": _variant("fader", 1e-3), "b": _variant("contrastive", 2.0)})
    titles = [axes.get_title().splitlines()[-1] for axes in figure.axes]
    highest = [max(line.get_ydata().max() for line in axes.lines[:2]) for axes in figure.axes]
    assert titles == ["loss [$10^{-3}$]", "loss"]
    np.testing.assert_allclose(highest, [4.0, 8.0])
