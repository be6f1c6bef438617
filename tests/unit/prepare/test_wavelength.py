import numpy as np
import pandas as pd
import pytest

from starloom import gaiaxpy_quiet
from starloom.prepare.wavelength import Calibrator, Converter

N = 55
GRID = np.arange(350.0, 1000.0, 7.3)


def spectra(n_star, seed=0):
    """Coefficients with correlated errors; the first star has both bands."""
    rng = np.random.default_rng(seed)
    columns = {"source_id": np.arange(1, n_star + 1)}
    for band in ("bp", "rp"):
        root = np.eye(N) + rng.normal(size=(n_star, N, N)) * 0.15
        matrix = root @ root.transpose(0, 2, 1)
        scale = np.sqrt(np.einsum("nii->ni", matrix))
        matrix /= scale[:, :, None] * scale[:, None, :]
        size = 10 ** rng.uniform(1, 4, (n_star, 1)) / (1 + np.arange(N)) ** 1.5
        columns[f"{band}_coefficients"] = rng.normal(size=(n_star, N)) * size
        columns[f"{band}_coefficient_errors"] = size * rng.uniform(0.01, 0.1, (n_star, N))
        columns[f"{band}_coefficient_correlations"] = matrix[:, *np.tril_indices(N, -1)]
        columns[f"{band}_n_relevant_bases"] = rng.integers(3, N, n_star)
        columns[f"{band}_standard_deviation"] = rng.uniform(0.8, 2.0, n_star)
    return columns


def without(columns, band, star):
    columns = {name: values.copy() for name, values in columns.items()}
    for kind in ("coefficients", "coefficient_errors", "coefficient_correlations"):
        columns[f"{band}_{kind}"][star] = np.nan
    columns[f"{band}_standard_deviation"][star] = np.nan
    return columns


def frame(columns):
    """The same as GaiaXPy takes it: a missing band is NaN in place of an array."""
    table = {"source_id": columns["source_id"]}
    for band in ("bp", "rp"):
        there = ~np.isnan(columns[f"{band}_standard_deviation"])
        table[f"{band}_n_parameters"] = np.where(there, N, np.nan)
        table[f"{band}_standard_deviation"] = columns[f"{band}_standard_deviation"]
        table[f"{band}_n_relevant_bases"] = columns[f"{band}_n_relevant_bases"]
        for kind in ("coefficients", "coefficient_errors", "coefficient_correlations"):
            rows = [
                row if ok else np.nan
                for row, ok in zip(columns[f"{band}_{kind}"], there, strict=True)
            ]
            table[f"{band}_{kind}"] = pd.Series(rows, dtype=object)
    return pd.DataFrame(table)


def gaiaxpy_calibrate(columns, **options):
    with gaiaxpy_quiet.silence():
        result, _ = gaiaxpy_quiet.load().calibrate(frame(columns), save_file=False, **options)
    return result


def assert_same(ours, theirs, tolerance=1e-10):
    """Equal relative to each spectrum's own size, with NaN in the same places."""
    theirs = np.stack(list(theirs))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    size = np.nanmax(np.abs(theirs), axis=1, keepdims=True)
    np.testing.assert_allclose(ours / size, theirs / size, rtol=0, atol=tolerance)


@pytest.fixture(scope="module")
def calibrator():
    return Calibrator()


@pytest.mark.parametrize("truncation", [False, True])
def test_spectra_and_errors_equal_gaiaxpy_s_with_all_bands_and_without(calibrator, truncation):
    columns = without(without(spectra(5), "bp", 2), "rp", 4)
    flux, error = calibrator.spectra(columns, truncation=truncation)
    reference = gaiaxpy_calibrate(columns, truncation=truncation)
    assert_same(flux, reference["flux"])
    assert_same(error, reference["flux_error"])
    np.testing.assert_allclose(error, np.stack(reference["flux_error"]), rtol=1e-10)
    assert np.isnan(flux[2]).any() and not np.isnan(flux[3]).any()


def test_any_sampling_equals_gaiaxpy_s():
    columns = without(spectra(3, seed=1), "bp", 1)
    ours = Calibrator(GRID)
    np.testing.assert_array_equal(ours.wavelength_nm, GRID)
    flux, error = ours.spectra(columns)
    reference = gaiaxpy_calibrate(columns, sampling=GRID)
    assert_same(flux, reference["flux"])
    np.testing.assert_allclose(error, np.stack(reference["flux_error"]), rtol=1e-10)


def test_the_matrix_turns_a_coefficient_vector_into_its_flux(calibrator):
    columns = spectra(4, seed=2)
    vector = np.concatenate([columns["bp_coefficients"], columns["rp_coefficients"]], axis=1)
    assert_same(vector @ calibrator.matrix, gaiaxpy_calibrate(columns)["flux"])
    assert_same(
        calibrator.flux(columns["bp_coefficients"], columns["rp_coefficients"]),
        vector @ calibrator.matrix,
    )


