"""What the simulated telescope does to APOGEE spectra."""

import numpy as np
import pytest

from starloom.archives.sdss import read_apstar
from starloom.sky import apogee_noise, hband
from starloom.sky.files import write_apstar

N_STAR = 40
SEED = 3


def population(n=N_STAR):
    rng = np.random.default_rng(1)
    paired = np.arange(n) % 4 == 1
    return {
        "teff": rng.uniform(4200.0, 5000.0, n),
        "logg": rng.uniform(1.5, 3.0, n),
        "m_h": rng.uniform(-0.6, 0.2, n),
        "alpha_m": rng.uniform(0.0, 0.25, n),
        "star": np.arange(n) * 2**33 + 5,
        "radial_velocity": rng.normal(0.0, 50.0, n),
        "radius_rsun": np.full(n, 2.5),
        "companion_teff": np.where(paired, 5600.0, np.nan),
        "companion_radius_rsun": np.where(paired, 1.0, np.nan),
        "companion_mass_msun": np.where(paired, 1.0, np.nan),
    }


H_MAG = np.linspace(9.0, 13.8, N_STAR)
SNR = np.geomspace(180.0, 40.0, N_STAR)
VISITS = np.where(np.arange(N_STAR) % 2, 3, 1)


@pytest.fixture(scope="module")
def seen():
    return apogee_noise.observe(population(), H_MAG, SNR, VISITS, SEED)


def good(seen, k):
    return np.isfinite(seen["flux"][k]) & (seen["error"][k] < 1e9)


def test_a_star_gets_the_same_pixels_whatever_is_computed_with_it(seen):
    few = {name: values[[33, 4]] for name, values in population().items()}
    again = apogee_noise.observe(few, H_MAG[[33, 4]], SNR[[33, 4]], VISITS[[33, 4]], SEED)
    for name, values in again.items():
        np.testing.assert_array_equal(values, seen[name][[33, 4]])


def test_another_seed_gives_another_noise(seen):
    other = apogee_noise.observe(population(), H_MAG, SNR, VISITS, SEED + 1)
    assert np.nanmean(other["flux"][0] != seen["flux"][0]) > 0.9


def test_the_median_snr_is_the_one_asked_for_with_the_floor_of_half_a_percent(seen):
    for k in range(0, N_STAR, 5):
        use = good(seen, k)
        found = np.median(seen["flux"][k][use] / seen["error"][k][use])
        expected = 1 / np.hypot(1 / SNR[k], apogee_noise.SYSTEMATIC)
        assert found == pytest.approx(expected, rel=0.05)


def test_scatter_about_the_clean_spectrum_is_the_error_reported(seen):
    stars = population()
    stars["lsf_kms"] = seen["lsf_kms"]
    clean, _ = hband.spectra(stars)
    for k in (0, 20, 39):
        use = good(seen, k)
        ratio = seen["flux"][k][use] / clean[k][use]
        x = np.linspace(-1, 1, use.sum())
        smooth = np.polynomial.chebyshev.chebval(x, np.polynomial.chebyshev.chebfit(x, ratio, 12))
        pull = (ratio - smooth) * clean[k][use] / seen["error"][k][use]
        assert 1.4826 * np.median(np.abs(pull)) == pytest.approx(1.0, abs=0.08)


def test_flux_follows_the_magnitude(seen):
    level = np.array([np.median(seen["flux"][k][good(seen, k)]) for k in range(N_STAR)])
    slope = np.polyfit(H_MAG, -2.5 * np.log10(level), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.02)
    twelve = np.interp(12.0, H_MAG, level)
    assert twelve == pytest.approx(1.133e-10 * 10**-4.8 / 1e-17, rel=0.15)


def test_pixels_off_the_detectors_are_nan_with_mask_zero(seen):
    off = ~apogee_noise._good()
    assert off.sum() == 774
    assert np.isnan(seen["flux"][:, off]).all() and not seen["mask"][:, off].any()
    assert np.isfinite(seen["flux"][:, ~off]).all()


