import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.schema import archive_columns
from starloom.prepare.cuts import apply as apply_cuts
from starloom.prepare.cuts import catalogue_cuts
from starloom.prepare.identifiers import best_apogee_rows
from starloom.sky.labels import allstar, gaia, infrared


@pytest.fixture(scope="module")
def rows(stars, magnitudes):
    return allstar.apogee(stars, magnitudes, 3)


@pytest.fixture(scope="module")
def truth(stars, rows):
    """True columns, row by row of the table."""
    return {name: values[rows[1]] for name, values in stars.items()}


def test_columns_are_those_of_dr17_besides_the_abundance_arrays(rows):
    assert set(rows[0]) - set(archive_columns("allstar")) <= {"X_H", "X_H_ERR"}


def test_rows_of_chunks_join_up(joins_up):
    joins_up(lambda s, m: allstar.apogee(s, m, 3))


def test_one_star_in_a_hundred_has_a_second_row_marked_as_duplicate(stars, rows):
    table, star = rows
    count = np.bincount(star)
    np.testing.assert_allclose(np.mean(count == 2), 0.01, atol=0.003)
    second = (table["EXTRATARG"] & (1 << 4)) > 0
    np.testing.assert_array_equal(second[1:], star[1:] == star[:-1])
    best, counts = best_apogee_rows(table["APOGEE_ID"], table["EXTRATARG"], table["SNREV"])
    assert best.sum() == len(stars["star"]) and counts["repeated_star"] == 0
    assert np.all(table["FIELD"][second] != table["FIELD"][np.flatnonzero(second) - 1])


def test_names_and_files_follow_the_archive(stars, rows):
    table, star = rows
    seen = infrared.twomass_position(stars, 3)
    names = "2M" + infrared.designation(seen["ra"], seen["dec"]).astype(object)
    np.testing.assert_array_equal(table["APOGEE_ID"], names[star])
    south = table["TELESCOPE"] == "lco25m"
    assert np.all(np.char.startswith(table["FILE"][south], "asStar-dr17-2M"))
    assert np.all(np.char.startswith(table["FILE"][~south], "apStar-dr17-2M"))
    assert 0.1 < south.mean() < 0.6


def test_errors_grow_as_the_signal_falls_and_towards_hot_and_metal_poor_stars():
    def error(teff=4800.0, logg=2.5, m_h=0.0, snr=100.0, label="FE_H"):
        stars = {name: np.array([v]) for name, v in (("teff", teff), ("logg", logg), ("m_h", m_h))}
        return allstar.label_error(label, stars, np.array([snr]))[0]

    law = allstar.error_laws()["FE_H"]
    assert error(snr=1e9) == pytest.approx(law["floor"])
    assert error() == pytest.approx(np.hypot(law["floor"], law["at_snr_100"]))
    assert error(snr=25.0) > 2 * error() and error(m_h=-2.0) > 1.5 * error()
    assert error(teff=6800.0) > 2 * error() and error(logg=4.5) > 1.3 * error()


@pytest.mark.parametrize(
    "label", ["TEFF", "LOGG", "M_H", "ALPHA_M", "FE_H", "C_FE", "N_FE", "MG_FE"]
)
def test_labels_scatter_about_the_truth_by_their_errors(truth, rows, label):
    table, _ = rows
    inside = (truth["m_h"] > -1.5) & (truth["teff"] > 4000) & (truth["teff"] < 6500)
    inside &= truth["kind"] == "normal"
    column = allstar.error_laws()[label]["column"]
    pull = ((table[label] - truth[column]) / table[f"{label}_ERR"])[inside]
    pull = pull[np.isfinite(pull)]
    np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.05)


def test_the_signal_is_a_hundred_in_three_visits_at_the_survey_limit(stars, cut):
    some, _ = cut(slice(0, 4000))
    flat = {"h": np.full(4000, 12.2)}
    snr, visits = allstar.apogee_snr(some, flat, 3)
    np.testing.assert_allclose(np.median(snr[visits == 3]), 100.0, rtol=0.15)
    brighter, _ = allstar.apogee_snr(some, {"h": np.full(4000, 9.0)}, 3)
    assert np.median(brighter) > 2 * np.median(snr)


