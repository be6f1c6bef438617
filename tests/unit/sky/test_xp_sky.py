import gzip

import numpy as np
import pytest

from starloom.archives.schema import archive_columns
from starloom.sky import optical, xp, xp_archive
from starloom.sky.files import write_xp_bulk

N_STAR = 70
GENERATOR = np.random.default_rng(5)
STARS = {
    "teff": GENERATOR.uniform(3800, 6500, N_STAR),
    "logg": GENERATOR.uniform(1.0, 4.5, N_STAR),
    "m_h": GENERATOR.normal(-0.3, 0.4, N_STAR),
    "alpha_m": GENERATOR.uniform(0.0, 0.3, N_STAR),
    "c_fe": GENERATOR.normal(0.0, 0.1, N_STAR),
    "n_fe": GENERATOR.normal(0.1, 0.1, N_STAR),
    "radius_rsun": GENERATOR.uniform(1, 15, N_STAR),
    "distance_pc": 10 ** GENERATOR.uniform(2.5, 3.6, N_STAR),
    "a_v": GENERATOR.exponential(0.3, N_STAR),
    "r_v": GENERATOR.normal(3.1, 0.12, N_STAR),
    "star": np.arange(N_STAR) + 5_000_000_000,
    "companion_teff": np.where(np.arange(N_STAR) % 2, 5000.0, np.nan),
    "companion_radius_rsun": np.where(np.arange(N_STAR) % 2, 0.8, np.nan),
    "companion_mass_msun": np.where(np.arange(N_STAR) % 2, 0.85, np.nan),
}


def _take(rows, **changed):
    return {name: values[rows] for name, values in STARS.items()} | changed


@pytest.fixture(scope="module")
def seen():
    return xp.observe(STARS, seed=11)


def test_a_star_is_seen_the_same_whatever_is_seen_with_it(seen):
    for rows in (slice(3, 4), slice(60, 70), np.arange(69, 20, -7)):
        part = xp.observe(_take(rows), seed=11)
        for name, values in part.items():
            np.testing.assert_array_equal(values, seen[name][rows], err_msg=name)


def test_files_of_parts_of_the_sky_hold_the_lines_of_one_file(tmp_path):
    lines = []
    for name, rows in (
        ("whole", slice(0, N_STAR)),
        ("one", slice(0, 11)),
        ("two", slice(11, None)),
    ):
        part = xp.observe(_take(rows), seed=11) | {"source_id": np.arange(N_STAR)[rows] + 7}
        write_xp_bulk(tmp_path / f"{name}.csv.gz", part)
        text = gzip.decompress((tmp_path / f"{name}.csv.gz").read_bytes()).splitlines()
        lines.append([line for line in text if line[:1].isdigit()])
        header = next(line for line in text if not line.startswith(b"#")).decode()
        assert header.split(",") == list(archive_columns("xp_continuous"))
    assert len(lines[0]) == N_STAR
    assert lines[0] == lines[1] + lines[2]


def test_the_key_is_the_stars_index_and_the_seed(seen):
    same, other = _take([0, 0], star=np.array([1, 2])), _take([0, 0], star=np.array([1, 1]))
    noise = [
        xp.observe(stars, seed)["bp_coefficients"]
        for stars, seed in ((same, 1), (other, 1), (other, 2))
    ]
    assert np.any(noise[0][0] != noise[0][1])
    np.testing.assert_array_equal(noise[1][0], noise[1][1])
    assert np.any(noise[1][0] != noise[2][0])


def test_all_columns_of_the_archive_are_there_with_their_shapes(seen):
    for band in ("bp", "rp"):
        assert seen[f"{band}_coefficients"].shape == (N_STAR, 55)
        assert seen[f"{band}_coefficient_errors"].shape == (N_STAR, 55)
        assert seen[f"{band}_coefficient_correlations"].shape == (N_STAR, 1485)
        for name in ("standard_deviation", "chi_squared", "n_measurements", "degrees_of_freedom",
                     "n_relevant_bases", "n_parameters", "relative_shrinking",
                     "n_rejected_measurements"):  # fmt: skip
            assert seen[f"{band}_{name}"].shape == (N_STAR,)
        assert seen[f"{band}_coefficients"].dtype == np.float32
        free = seen[f"{band}_n_measurements"] - 55
        np.testing.assert_array_equal(seen[f"{band}_degrees_of_freedom"], free)
    assert np.all(seen["sky_flag"] == 0)


def test_residuals_in_units_of_the_errors_are_standard_normal(seen):
    for band in ("bp", "rp"):
        pull = seen[f"{band}_coefficients"] - seen[f"{band}_true_coefficients"]
        pull = pull / seen[f"{band}_coefficient_errors"]
        assert pull.std() == pytest.approx(1.0, abs=0.08)
        assert abs(pull.mean()) < 0.05


def test_scaled_errors_leave_the_noise_alone(seen):
    scaled = xp.observe(_take(slice(5)), seed=11, error_scale=0.5)
    np.testing.assert_array_equal(scaled["bp_coefficients"], seen["bp_coefficients"][:5])
    np.testing.assert_array_equal(
        scaled["bp_coefficient_errors"], 0.5 * seen["bp_coefficient_errors"][:5]
    )


