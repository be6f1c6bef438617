"""The rival from labels to spectra: its priors, what it reads of spectra, the comparison."""

import numpy as np
import pytest

from starloom.figures.scatter_vae_zgr23 import draw
from starloom.studies.scatter_vae import zgr23
from starloom.studies.scatter_vae.errors import WAVELENGTH_NM


@pytest.fixture(scope="module")
def stars():
    return {
        "source_id": np.array([11, 12, 13]),
        "parallax": np.array([4.0, 0.1, -0.5]),
        "parallax_error": np.array([0.1, 0.2, 0.1]),
        "h_m": np.array([10.0, 10.0, np.nan]),
        "w2": np.array([9.74, 10.5, 9.0]),
        "h_msigcom": np.array([0.03, 0.03, 0.03]),
        "w2_err": np.array([0.04, 0.04, 0.04]),
    }


@pytest.fixture(scope="module")
def arrays():
    """Spectra of known shape: a broad BP and RP bump, independent errors of a percent."""
    rng = np.random.default_rng(0)
    coefficients = rng.normal(0, 1, (4, 110))
    coefficients[:, [0, 55]] = 500.0
    return {
        "source_id": np.array([12, 11, 99, 13]),
        "coefficients": coefficients.astype(np.float32),
        "errors": np.full((4, 110), 0.5, np.float32),
        "phot_g_mean_flux": np.array([900.0, 900.0, 900.0, np.nan]),
        "xp_flag": np.zeros(4, np.int32),
    }


def test_priors_by_hand(stars):
    (first, second, third) = zgr23.priors(stars)
    # E = (0.26 - 0.05)/(0.131 - 0.026) = 2 mag, its error that of both bands and the scatter.
    sigma = np.sqrt(0.03**2 + 0.04**2 + zgr23.INTRINSIC**2) / 0.105
    np.testing.assert_allclose(first, [[2.0, sigma], [np.log(4.0), 0.1 / 4]], rtol=1e-5)
    np.testing.assert_allclose(second, [[0.0, sigma], [np.log(0.4), 1.0]], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(third, [zgr23.USUAL_EXTINCTION, [np.log(0.2), 1.0]], rtol=1e-5)


def test_stars_without_infrared_have_the_usual_extinction(stars):
    bare = {name: stars[name] for name in ("source_id", "parallax", "parallax_error")}
    np.testing.assert_allclose(zgr23.priors(bare)[:, 0], [zgr23.USUAL_EXTINCTION] * 3, rtol=1e-6)


def test_only_readable_stars_are_prepared(arrays, stars):
    found = zgr23.prepared([arrays], stars)
    assert found["source_id"].tolist() == [12, 11]
    assert found["white"].shape == (2, 61, 61)
    bright = found["flux"] > 10 * found["sigma"]
    assert bright.any()
    np.testing.assert_allclose(
        found["log_flux"][bright], np.log(found["flux"][bright]), rtol=1e-5, atol=1e-5
    )
    # A spectrum as good as its photons allow, off by one sigma.
    off = zgr23.relative_errors(np.log(np.abs(found["flux"] - found["sigma"])), found)
    np.testing.assert_allclose(off[bright], 1, rtol=1e-4)


def test_what_cannot_be_prepared_is_told(arrays, stars):
    short = arrays | {name: arrays[name][:, :40] for name in ("coefficients", "errors")}
    with pytest.raises(ValueError, match="only DR3's spectra"):
        zgr23.prepared([short], stars)
    for none in ({name: values[:0] for name, values in stars.items()}, stars):
        others = none | {"parallax": np.full(len(none["parallax"]), np.nan)}
        with pytest.raises(ValueError, match="no star has a spectrum and a parallax"):
            zgr23.prepared([arrays], others)


def test_numbers_and_figure_of_a_known_gain():
    rng = np.random.default_rng(3)
    ours = rng.normal(size=(400, 61))
    reliable = np.arange(400) < 300
    rival = np.where(reliable[:, None], 2.0, 8.0) * ours
    table = {"relative_flux": ours, "rival_flux": rival, "reliable": reliable}
    found = {number.id: number for number in zgr23.numbers(table, 0)}
    assert found["xpvae.zgr23_reliable"].value == 75.0
    assert found["xpvae.vs_zgr_gain"].value == pytest.approx(50)
    assert found["xpvae.vs_zgr_gain_all"].value == pytest.approx(76, abs=2)
    ratio = found["xpvae.zgr23_median_rmse_flux_reliable"].value
    assert ratio == pytest.approx(2 * found["xpvae.median_rmse_flux_reliable"].value)
    assert found["xpvae.vs_zgr_gain"].n == 300
    figure, _, caption = draw(table, WAVELENGTH_NM, zgr23.FIRST_CURVE, zgr23.reference_curve())
    assert "300 of 400" in caption and "VAE's is 50 % smaller there" in caption
    worse = table | {"relative_flux": 4 * ours}
    assert "VAE's is 100 % larger there" in draw(worse, WAVELENGTH_NM, *[zgr23.FIRST_CURVE] * 2)[2]
    assert len(figure.axes) == 3


def test_few_reliable_stars_leave_their_numbers_out():
    table = {name: np.ones((3, 61)) for name in ("relative_flux", "rival_flux")}
    table["reliable"] = np.array([True, False, False])
    assert [number.id for number in zgr23.numbers(table, 0)] == ["xpvae.zgr23_reliable"]
    assert "Here" not in draw(table, WAVELENGTH_NM, *[zgr23.FIRST_CURVE] * 2)[2]
    assert zgr23.reliable(np.array([121.0, 123.0]), np.ones(2)).tolist() == [True, False]