def test_snr_of_the_table_is_that_of_the_spectra(stars, magnitudes, rows):
    table, star = rows
    snr, visits = allstar.apogee_snr(stars, magnitudes, 3)
    first = table["EXTRATARG"] == 0
    np.testing.assert_allclose(table["SNR"][first], snr[star][first], rtol=1e-6)
    np.testing.assert_array_equal(table["NVISITS"][first], visits[star][first])


def test_flags_mark_hot_cool_faint_and_carbon_rich_stars(truth, rows):
    table, _ = rows
    bad = (table["ASPCAPFLAG"] & (1 << 23)) > 0
    warned = (table["ASPCAPFLAG"] & (1 << 7)) > 0
    assert np.all(bad[(truth["teff"] > 8600) | (truth["teff"] < 3100)])
    assert np.all(bad[truth["kind"] == "carbon_star"])
    assert np.all(warned[bad]) and np.mean(bad) < 0.12
    metals_bad = (table["ASPCAPFLAG"] & (1 << 19)) > 0
    assert np.all(metals_bad[truth["m_h"] < -2.55])
    assert np.all((table["STARFLAG"][table["SNR"] < 29.9] & (1 << 4)) > 0)


def test_a_star_without_magnitudes_loses_its_labels_and_no_other_star_changes(cut, rows):
    some, magnitudes = cut(slice(0, 300))
    magnitudes = {band: values.astype(np.float32) for band, values in magnitudes.items()}
    whole, _ = allstar.apogee(some, magnitudes, 3)
    for values in magnitudes.values():
        values[7] = np.nan
    broken, row = allstar.apogee(some, magnitudes, 3)
    lost = row == 7
    assert np.all(np.isnan(broken["TEFF"][lost])) and np.all(np.isnan(broken["SNR"][lost]))
    assert np.all((broken["ASPCAPFLAG"][lost] & (1 << 23)) > 0)
    for name, values in broken.items():
        np.testing.assert_array_equal(values[~lost], whole[name][~lost], err_msg=name)
    for make in (infrared.twomass, infrared.unwise):
        _, seen = make(some, magnitudes, 3)
        assert 7 not in seen and np.isin(np.arange(300), seen).sum() > 280


def test_missing_labels_are_nan_and_their_flag_is_set(truth, rows):
    table, _ = rows
    for element in ("C_FE", "CE_FE", "FE_H"):
        missing = np.isnan(table[element])
        np.testing.assert_array_equal(missing, table[f"{element}_FLAG"] > 0)
        np.testing.assert_array_equal(missing, np.isnan(table[f"{element}_ERR"]))
    assert 0.002 < np.mean(np.isnan(table["TEFF"])) < 0.03
    poor = truth["m_h"] < -2.0
    assert np.mean(np.isnan(table["CE_FE"][poor])) > 3 * np.mean(np.isnan(table["CE_FE"]))
    assert np.nanmin(table["M_H"]) >= -2.5 and np.nanmax(table["C_FE"]) <= 1.0


def test_abundance_arrays_hold_the_columns(rows):
    table, _ = rows
    iron, magnesium = (allstar.X_H_ELEMENTS.index(name) for name in ("Fe", "Mg"))
    np.testing.assert_array_equal(table["X_H"][:, iron], table["FE_H"])
    np.testing.assert_allclose(
        table["X_H"][:, magnesium], table["MG_FE"] + table["FE_H"], equal_nan=True
    )
    assert np.all(np.isnan(table["X_H"][:, allstar.X_H_ELEMENTS.index("Ge")]))