def test_without_alpha_the_spectrum_knows_only_temperature_gravity_and_metallicity():
    rows = [4, 4]
    rich = {"alpha_m": np.array([0.0, 0.4]), "c_fe": np.array([0.0, 0.4])}
    off = xp.observe(_take(rows, **rich), 1, xp_alpha=False)
    np.testing.assert_array_equal(*off["bp_true_coefficients"])
    on = xp.observe(_take(rows, **rich), 1)
    assert np.any(np.abs(np.subtract(*on["bp_true_coefficients"])) > 0)
    solar = xp.observe(_take([4], alpha_m=np.zeros(1), c_fe=np.zeros(1), n_fe=np.zeros(1)), 1)
    np.testing.assert_array_equal(off["bp_true_coefficients"][0], solar["bp_true_coefficients"][0])


def test_elements_named_one_by_one_go_with_the_switch_too():
    stars = _take([2]) | {"mg_fe": np.array([0.5])}
    labels, names = optical.label_arrays(stars, xp_alpha=False)
    assert names[-1] == "mg_fe"
    np.testing.assert_array_equal(labels[0, 3:], 0.0)


def test_dust_dims_and_reddens_and_can_be_switched_off():
    stars = _take([0, 0], a_v=np.array([0.0, 2.0]), r_v=np.array([3.1, 3.1]))
    dusty, clear = xp.observe(stars, 1), xp.observe(stars, 1, extinction=False)
    dimming = {b: np.subtract(*dusty[f"true_{b}"][::-1]) for b in ("g", "bp", "rp", "ks")}
    assert dimming["bp"] > dimming["g"] > dimming["rp"] > dimming["ks"] > 0
    assert dimming["ks"] / 2.0 == pytest.approx(0.11, abs=0.03)  # A_Ks / A_V
    np.testing.assert_array_equal(*clear["bp_true_coefficients"])


def test_be_stars_shine_in_h_alpha():
    stars = _take([0, 0], teff=np.full(2, 7400.0), logg=np.full(2, 4.0))
    plain = xp.observe(stars, 1)["rp_true_coefficients"]
    disc = xp.observe(stars | {"kind": np.array(["be_star", "normal"])}, 1)["rp_true_coefficients"]
    np.testing.assert_array_equal(disc[1], plain[1])
    assert np.abs(disc[0] - plain[0]).max() > 0.005 * np.abs(plain[0, 0])


PAIR = {
    "companion_teff": np.array([5600.0, 3400.0]),
    "companion_radius_rsun": np.array([0.95, 0.01]),
    "companion_mass_msun": np.array([0.98, 0.3]),
}


def test_a_pair_shines_as_both_its_stars_and_a_faint_companion_not_at_all():
    stars = _take([2, 3], radius_rsun=np.array([1.8, 1.5]))
    alone, pair = xp.observe(stars, 1, companion_light=False), xp.observe(stars | PAIR, 1)
    logg = 4.438 + np.log10(0.98 / 0.95**2)
    other = {"teff": 5600.0, "radius_rsun": 0.95, "logg": logg, "c_fe": 0.0, "n_fe": 0.0}
    other = xp.observe(_take([2], **{name: np.array([value]) for name, value in other.items()}), 1)
    for name in (f"true_{band}" for band in ("g", "bp", "rp", "j", "h", "ks", "w1", "w2")):
        light = 10 ** (-0.4 * alone[name][0]) + 10 ** (-0.4 * other[name][0])
        assert pair[name][0] == pytest.approx(-2.5 * np.log10(light), abs=2e-5)
    for name in ("bp_true_coefficients", "rp_true_coefficients"):
        total = alone[name][0] + other[name][0]
        np.testing.assert_allclose(pair[name][0], total, atol=2e-6 * np.abs(total).max())
    for name, values in pair.items():
        np.testing.assert_array_equal(values[1], alone[name][1], err_msg=name)


def test_companions_can_be_left_dark():
    stars = _take([2, 3])
    dark = xp.observe(stars | PAIR, 1, companion_light=False)
    single = {name: values for name, values in stars.items() if name not in PAIR}
    for name, values in xp.observe(single, 1).items():
        np.testing.assert_array_equal(dark[name], values, err_msg=name)


def test_a_bad_star_is_flagged_and_the_others_go_on(seen):
    stars = _take(slice(6), teff=np.array([np.nan, *STARS["teff"][1:5], 9000.0]))
    result = xp.observe(stars, 11)
    np.testing.assert_array_equal(
        result["sky_flag"], [xp_archive.FLAG_NOT_FINITE, 0, 0, 0, 0, xp_archive.FLAG_OUTSIDE]
    )
    assert np.all(np.isnan(result["bp_coefficients"][0])) and np.isnan(result["true_g"][0])
    assert np.all(np.isfinite(result["bp_coefficients"][1:]))
    np.testing.assert_array_equal(result["bp_coefficients"][1:5], seen["bp_coefficients"][1:5])


def test_an_empty_part_of_the_sky_gives_empty_columns():
    result = xp.observe(_take(slice(0)), 1)
    assert result["rp_coefficient_correlations"].shape == (0, 1485)


def test_missing_columns_are_named():
    with pytest.raises(KeyError, match="lack a_v, star"):
        xp.observe({k: v for k, v in STARS.items() if k not in ("a_v", "star")}, 1)
