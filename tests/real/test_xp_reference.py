"""Real Gaia DR3 spectra against the reference outputs of GaiaXPy and of the archive."""

import csv
import json
import sys
import zipfile

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.gaia import read_xp
from starloom.columns import XP_FLAGS
from starloom.prepare.wavelength import Calibrator, Converter
from starloom.prepare.xp import (
    coefficient_vector,
    covariance,
    g_flux_from_mag,
    normalise,
    synthetic_g_flux,
)

pytestmark = pytest.mark.real
NO_BP = 5405570973190252288
EXACT = 1e-13
NINE_DIGITS = 1e-8
SINGLE = 1e-7
"""Some references are printed with nine digits; fits and xml files hold single precision."""


@pytest.fixture(scope="module")
def calibrator():
    return Calibrator()


@pytest.fixture(scope="module")
def folder(real):
    return real / "xp" / "gaiaxpy"


def rows_of(path):
    csv.field_size_limit(sys.maxsize)
    with open(path, newline="") as lines:
        return list(csv.DictReader(lines))


def array(text):
    """An array printed in brackets or parentheses; a single nan for a missing band."""
    text = text.strip().replace("nan", "NaN").replace("(", "[").replace(")", "]") or "NaN"
    return np.atleast_1d(np.array(json.loads(text), float))


def reference(path):
    """Source ids, fluxes and errors of a reference file, a row a spectrum."""
    rows = rows_of(path)
    error = "flux_error" if "flux_error" in rows[0] else "error"
    ids = [int(row["source_id"]) for row in rows]
    return ids, [array(row["flux"]) for row in rows], [array(row[error]) for row in rows]


def sampling(path):
    return array(rows_of(path)[0]["pos"])


def assert_same(ours, theirs, tolerance):
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    size = np.nanmax(np.abs(theirs))
    np.testing.assert_allclose(ours / size, theirs / size, rtol=0, atol=tolerance)


def compare(columns, ours, path, tolerance):
    ids, flux, error = reference(path)
    star = {source_id: row for row, source_id in enumerate(columns["source_id"].tolist())}
    for source_id, its_flux, its_error in zip(ids, flux, error, strict=True):
        assert_same(ours[0][star[source_id]], its_flux, tolerance)
        assert_same(ours[1][star[source_id]], its_error, tolerance)


def test_calibrated_spectra_are_gaiaxpy_s(folder, calibrator):
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW.csv")
    out = folder / "reference"
    np.testing.assert_array_equal(
        calibrator.wavelength_nm, sampling(out / "calibrator_solution_default_sampling.csv")
    )
    compare(columns, calibrator.spectra(columns), out / "calibrator_solution_default.csv", EXACT)
    truncated = calibrator.spectra(columns, truncation=True)
    path = out / "calibrator_solution_truncation_default.csv"
    compare(columns, truncated, path, NINE_DIGITS)


def test_a_custom_sampling_is_gaiaxpy_s(folder):
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW.csv")
    out = folder / "reference"
    ours = Calibrator(sampling(out / "calibrator_solution_custom_sampling.csv")).spectra(columns)
    compare(columns, ours, out / "calibrator_solution_custom.csv", EXACT)


@pytest.mark.parametrize(
    ("form", "tolerance"), [("csv", EXACT), ("ecsv", EXACT), ("fits", SINGLE), ("xml", SINGLE)]
)
def test_missing_bp_is_handled_as_gaiaxpy_does(folder, calibrator, form, tolerance):
    columns = read_xp(folder / "continuous" / f"XP_CONTINUOUS_RAW_with_missing_BP.{form}")
    flux, error = calibrator.spectra(columns)
    path = folder / "reference" / "with_missing_calibrator_solution.csv"
    compare(columns, (flux, error), path, tolerance)
    lonely = columns["source_id"] == NO_BP
    assert np.isnan(flux[lonely, :150]).all() and np.isfinite(flux[lonely, 150:]).all()
    np.testing.assert_array_equal((columns["xp_flag"] & XP_FLAGS["no_bp"].mask) > 0, lonely)