def test_gaia_columns_are_those_of_gaia_source_but_for_a_few_without_a_match(
    stars, magnitudes, rows
):
    table, star = rows
    theirs = gaia.gaia_source(stars, magnitudes, 3)
    unknown = table["GAIAEDR3_SOURCE_ID"] == 0
    assert 0.003 < unknown.mean() < 0.012
    np.testing.assert_array_equal(
        table["GAIAEDR3_SOURCE_ID"][~unknown], theirs["source_id"][star][~unknown]
    )
    g_mag = theirs["phot_g_mean_mag"][star].astype(np.float32)
    np.testing.assert_array_equal(table["GAIAEDR3_PHOT_G_MEAN_MAG"][~unknown], g_mag[~unknown])
    assert np.all(np.isnan(table["GAIAEDR3_PARALLAX"][unknown]))


def test_full_good_and_pristine_catalogues_are_populated_as_published(stars, magnitudes, rows):
    table, _ = rows
    first = table["EXTRATARG"] == 0
    theirs = gaia.gaia_source(stars, magnitudes, 3)
    columns = {
        "teff": "TEFF", "teff_err": "TEFF_ERR", "logg_err": "LOGG_ERR", "m_h_err": "M_H_ERR",
        "starflag": "STARFLAG", "aspcapflag": "ASPCAPFLAG",
    }  # fmt: skip
    labels = {ours: table[name][first] for ours, name in columns.items()}
    labels |= {name: theirs[name] for name in ("bp_rp", "phot_g_mean_mag")}
    good, _ = apply_cuts(catalogue_cuts("good"), labels)
    pristine, _ = apply_cuts(catalogue_cuts("pristine"), labels)
    # published shares: 0.40 and 0.25 of the full catalogue (Laroche & Speagle 2024, Sec. 2.2)
    assert 0.3 < good.mean() < 0.6 and 0.2 < pristine.mean() < 0.4
    assert np.mean(table["LOGG"][first][pristine] < 3.8) > 0.97


def test_binaries_scatter_in_velocity_from_visit_to_visit(truth, rows):
    table, _ = rows
    fast = truth["rv_amplitude_kms"] > 10.0
    still = ~truth["binary"] & (truth["vsini_kms"] < 10)
    assert np.median(table["VSCATTER"][fast]) > 20 * np.median(table["VSCATTER"][still])
    pull = (table["VHELIO_AVG"] - truth["radial_velocity"])[still] / table["VERR"][still]
    np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.04)


def test_the_error_scale_scales_the_errors_and_not_the_noise(stars, magnitudes, rows):
    half, _ = allstar.apogee(stars, magnitudes, 3, error_scale=0.5)
    np.testing.assert_array_equal(half["TEFF"], rows[0]["TEFF"])
    np.testing.assert_allclose(half["TEFF_ERR"], 0.5 * rows[0]["TEFF_ERR"], rtol=1e-6)
    np.testing.assert_allclose(half["J_ERR"], 0.5 * rows[0]["J_ERR"], rtol=1e-6)


def test_every_row_of_the_error_laws_says_where_it_comes_from():
    assert all(len(law["source"]) > 15 for law in allstar.error_laws().values())


@pytest.mark.real
def test_label_errors_of_giants_are_of_the_size_of_observed_ones(real):
    observed = Table.read(real / "labels" / "apokasc2_vac.fits")
    stars = {
        name: np.asarray(observed[column], float)
        for name, column in (("teff", "TEFF"), ("logg", "LOGG"), ("m_h", "FE_H"))
    }
    known = (stars["teff"] > 0) & (stars["logg"] > 0) & (stars["m_h"] > -5)
    stars = {name: values[known] for name, values in stars.items()}
    snr = np.full(known.sum(), 150.0)
    for label, column in (("TEFF", "TEFF_ERR"), ("LOGG", "LOGG_ERR"), ("FE_H", "FE_H_ERR")):
        theirs = np.median(np.asarray(observed[column], float)[known])
        ours = np.median(allstar.label_error(label, stars, snr))
        assert 0.5 < ours / theirs < 1.7, label
