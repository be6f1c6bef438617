import numpy as np
import pytest

from starloom.sky.kepler_band import electrons_per_cadence, noise_ppm, white_noise_ppm2_uhz
from starloom.sky.kepler_cadence import BITS, cadences
from starloom.sky.kepler_photometry import observe

KEPMAG = 12.0
WHITE = float(white_noise_ppm2_uhz(70.0))
SILENT = np.zeros(len(cadences()))


@pytest.fixture(scope="module")
def mission():
    return observe(3, KEPMAG, WHITE, SILENT, seed=1, sky_group=22)


def _joined(mission, name):
    return np.concatenate([one.table[name] for one in mission])


def test_lost_fluxes_are_nan_and_a_bit_says_why(mission):
    for one in mission:
        quality = one.table["SAP_QUALITY"]
        sap, pdc = np.isnan(one.table["SAP_FLUX"]), np.isnan(one.table["PDCSAP_FLUX"])
        assert np.all(quality[sap] != 0) and np.all(quality[pdc] != 0)
        assert np.all(pdc[sap])
        wheels = quality & BITS["desaturation"] > 0
        assert np.all(sap[wheels]) and np.all(np.isfinite(one.table["TIME"][wheels]))
        gone = quality & BITS["no_data"] > 0
        np.testing.assert_array_equal(np.isnan(one.table["TIME"]), gone)
    assert 0.04 < np.isnan(_joined(mission, "SAP_FLUX")).mean() < 0.08


def test_quarters_have_levels_of_their_own_near_that_of_the_magnitude(mission):
    expected = electrons_per_cadence(KEPMAG) / 1625.35
    level = np.array([np.nanmedian(one.table["PDCSAP_FLUX"]) for one in mission])
    assert np.all(abs(level / expected - 1) < 0.08)
    assert 0.005 < np.std(level / expected) < 0.05
    seasons = np.array([one.quarter.season for one in mission])
    within = np.mean([level[seasons == season].std() for season in range(4)])
    assert within < 0.7 * level.std()
    for one, pdc in zip(mission, level, strict=True):
        sap = np.nanmedian(one.table["SAP_FLUX"])
        assert sap / pdc == pytest.approx(one.captured / one.crowding, rel=5e-3)


def test_the_scatter_of_a_silent_star_is_its_white_noise(mission):
    for one in mission[3:7]:
        flux = one.table["PDCSAP_FLUX"] / np.nanmedian(one.table["PDCSAP_FLUX"])
        step = np.diff(flux) * 1e6 / np.sqrt(2)
        step = step[np.isfinite(step)]
        robust = 1.4826 * np.median(abs(step - np.median(step)))
        assert robust == pytest.approx(70.0, rel=0.05)
        stated = np.nanmedian(one.table["PDCSAP_FLUX_ERR"]) / np.nanmedian(one.table["PDCSAP_FLUX"])
        assert stated * 1e6 == pytest.approx(float(noise_ppm(KEPMAG)), rel=0.01)


def test_sap_drifts_and_pdcsap_keeps_little_of_it(mission):
    drift = {}
    for name in ("SAP_FLUX", "PDCSAP_FLUX"):
        slopes = []
        for one in mission[1:]:
            flux = one.table[name] / np.nanmedian(one.table[name])
            good = np.isfinite(flux)
            x = np.linspace(-0.5, 0.5, len(flux))
            slopes.append(np.polyfit(x[good], flux[good], 1)[0])
        drift[name] = np.std(slopes)
    assert 5e-4 < drift["SAP_FLUX"] < 2e-2
    assert drift["PDCSAP_FLUX"] < 0.1 * drift["SAP_FLUX"]


def test_flags_come_at_the_rates_of_the_mission(mission):
    quality = _joined(mission, "SAP_QUALITY")
    for name, low, high in (
        ("aperture_cosmic", 0.02, 0.09),
        ("collateral_cosmic", 0.03, 0.08),
        ("zero_crossing", 0.005, 0.05),
        ("detector_anomaly", 5e-4, 4e-3),
        ("argabrightening", 3e-4, 3e-3),
        ("rolling_band", 0.005, 0.1),
    ):
        assert low < np.mean(quality & BITS[name] > 0) < high, name


def test_outliers_stand_out_and_are_rare(mission):
    sap = [one.table["SAP_FLUX"] for one in mission]
    flux = np.concatenate([values / np.nanmedian(values) for values in sap])
    step = np.diff(flux)[np.isfinite(np.diff(flux))]
    sigma = 1.4826 * np.median(abs(step))
    assert 2e-4 < np.mean(abs(step) > 5 * sigma) < 3e-3


def test_the_stars_own_variation_comes_through(mission):
    wave = 500.0 * np.sin(2 * np.pi * np.arange(len(SILENT)) / 48.7)
    waved = observe(3, KEPMAG, WHITE, wave, seed=1, sky_group=22, only=(5,))[0]
    plain = mission[5]
    assert waved.quarter.quarter == 5
    ratio = waved.table["PDCSAP_FLUX"] / plain.table["PDCSAP_FLUX"] - 1
    here = slice(plain.table["CADENCENO"][0] - 568, plain.table["CADENCENO"][-1] - 567)
    good = np.isfinite(ratio)
    np.testing.assert_allclose(1e6 * ratio[good], wave[here][good], atol=2.0)


def test_a_quarter_does_not_depend_on_which_others_are_made(mission):
    alone = observe(3, KEPMAG, WHITE, SILENT, seed=1, sky_group=22, only=(9,))
    for name, values in alone[0].table.items():
        np.testing.assert_array_equal(values, mission[9].table[name])
    other = observe(4, KEPMAG, WHITE, SILENT, seed=1, sky_group=22, only=(9,))
    assert not np.array_equal(other[0].table["SAP_FLUX"], alone[0].table["SAP_FLUX"])


def test_brighter_stars_have_larger_apertures():
    pixels = [
        np.count_nonzero(observe(1, kp, WHITE, SILENT, 1, only=(2,))[0].aperture == 3)
        for kp in (9.0, 12.0, 15.0)
    ]
    assert pixels[0] > pixels[1] > pixels[2] > 0


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"star 3.*cadences"):
        observe(3, KEPMAG, WHITE, SILENT[:-1], 1)
    for kepmag, flux in ((np.nan, SILENT), (KEPMAG, SILENT + np.nan)):
        with pytest.raises(ValueError, match=r"star 3.*NaN"):
            observe(3, kepmag, WHITE, flux, 1)
