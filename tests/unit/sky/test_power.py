import numpy as np
import pytest
from scipy import stats

from starloom.sky.evolution import CLUMP, RGB
from starloom.sky.kepler_band import NYQUIST_UHZ
from starloom.sky.mode_table import mode_table
from starloom.sky.power import BATCH, NEEDED, binned_power, power_density
from starloom.sky.seismology import scaling
from tests.seismic_estimators import large_separation, smoothed_peak, stretched_spacing

LOGG = {RGB: (2.95, 2.6, 2.2), CLUMP: (2.45, 2.4, 2.5)}


def stars(state=RGB, kepmag=10.0, count=3):
    logg = np.resize(LOGG[state], count)
    mass = np.resize([1.3, 1.1, 1.0], count)
    return {
        "star": np.arange(count),
        "state": np.full(count, state),
        "mass_msun": mass,
        "radius_rsun": np.sqrt(mass * 10 ** (4.438 - logg)),
        "teff": np.full(count, 4800.0),
        "logg": logg,
        "m_h": np.zeros(count),
        "kepmag": np.full(count, kepmag),
    }


EDGES = 2.0 * 1.06 ** np.arange(84)


@pytest.fixture(scope="module")
def freq():
    return np.linspace(0.0, NYQUIST_UHZ, 40001)


@pytest.fixture(scope="module")
def seismic():
    one, two = scaling(stars(), 3, {"rotation": False}), scaling(stars(CLUMP), 4)
    return {name: np.concatenate([one[name], two[name]]) for name in one}


@pytest.fixture(scope="module")
def limit(freq, seismic):
    return power_density(freq, seismic).astype(float)


@pytest.fixture(scope="module")
def drawn(freq, limit):
    """One realisation: power of a long, even, ungapped series is exponentially distributed."""
    return limit * np.random.default_rng(5).exponential(size=limit.shape)


def test_the_spectrum_is_background_plus_the_lorentzians_of_the_mode_table(freq, seismic, limit):
    for i in range(3):
        star = {name: values[i] for name, values in seismic.items()}
        table = mode_table(star, reach=2.5)
        modes = np.zeros(len(freq))
        for nu, fwhm, height in zip(
            table["freq_uhz"], table["fwhm_uhz"], table["height_ppm2_uhz"], strict=True
        ):
            modes += height / (1 + (2 * (freq - nu) / fwhm) ** 2)
        quiet = {name: v[i : i + 1] for name, v in seismic.items()} | {"amplitude_ppm": np.zeros(1)}
        eta = np.sinc(freq / (2 * NYQUIST_UHZ)) ** 2
        explicit = power_density(freq, quiet)[0] + eta * modes
        near = abs(freq - star["numax_uhz"]) < star["envelope_uhz"]
        assert np.sum(limit[i][near]) == pytest.approx(np.sum(explicit[near]), rel=0.01)
        ratio = limit[i][near] / explicit[near]
        assert 0.75 < np.percentile(ratio, 2) and np.percentile(ratio, 98) < 1.3
        assert np.median(ratio) == pytest.approx(1.0, abs=0.03)


def test_the_spectrum_is_white_noise_where_the_star_is_silent(freq):
    faint = scaling(stars(kepmag=15.5), 3)
    power = power_density(freq, faint)
    np.testing.assert_allclose(power[2, freq > 270], faint["white_ppm2_uhz"][2], rtol=0.02)


def test_numax_is_recovered_by_smoothing(freq, seismic, drawn):
    for i in range(len(drawn)):
        numax, dnu = seismic["numax_uhz"][i], seismic["dnu_uhz"][i]
        found = smoothed_peak(freq, drawn[i], 1.05 * numax, dnu)
        assert found == pytest.approx(numax, rel=0.1)


def test_the_large_separation_is_recovered_by_autocorrelation(freq, seismic, drawn):
    for i in range(3):
        numax, dnu = seismic["numax_uhz"][i], seismic["dnu_uhz"][i]
        found = large_separation(freq, drawn[i], numax, 1.04 * dnu)
        assert found == pytest.approx(dnu, rel=0.03)


