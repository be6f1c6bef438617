"""Figures of the study cemp: coordinates by astropy, and samples with nothing to show."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from starloom.figures import cemp


def test_galactic_coordinates_are_astropy_s():
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    longitude, latitude = cemp.galactic(ra, dec)
    expected = SkyCoord(ra, dec, unit="deg").galactic
    np.testing.assert_allclose(latitude, expected.b.deg, atol=1e-4)
    away = (longitude - expected.l.deg + 180) % 360 - 180
    np.testing.assert_allclose(away * np.cos(np.deg2rad(latitude)), 0, atol=1e-4)


@pytest.mark.parametrize(("groups", "panels"), [(0, 1), (2, 3), (3, 6)])
def test_every_figure_is_drawn_also_without_any_population(groups, panels):
    rng, n, pixels = np.random.default_rng(1), 60, 7
    labels = np.repeat(np.arange(-1, groups), n // (groups + 1))
    stars = {name: rng.uniform(1, 80, n) for name in ("ra", "dec", "bp_rp", "m_g")}
    stars["m_g"][:5] = np.nan
    band = {k: rng.random((groups, pixels)) for k in ("low", "median", "high", "difference")}
    sweep = {"method": np.array(["eom", "leaf"]), "min_samples": np.array([5, 5])}
    sweep |= {
        name: np.array([1.0, np.nan])
        for name in (
            "min_cluster_size", "populations", "noise", "validity", "seed_ari", "bootstrap_ari"
        )
    }  # fmt: skip
    probability = rng.random(n) if groups else np.full(n, np.nan)
    tables = {
        "catalog": {"population": labels, "probability": probability},
        "stars": stars,
        "latent": rng.normal(size=(n, 4)),
        "spectra": band | {"wavelength_nm": np.arange(400.0, 400 + pixels)},
        "sweep": sweep,
    }
    votes = [{"population": k, "n": 15, "winner": "unknown"} for k in range(groups)]
    names = ["spectra", "hrd", "sky", "probability", "latent", "stability"]
    drawn = cemp.draw_all(tables, votes, {"row": 0}, names)
    for figure, title, caption in drawn.values():
        figure.draw_without_rendering()
        assert title and caption.endswith((".", "dimensions."))
    noise = (labels[5:] < 0).sum()
    caption = drawn["hrd"][2]
    assert "of the 55 of 60 candidates" in caption and f"{noise} of those drawn" in caption
    assert len(drawn["spectra"][0].axes) == panels


def test_a_faint_spectrum_fills_its_own_panel_beside_a_bright_one():
    faint, bright = np.full(5, 0.1), np.full(5, 1.0)
    table = {name: np.stack([faint, bright]) for name in ("low", "median", "high", "difference")}
    left = cemp.spectra(table | {"wavelength_nm": np.arange(5.0)}, ["0", "1"]).axes[0]
    assert 0.1 < left.get_ylim()[1] < 0.2 and left.get_ylim()[0] == 0
