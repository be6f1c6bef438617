"""Synthetic H-band spectra against a real giant and a data-driven model of real giants."""

import gzip
import json

import numpy as np
import pytest
from scipy.signal import find_peaks

from starloom.sky import apogee_noise, hband, hband_refit
from starloom.sky.hband_basis import wavelength_angstrom

pytestmark = pytest.mark.real
LABELS = ("teff", "logg", "m_h", "alpha_m", "c_fe", "n_fe", "microturbulence_kms")


@pytest.fixture(scope="module")
def giants(real):
    """The model's spectra and ours at the same labels, and the real DR14 giant and ours."""
    folder = real / "apogee"
    target = hband_refit.read_target(folder)
    about = json.loads((folder / "spectra" / "dr14_giant_2M08002084+4044415.json").read_text())
    names = ("effective_temperature", "log_surface_gravity", "metallicity", "alpha_enhancement",
             "carbon_over_m", "nitrogen_over_m", "microturbulence_km_s")  # fmt: skip
    mixture = (hband_refit.DREDGED["c"], hband_refit.DREDGED["n"])
    rows = [(*labels, *mixture, 1.4) for labels in hband_refit.GIANTS]
    rows = np.array([*rows, [about[name] for name in names]])
    flux, _ = hband.spectra(dict(zip(LABELS, rows.T, strict=True)))
    ours = hband_refit.levelled(flux[:, hband_refit.pixels()], target.continuum)
    file = np.load(folder / "spectra" / "dr14_giant_2M08002084+4044415.npz")
    star, good = np.ones(8575), np.zeros(8575, bool)
    star[file["apstar_pixel"]] = file["normalized_flux"]
    good[file["apstar_pixel"]] = file["good_pixel_mask"]
    star, good = star[hband_refit.pixels()], good[hband_refit.pixels()]
    star = hband_refit.levelled(np.where(good, star, 1.0)[None], target.continuum)[0]
    return {"target": target, "ours": ours, "star": star, "use": good & target.good}


def correlation(a, b, use):
    return np.corrcoef(a[use], b[use])[0, 1]


def test_the_mean_giant_of_the_model_is_reproduced_by_line_strengths_fitted_to_it(giants):
    target = giants["target"]
    for ours, theirs in zip(giants["ours"], target.flux, strict=False):
        assert correlation(ours, theirs, target.good) > 0.93
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.012)
        assert ours.std() == pytest.approx(theirs.std(), rel=0.15)


def test_a_real_giant_that_was_not_fitted_is_reproduced(giants):
    ours, star, use = giants["ours"][-1], giants["star"], giants["use"]
    assert correlation(ours, star, use) > 0.88
    assert ours[use].mean() == pytest.approx(star[use].mean(), abs=0.01)
    shifts = [correlation(np.roll(ours, k), star, use) for k in (-1, 0, 1)]
    assert np.argmax(shifts) == 1


def test_lines_are_as_dense_as_in_the_model(giants):
    target = giants["target"]
    for depth in (0.05, 0.15):
        ours, theirs = (
            len(find_peaks(1 - flux, height=depth, distance=3)[0])
            for flux in (giants["ours"][1], target.flux[1])
        )
        assert ours == pytest.approx(theirs, rel=0.15)


def test_the_spectrum_answers_temperature_and_metallicity_as_the_model_does(giants, real):
    folder = real / "apogee" / "cannon"
    with gzip.open(folder / "coefficients_15x7214.txt.gz") as file:
        coefficients = np.loadtxt(file)
    base = np.loadtxt(folder / "baseline_labels.txt")
    steps = {"teff": (1, 100.0), "m_h": (3, 0.1)}
    rows = np.array([(*base, -0.1, 0.25, 1.5)] * 3)
    rows[1, 0] += 100.0
    rows[2, 2] += 0.1
    flux, _ = hband.spectra(dict(zip(LABELS, rows.T, strict=True)))
    target = giants["target"]
    ours = hband_refit.levelled(flux[:, hband_refit.pixels()], target.continuum)
    for number, (row, step) in enumerate(steps.values(), start=1):
        change = (ours[number] - ours[0]) / step
        assert correlation(change, coefficients[row], target.good) > 0.6


def test_errors_gaps_and_sky_lines_are_those_of_a_real_apstar(real):
    from starloom.archives.sdss import read_apstar

    file = read_apstar(real / "apogee" / "spectra" / "apStar-dr17-2M19485057+5005279.fits")
    stars = {
        name: np.array([value])
        for name, value in zip(LABELS, (5130.0, 3.0, 0.0, 0.0, 0.0, 0.0, 1.5), strict=True)
    }
    stars["star"] = np.array([7])
    seen = apogee_noise.observe(stars, np.array([10.7]), np.array([150.0]), np.array([1]), 1)
    ours = {name: values[0] for name, values in seen.items()}
    ours_gap, their_gap = np.isnan(ours["flux"]), ~np.isfinite(file["flux"])
    assert ours_gap.sum() == 774
    assert not np.any(ours_gap & ~their_gap)
    good = np.isfinite(file["error"]) & (ours["error"] < 1e9)
    spread = {
        name: np.percentile(error[good] / np.median(error[good]), [16, 84])
        for name, error in (("ours", ours["error"]), ("theirs", file["error"]))
    }
    np.testing.assert_allclose(spread["ours"], spread["theirs"], rtol=0.35)
    wave = wavelength_angstrom()
    assert np.median(ours["flux"][good]) == pytest.approx(np.median(file["flux"][good]), rel=0.5)
    assert np.isfinite(wave).all()