@pytest.mark.parametrize(("row", "low", "high"), [(0, 60.0, 100.0), (3, 220.0, 380.0)])
def test_the_period_spacing_of_mixed_modes_is_recovered(freq, seismic, drawn, row, low, high):
    star = {name: values[row] for name, values in seismic.items()}
    table = mode_table(star)
    radial = table["freq_uhz"][table["degree"] == 0]
    radial = radial[np.argmin(abs(radial - star["numax_uhz"]))]
    fine = np.arange(radial - 3 * star["dnu_uhz"], radial + 3 * star["dnu_uhz"], 0.004)
    long = {name: values[row : row + 1] for name, values in seismic.items()}
    long["core_splitting_uhz"] = np.zeros(1)
    power = power_density(fine, long)[0] * np.random.default_rng(1).exponential(size=len(fine))
    q = star["coupling"]
    found = stretched_spacing(fine, power, star["dnu_uhz"], radial, star["d01"], q, low, high)
    assert found == pytest.approx(star["period_spacing_s"], rel=0.02)


def test_binned_power_has_the_mean_of_the_limit_spectrum_in_each_bin(seismic):
    many = {name: np.repeat(values[:1], 512) for name, values in seismic.items()}
    many["star"] = np.arange(512)
    mean = binned_power(EDGES, many, seed=2, observed_days=200.0).mean(axis=0)
    fine = np.linspace(EDGES[0], EDGES[-1], 40001)
    exact = power_density(fine, {name: values[:1] for name, values in seismic.items()})[0]
    exact = np.array([part.mean() for part in np.split(exact, np.searchsorted(fine, EDGES[1:-1]))])
    np.testing.assert_allclose(mean, exact, rtol=0.15)
    wide = EDGES[:-1] > 10
    assert mean[wide].sum() == pytest.approx(exact[wide].sum(), rel=0.02)


def test_the_noise_of_a_bin_goes_with_the_number_of_frequencies_in_it(seismic):
    many = {name: np.repeat(values[2:3], 1024) for name, values in seismic.items()}
    many |= {"star": np.arange(1024), "amplitude_ppm": np.zeros(1024)}
    power = binned_power(EDGES, many, seed=1, observed_days=100.0).astype(float)
    count = np.diff(EDGES) * 100 * 0.0864
    quiet = count > 8
    spread = power.var(axis=0) * count / power.mean(axis=0) ** 2
    np.testing.assert_allclose(spread[quiet], 1.0, rtol=0.2)
    assert spread[quiet].mean() == pytest.approx(1.0, abs=0.03)
    single = binned_power(EDGES, many, seed=1, observed_days=2.0)[:, 5].astype(float)
    assert stats.kstest(single / single.mean(), "expon").pvalue > 1e-3


def test_a_star_has_the_same_spectrum_in_any_batch(seismic):
    stars = {name: np.resize(values, BATCH + 5) for name, values in seismic.items()}
    stars["star"] = np.arange(BATCH + 5)
    whole = binned_power(EDGES, stars, seed=9)
    rows = [BATCH + 3, 1, 17]
    part = binned_power(EDGES, {name: values[rows] for name, values in stars.items()}, seed=9)
    np.testing.assert_array_equal(part, whole[rows])
    other = binned_power(EDGES, stars, seed=10)
    assert not np.any(other == whole)
    density = power_density(EDGES, stars)
    alone = power_density(EDGES, {name: values[rows] for name, values in stars.items()})
    np.testing.assert_array_equal(alone, density[rows])


def test_a_bad_star_is_nan_and_leaves_the_others(seismic):
    broken = {name: values.copy() for name, values in seismic.items()}
    for name in NEEDED:
        broken[name][1] = np.nan
    power, good = binned_power(EDGES, broken, 1), binned_power(EDGES, seismic, 1)
    assert np.all(np.isnan(power[1]))
    np.testing.assert_array_equal(np.delete(power, 1, axis=0), np.delete(good, 1, axis=0))
    assert np.all(np.isfinite(good)) and np.all(good > 0)


def test_stars_that_oscillate_above_nyquist_or_below_a_microhertz_have_finite_spectra(freq):
    odd = stars() | {"logg": np.array([4.4, 0.4, -0.2]), "state": np.array([0, 5, 5])}
    odd["radius_rsun"] = np.sqrt(odd["mass_msun"] * 10 ** (4.438 - odd["logg"]))
    seismic = scaling(odd, 1)
    assert np.all(seismic["seismic_flag"][[0, 2]] > 0)
    assert np.all(np.isfinite(power_density(freq, seismic)))
    assert np.all(np.isfinite(binned_power(EDGES, seismic, 1)))


def test_bad_input_is_refused(seismic):
    with pytest.raises(ValueError, match="increase"):
        binned_power(np.array([3.0, 2.0]), seismic, 1)
    with pytest.raises(KeyError, match="coupling"):
        power_density(np.ones(3), {n: v for n, v in seismic.items() if n != "coupling"})
    empty = {name: values[:0] for name, values in seismic.items()}
    assert binned_power(EDGES, empty, 1).shape == (0, len(EDGES) - 1)