@pytest.mark.parametrize(
    ("name", "grid", "truncation", "tolerance"),
    [
        ("converter_solution_0_60_481", "converter_solution_0_60_481", False, EXACT),
        ("with_missing_converter_solution", "with_missing_converter_solution", False, EXACT),
        # Another implementation than GaiaXPy made these two.
        ("SampledMeanSpectrum", "converter_solution_0_60_481", False, SINGLE),
        ("SampledMeanSpectrum_truncated", "converter_solution_0_60_481", True, SINGLE),
    ],
)
def test_internal_spectra_are_the_references(folder, name, grid, truncation, tolerance):
    out = folder / "reference"
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    converter = Converter(sampling(out / f"{grid}_sampling.csv"))
    bands = converter.spectra(columns, truncation=truncation)
    kinds = [row["xp"].lower() for row in rows_of(out / f"{name}.csv")]
    for kind, source_id, *theirs in zip(kinds, *reference(out / f"{name}.csv"), strict=True):
        row = columns["source_id"].tolist().index(source_id)
        for ours, reference_values in zip(bands[kind], theirs, strict=True):
            if np.isnan(reference_values).all():
                assert source_id == NO_BP and kind == "bp" and np.isnan(ours[row]).all()
            else:
                assert_same(ours[row], reference_values, tolerance)


@pytest.mark.parametrize("form", ["csv", "ecsv", "fits", "vot"])
def test_the_archive_s_own_sampled_spectrum_comes_from_its_continuous_one(real, calibrator, form):
    path = real / "xp" / "archive_pair" / f"gaia_dr3_5937083312263887616_{form}.zip"
    flux, error = calibrator.spectra(read_xp(path))
    wavelength, archive_flux, archive_error = sampled(path)
    np.testing.assert_array_equal(calibrator.wavelength_nm, wavelength)
    assert_same(flux[0], archive_flux, 4e-6)
    np.testing.assert_allclose(flux[0], archive_flux, rtol=1e-4)
    np.testing.assert_allclose(error[0], archive_error, rtol=1e-4)


def test_covariances_are_the_inverse_of_gaiaxpy_s_inverse_covariances(folder):
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    for row in rows_of(folder / "reference" / "test_cholesky_solution.csv"):
        star = columns["source_id"].tolist().index(int(row["source_id"]))
        for band in ("bp", "rp"):
            inverse = array(row[f"{band}_inverse_covariance"])
            # GaiaXPy takes the band's standard deviation out of the errors; the archive's have it.
            errors = columns[f"{band}_coefficient_errors"][[star]]
            errors = errors / columns[f"{band}_standard_deviation"][star]
            ours = covariance(errors, columns[f"{band}_coefficient_correlations"][[star]])[0]
            if np.isnan(inverse).all():
                assert np.isnan(ours).all()
            else:
                np.testing.assert_allclose(inverse @ ours, np.eye(55), atol=1e-4)


def test_real_coefficients_over_the_g_flux_are_of_order_one(folder):
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    bands = [columns["bp_coefficients"], columns["rp_coefficients"]]
    errors = [columns["bp_coefficient_errors"], columns["rp_coefficient_errors"]]
    x, e, flag = normalise(
        coefficient_vector(*bands), coefficient_vector(*errors), synthetic_g_flux(*bands)
    )
    lonely = columns["source_id"] == NO_BP
    np.testing.assert_array_equal((flag & XP_FLAGS["no_g_flux"].mask) > 0, lonely)
    assert 0.1 < np.abs(x[~lonely]).max() < 10
    assert np.all(e[~lonely] > 0) and e[~lonely].max() < 0.1


def test_the_synthetic_g_flux_is_that_of_gaiaxpy_s_photometry_and_of_gaia_source(folder):
    columns = read_xp(folder / "continuous" / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    flux = synthetic_g_flux(columns["bp_coefficients"], columns["rp_coefficients"])
    path = folder / "reference" / "generator_solution_with_missing_BP.csv"
    expected = {int(row["source_id"]): row["GaiaDr3Vega_mag_G"] for row in rows_of(path)}
    theirs = [float(expected[star] or "nan") for star in columns["source_id"].tolist()]
    np.testing.assert_allclose(flux, g_flux_from_mag(theirs), rtol=1e-10)
    # 18 Sco, whose magnitude the archive gives: G is 5.3, where photometry and spectra saturate.
    sco = read_xp(folder / "continuous" / "18Sco-XP-spectra.csv")
    flux = synthetic_g_flux(sco["bp_coefficients"], sco["rp_coefficients"])
    np.testing.assert_allclose(flux, g_flux_from_mag(sco["phot_g_mean_mag"]), rtol=5e-3)


def sampled(path):
    """Wavelength [nm], flux and its error of the sampled spectrum in an archive's zip."""
    formats = {"csv": "csv", "ecsv": "ascii.ecsv", "fits": "fits", "xml": "votable"}
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.startswith("XP_SAMPLED"))
        with archive.open(name) as member:
            table = Table.read(member, format=formats[name.rsplit(".")[-1]])
    return [
        np.asarray(table[column], float).ravel() for column in ("wavelength", "flux", "flux_error")
    ]
