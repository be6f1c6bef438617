"""Estimators of seismic quantities from light curves and spectra, none of the package's own."""

import finufft
import numpy as np
from scipy.ndimage import gaussian_filter1d

CADENCE_S = 1765.4629


def periodogram(time_day, flux_ppm, freq_uhz):
    """One-sided power density [ppm2/uHz] by a non-uniform Fourier sum."""
    phase = 2 * np.pi * 0.0864 * (time_day - time_day[0])
    sums = finufft.nufft1d3(phase, flux_ppm.astype(complex), np.asarray(freq_uhz), eps=1e-7)
    return 2 * CADENCE_S * 1e-6 / len(time_day) * np.abs(sums) ** 2


def even_spectrum(flux_ppm):
    """Frequencies [uHz] and one-sided power density of an even series of long cadences."""
    count = len(flux_ppm)
    power = 2 * CADENCE_S * 1e-6 / count * np.abs(np.fft.rfft(flux_ppm)) ** 2
    return np.fft.rfftfreq(count, CADENCE_S * 1e-6), power


def smoothed_peak(freq, power, guess, dnu):
    """Frequency of maximum power [uHz]: heavy smoothing, a power law under the excess."""
    step = freq[1] - freq[0]
    smooth = gaussian_filter1d(power, dnu / step, mode="nearest")
    low, high = (abs(freq - x) < 0.5 * dnu for x in (0.6 * guess, 1.6 * guess))
    x, y = np.log([0.6 * guess, 1.6 * guess]), np.log([smooth[low].mean(), smooth[high].mean()])
    slope = (y[1] - y[0]) / (x[1] - x[0])
    base = np.exp(y[0] + slope * (np.log(np.maximum(freq, 1e-6)) - x[0]))
    near = (freq > 0.7 * guess) & (freq < 1.4 * guess)
    return float(freq[near][np.argmax((smooth - base)[near])])


def large_separation(freq, power, numax, guess):
    """Large separation [uHz] at the maximum of the autocorrelation within 15 % of a guess."""
    step = freq[1] - freq[0]
    near = abs(freq - numax) < 3.0 * guess
    smooth = gaussian_filter1d(np.log(power[near]), 0.03 * guess / step)
    smooth = smooth - smooth.mean()
    lag = np.arange(int(0.85 * guess / step), int(1.15 * guess / step))
    product = [np.mean(smooth[k:] * smooth[:-k]) for k in lag]
    return float(lag[np.argmax(product)] * step)


def stretched_spacing(freq, power, dnu, radial, d01, coupling, low_s, high_s):
    """
    Period spacing [s] of dipole mixed modes by the stretched periods of Vrard et al. (2016).

    `radial` is a radial mode near numax [uHz]. The result is the trial spacing whose own
    stretching gives the strongest comb.
    """
    near = abs(freq - radial) < 2.2 * dnu
    nu, p = freq[near], power[near] / np.median(power[near])
    offset = ((nu - radial) / dnu + 0.5) % 1.0 - 0.5
    dipole = (offset > 0.1) | (offset < -0.25)
    weight = np.where(dipole, np.minimum(p, 50.0), 0.0)
    theta = np.pi * ((nu - radial) / dnu - 0.5 + d01)
    best = []
    trials = np.arange(low_s, high_s, 0.1 if high_s < 150 else 0.5)
    for spacing in trials:
        n = dnu / (spacing * 1e-6 * nu**2)
        shape = coupling**2 * np.cos(theta) ** 2 + np.sin(theta) ** 2
        zeta = 1 / (1 + coupling / n / shape)
        stretched = np.cumsum(1e6 / (zeta * nu**2)) * (nu[1] - nu[0])
        best.append(abs(np.sum(weight * np.exp(2j * np.pi * stretched / spacing))))
    return float(trials[np.argmax(best)])


def fold_gaps(freq, power, numax, dnu, bins=20, lowest=6):
    """Mean power [ppm2/uHz] of the emptiest phases of the echelle within 1.5 dnu of numax."""
    near = abs(freq - numax) < 1.5 * dnu
    phase = ((freq[near] / dnu) % 1 * bins).astype(int)
    level = np.bincount(phase, power[near], bins) / np.bincount(phase, minlength=bins)
    return float(np.sort(level)[:lowest].mean())
