"""Reconstruction errors in wavelength."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from starloom.prepare.wavelength import BANDS, Calibrator
from starloom.training import scatter_vae as vae

WAVELENGTH_NM = np.arange(392.0, 993.0, 10.0)
"""The 61 wavelengths of R(lambda) and RMSE(lambda) [nm] (Zhang, Green & Rix 2023)."""

N_BAND = 55
"""Coefficients of BP, and of RP, that can be turned into a spectrum: those of DR3."""


def wavelength_errors(
    arrays: Mapping[str, np.ndarray],
    predicted: Float[np.ndarray, "n_star n_input"],
) -> Float[np.ndarray, "n_star 61"]:
    """
    Relative error of the reconstruction at each wavelength, R(lambda).

    The calibration is linear: the difference of two spectra is the spectrum of the difference of
    their coefficients. The error of the measured flux follows from each band's covariance, where
    the arrays have correlations, else from the coefficients' errors as if they were independent.

    Args:
        arrays: `coefficients`, `errors` [e-/s], perhaps `bp_correlations` and `rp_correlations`,
            and `phot_g_mean_flux` [e-/s], as `prepare.spectra.spectra` gives them.
        predicted: coefficients over the G flux, as the model reconstructs them.

    Returns:
        (x - xhat)/sigma at each of `WAVELENGTH_NM`; NaN for spectra that are not DR3's 55 + 55
        coefficients, which nobody can calibrate yet.

    References:
        Laroche & Speagle (2024), Eq. 8.
    """
    if predicted.shape[1] != 2 * N_BAND:
        return np.full((len(predicted), len(WAVELENGTH_NM)), np.nan)
    calibrator = Calibrator(WAVELENGTH_NM)
    flux = np.asarray(arrays["phot_g_mean_flux"], float)[:, None]
    columns = band_columns(arrays, flux)
    measured = np.concatenate([columns[f"{band}_coefficients"] for band in BANDS], axis=1)
    sigma = calibrator.spectra(columns)[1]
    difference = measured - predicted
    return calibrator.flux(difference[:, :N_BAND], difference[:, N_BAND:]) / sigma


def band_columns(
    arrays: Mapping[str, np.ndarray], unit: Float[np.ndarray, "n_or_1 1"]
) -> dict[str, np.ndarray]:
    """What `prepare.wavelength.Calibrator` reads of stars, over a unit for each or for all."""
    measured, errors = (np.asarray(arrays[k], float) / unit for k in ("coefficients", "errors"))
    columns = {}
    for band, part in zip(BANDS, (slice(0, N_BAND), slice(N_BAND, None)), strict=True):
        columns[f"{band}_coefficients"] = measured[:, part]
        columns[f"{band}_coefficient_errors"] = errors[:, part]
        if f"{band}_correlations" in arrays:
            columns[f"{band}_coefficient_correlations"] = arrays[f"{band}_correlations"]
    return columns


def reconstructed(
    model: vae.Model, stars: Mapping[str, np.ndarray]
) -> Float[np.ndarray, "n_star n_input"]:
    """Coefficients over the G flux that the model decodes from the latent mean of each star."""
    spectrum = vae.predict(model, stars, spectra=True)["spectrum"]
    return spectrum.astype(float) * model.std + model.mean


def root_mean_square(
    relative: Float[np.ndarray, "n_star n_pixel"],
) -> Float[np.ndarray, " n_star"]:
    """RMSE of each star over its pixels or coefficients (Laroche & Speagle 2024, Eqs. 7, 9)."""
    return np.sqrt(np.square(relative).mean(axis=1))
