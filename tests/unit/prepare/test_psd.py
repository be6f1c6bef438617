"""Power spectra: bins, background and smoothing against direct sums."""

import numpy as np
import pytest
from astropy.timeseries import LombScargle

from starloom.prepare import psd

GRID = psd.Grid()


def _white(n_star, seed=0):
    return np.random.default_rng(seed).exponential(size=(n_star, len(GRID.freq_uhz)))


def test_the_bins_are_those_of_the_released_spectra():
    centres = GRID.centres_uhz
    assert len(GRID.freq_uhz) == 29_778
    assert (len(centres), centres[0], centres[1]) == (2092, 2.0, pytest.approx(2.0045))
    assert centres[-1] == pytest.approx(268.996, abs=5e-4)
    # At any frequency the usual large separation spans equally many bins.
    width = np.diff(GRID.edges_uhz[1:])
    np.testing.assert_allclose(0.268 * GRID.edges_uhz[1:-1] ** 0.758 / width, 50.3585, rtol=1e-5)


def test_the_listed_frequencies_are_the_published_ones(real):
    stored = np.load(real / "kepler" / "psd_digitised_2092grid.npz")
    np.testing.assert_allclose(GRID.centres_uhz, stored["freq_uHz"], rtol=2e-7)


def test_a_periodogram_is_the_direct_sum_in_physical_units():
    random = np.random.default_rng(1)
    kept = np.sort(random.choice(3000, 2500, replace=False))
    time = kept * 0.020434 + 1e-4 * random.normal(size=2500)
    flux = 80 * np.sin(2 * np.pi * 0.0864 * 50.0 * time) + 20 * random.normal(size=2500)
    small = psd.Grid(low_uhz=20.0, high_uhz=90.0, step_uhz=0.05)
    found = psd.periodogram(time, flux, small)
    exact = LombScargle(time, flux).power(
        0.0864 * small.freq_uhz, normalization="psd", method="slow"
    )
    np.testing.assert_allclose(found, 2 * 1765.4629e-6 * exact, atol=1e-7 * found.max())
    # Parseval: the line holds the variance of the sine, but for what the gaps scatter away.
    line = np.abs(small.freq_uhz - 50.0) < 2.0
    assert np.sum(found[line]) * 0.05 == pytest.approx(0.5 * 80**2 * 2500 / 3000, rel=0.05)
    noise = psd.periodogram(time, 20 * random.normal(size=2500), small)
    assert noise.mean() == pytest.approx(2 * 1765.4629e-6 * 20**2, rel=0.15)


@pytest.mark.parametrize("n", [0, 99])
def test_too_few_cadences_are_refused_with_their_number(n):
    with pytest.raises(ValueError, match=f"{n} cadences"):
        psd.periodogram(np.arange(float(n)), np.zeros(n), GRID)


def test_the_background_is_the_mean_of_medians_of_all_windows_over_a_frequency():
    power = _white(2) * GRID.freq_uhz**-1.5
    found = psd.background(power, GRID.freq_uhz, GRID)
    log_freq = np.log10(GRID.freq_uhz)
    total, count = np.zeros_like(power), np.zeros(len(log_freq))
    for centre in np.arange(log_freq[0], log_freq[-1], 0.005):
        near = np.abs(log_freq - centre) < 0.01
        total[:, near] += np.median(power[:, near], axis=1)[:, None]
        count += near
    np.testing.assert_allclose(found, total / count / (8 / 9) ** 3, rtol=1e-6)


def test_a_window_that_holds_no_frequency_is_refused_with_the_key_to_change():
    few = np.arange(2.0, 270.0, 1.0)
    with pytest.raises(ValueError, match=r"psd.window_dex"):
        psd.background(np.ones((1, len(few))), few, GRID)


def test_white_noise_over_its_background_has_a_mean_of_one():
    ratio = np.exp(psd.log_ratio(_white(8), GRID)[:, 200:].astype(float))
    assert ratio.mean() == pytest.approx(1.0, abs=0.02)


def test_smoothing_and_bins_equal_the_sums_written_out():
    power = _white(1)
    freq, edges = GRID.freq_uhz, GRID.edges_uhz
    ratio = (power / psd.background(power, freq, GRID))[0]
    found = psd.log_ratio(power, GRID)[0]
    for index in (1, 2, 500, 2090, 2091):
        inside = (freq > edges[index] - 1e-7) & (freq < edges[index + 1] - 1e-7)
        kernel = np.exp(-0.5 * ((freq[inside][:, None] - freq) / 0.1) ** 2)
        smooth = (kernel * ratio).sum(axis=1) / kernel.sum(axis=1)
        assert found[index] == pytest.approx(np.log(smooth.mean()), abs=2e-5)
        assert psd.binned(power, GRID)[0, index] == pytest.approx(power[0, inside].mean())
    assert np.isnan(found[0]) and np.isfinite(found[1:]).all()


def test_neither_edge_falls_towards_zero():
    flat = np.ones((1, len(GRID.freq_uhz)))
    found = psd.log_ratio(flat, GRID)[0, 1:]
    np.testing.assert_allclose(found, 3 * np.log(8 / 9), atol=1e-5)


def test_spectra_in_bins_alone_give_the_same_as_full_ones():
    """Of white noise; what is lost within a bin makes its scatter smaller by up to 12 percent."""
    full = psd.log_ratio(_white(60), GRID)
    days = 1 / (GRID.step_uhz * psd.DAY_MS)
    shape = np.diff(GRID.edges_uhz[1:]) / GRID.step_uhz
    bins = np.random.default_rng(3).gamma(shape, 1 / shape, size=(60, len(shape)))
    short = psd.log_ratio_of_bins(bins, GRID, days)
    assert short.shape == full.shape and np.isnan(short[:, 0]).all()
    for part in (slice(100, 300), slice(800, 1000), slice(1700, 1900)):
        assert short[:, part].mean() == pytest.approx(full[:, part].mean(), abs=0.02)
        assert short[:, part].std() == pytest.approx(full[:, part].std(), rel=0.14)


def test_a_star_without_power_is_nan_and_does_not_stop_the_others():
    power = _white(3)
    power[1] = np.nan
    found = psd.log_ratio(power, GRID)
    assert np.isnan(found[1]).all() and np.isfinite(found[[0, 2], 1:]).all()


@pytest.mark.parametrize("numax", [12.0, 40.0, 110.0, 220.0])
def test_numax_of_an_envelope_of_modes_is_found(numax):
    freq = GRID.freq_uhz
    dnu = 0.268 * numax**0.758
    envelope = 8 * np.exp(-((freq - numax) ** 2) / (2 * (1.3 * dnu) ** 2))
    lines = sum(
        1 / (1 + ((freq - dnu * (n + shift)) / (0.015 * dnu)) ** 2)
        for n in range(1, 40)
        for shift in (0.0, 0.5)
    )
    found = psd.numax_from_ratio(psd.log_ratio(_white(12) * (1 + envelope * lines), GRID), GRID)
    assert np.median(found) == pytest.approx(numax, rel=0.03)
    np.testing.assert_allclose(found, numax, rtol=0.16)