def test_a_star_without_both_bands_is_nan_and_stops_nobody(calibrator):
    columns = without(without(spectra(3), "bp", 1), "rp", 1)
    flux, error = calibrator.spectra(columns)
    assert np.isnan(flux[1]).all() and np.isnan(error[1]).all()
    assert np.isfinite(flux[[0, 2]]).all()
    rows = np.concatenate([rows for rows, _ in calibrator.covariances(columns)])
    np.testing.assert_array_equal(np.sort(rows), [0, 2])


def test_covariances_are_those_of_drawn_spectra_and_their_diagonal_is_the_variance(calibrator):
    columns = without(spectra(3, seed=3), "rp", 1)
    _, error = calibrator.spectra(columns)
    for rows, covariance in calibrator.covariances(columns, chunk=2):
        for row, matrix in zip(rows, covariance, strict=True):
            np.testing.assert_allclose(np.sqrt(np.diag(matrix)), error[row], rtol=1e-9)
    row, matrix = next(
        (r, m)
        for rows, ms in calibrator.covariances(columns)
        for r, m in zip(rows, ms, strict=True)
    )
    expected = np.zeros_like(matrix)
    for band, part in (("bp", slice(0, N)), ("rp", slice(N, 2 * N))):
        dense = np.eye(N)
        dense[np.tril_indices(N, -1)] = columns[f"{band}_coefficient_correlations"][row]
        dense = np.tril(dense) + np.tril(dense, -1).T
        errors = columns[f"{band}_coefficient_errors"][row]
        design = calibrator.matrix[part]
        expected += design.T @ (dense * errors * errors[:, None]) @ design
    np.testing.assert_allclose(matrix, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_covariances_equal_gaiaxpy_s_where_one_band_alone_has_the_weight(calibrator):
    columns = spectra(1, seed=4)
    ((_, covariance),) = calibrator.covariances(columns)
    packed = gaiaxpy_calibrate(columns, with_correlation=True)["correlation"].iloc[0]
    n_pixel = len(calibrator.wavelength_nm)
    theirs = np.zeros((n_pixel, n_pixel))
    theirs[np.tril_indices(n_pixel, -1)] = packed
    sigma = np.sqrt(np.diag(covariance[0]))
    ours = np.tril(covariance[0] / sigma / sigma[:, None], -1)
    wavelength = calibrator.wavelength_nm
    for pixels in (wavelength < 635, wavelength > 643):
        block = np.ix_(pixels, pixels)
        np.testing.assert_allclose(ours[block], theirs[block], atol=1e-10)


def test_without_correlations_coefficients_count_as_independent(calibrator):
    columns = spectra(2, seed=5)
    zeros = {
        f"{band}_coefficient_correlations": np.zeros((2, N * (N - 1) // 2)) for band in ("bp", "rp")
    }
    _, expected = calibrator.spectra(columns | zeros)
    for name in zeros:
        del columns[name]
    np.testing.assert_allclose(calibrator.spectra(columns)[1], expected, rtol=1e-12)


def test_float32_columns_are_calibrated_in_float64(calibrator):
    columns = {
        name: values.astype(np.float32) if values.dtype == float else values
        for name, values in spectra(2).items()
    }
    flux, error = calibrator.spectra(columns)
    wide = {name: v.astype(float) if v.dtype == np.float32 else v for name, v in columns.items()}
    np.testing.assert_array_equal(flux, calibrator.spectra(wide)[0])
    assert error.dtype == np.float64 and (error > 0).all()


@pytest.mark.parametrize("truncation", [False, True])
def test_internal_spectra_equal_gaiaxpy_s(truncation):
    columns = without(spectra(3, seed=6), "bp", 1)
    sampling = np.linspace(0, 60, 121)
    ours = Converter(sampling).spectra(columns, truncation=truncation)
    with gaiaxpy_quiet.silence():
        theirs, _ = gaiaxpy_quiet.load().convert(
            frame(columns), sampling=sampling, truncation=truncation, save_file=False
        )
    assert np.isnan(ours["bp"][0][1]).all()
    for band in ("bp", "rp"):
        stars = [0, 2] if band == "bp" else [0, 1, 2]
        reference = theirs[theirs["xp"] == band.upper()].set_index("source_id")
        reference = reference.loc[columns["source_id"][stars]]
        assert_same(ours[band][0][stars], reference["flux"])
        assert_same(ours[band][1][stars], reference["flux_error"])


@pytest.mark.parametrize("grid", [[400.0], [500.0, 400.0], [300.0, 400.0], [400.0, 1051.0]])
def test_a_sampling_that_gaia_cannot_serve_is_refused(grid):
    with pytest.raises(ValueError, match="wavelengths"):
        Calibrator(np.array(grid))


def test_a_pseudo_wavelength_out_of_range_is_refused():
    with pytest.raises(ValueError, match="pseudo-wavelengths go from -20"):
        Converter(np.array([-20.0, 30.0]))


def test_another_number_of_coefficients_than_dr3_s_is_refused_with_a_reason(calibrator):
    with pytest.raises(ValueError, match=r"60 BP and 55 RP coefficients.*DR3's 55"):
        calibrator.flux(np.zeros((2, 60)), np.zeros((2, 55)))
    columns = {name: values[:, :54] for name, values in spectra(1).items() if values.ndim == 2}
    with pytest.raises(ValueError, match="54 BP"):
        Converter().spectra(columns)