def test_bad_pixels_have_a_huge_error_and_bit_zero(seen):
    bad = (seen["mask"] & 1) > 0
    assert (seen["error"][bad] == np.float32(1e10)).all()
    assert (seen["error"][~bad & np.isfinite(seen["error"])] < 1e9).all()
    assert 20 < bad.sum(axis=1).mean() < 200


def test_airglow_raises_errors_of_faint_stars_and_sets_its_bit(seen):
    marked = (seen["mask"] >> 12) & 1 > 0
    assert marked[-1].sum() > 100 > marked[0].sum()
    use = good(seen, -1)
    assert np.median(seen["error"][-1][use & marked[-1]]) > 1.3 * np.median(seen["error"][-1][use])


def test_reported_errors_can_be_wrong_while_the_noise_stays(seen):
    scaled = apogee_noise.observe(population(), H_MAG, SNR, VISITS, SEED, error_scale=0.5)
    np.testing.assert_array_equal(scaled["flux"], seen["flux"])
    use = good(seen, 3)
    np.testing.assert_allclose(scaled["error"][3][use], 0.5 * seen["error"][3][use], rtol=1e-6)


def test_a_pair_has_the_lines_of_both_in_proportion_to_their_light(seen):
    # by hand from the spectra of the two alone
    stars = population()
    alone = hband.spectra({n: stars[n][1:2] for n in ("teff", "logg", "m_h", "alpha_m")} | {
        "lsf_kms": seen["lsf_kms"][1:2]})  # fmt: skip
    dwarf = hband.spectra({
        "teff": np.array([5600.0]), "logg": np.array([4.438]), "m_h": stars["m_h"][1:2],
        "alpha_m": stars["alpha_m"][1:2], "lsf_kms": seen["lsf_kms"][1:2],
        "c_fe": np.zeros(1), "n_fe": np.zeros(1),
    })  # fmt: skip
    light = [continuum[0] * radius**2 for (_, continuum), radius in ((alone, 2.5), (dwarf, 1.0))]
    expected = (alone[0][0] * light[0] + dwarf[0][0] * light[1]) / (light[0] + light[1])
    inside = np.isfinite(seen["model"][1])
    np.testing.assert_allclose(seen["model"][1][inside], expected[inside], atol=1.5e-3)
    assert np.abs(alone[0][0] - expected)[inside].max() > 0.01
    dark = apogee_noise.observe(stars, H_MAG, SNR, VISITS, SEED, companion_light=False)
    np.testing.assert_array_equal(dark["flux"][31], seen["flux"][31])
    np.testing.assert_allclose(dark["model"][1][inside], alone[0][0][inside], atol=1e-5)


def test_a_star_without_magnitude_or_label_is_flagged_and_harms_no_other(seen):
    stars, h_mag = population(), H_MAG.copy()
    stars["logg"][3] = np.nan
    h_mag[8] = np.nan
    snr = SNR.copy()
    snr[9] = np.nan
    broken = apogee_noise.observe(stars, h_mag, snr, VISITS, SEED)
    for k in (3, 8, 9):
        assert np.isnan(broken["flux"][k]).all() and (broken["mask"][k] & 1).all()
    np.testing.assert_array_equal(broken["flux"][4], seen["flux"][4])


def test_the_archives_reader_takes_a_written_spectrum(seen, tmp_path):
    path = tmp_path / "apStar-dr17-2M00000000+0000000.fits"
    star = {name: seen[name][5] for name in ("flux", "error", "mask")}
    write_apstar(path, star | {"apogee_id": "2M00000000+0000000"})
    back = read_apstar(path)
    use = good(seen, 5)
    np.testing.assert_allclose(back["flux"][use], star["flux"][use], rtol=1e-6)
    assert np.isnan(back["flux"][~use]).all()
