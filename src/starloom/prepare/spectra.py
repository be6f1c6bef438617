"""XP spectra as arrays by star: coefficients, errors, correlations, G flux and flags."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from starloom.columns import XP_FLAGS
from starloom.prepare.identifiers import join_ids
from starloom.prepare.xp import coefficient_vector, g_flux_from_mag, synthetic_g_flux


def spectra(
    raw: Mapping[str, np.ndarray], gaia: Mapping[str, np.ndarray] | None
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """
    Put the bands together, find each star's G flux, and flag what a model cannot read.

    The G flux is that of gaia_source, else of the XP file itself, else the one computed from the
    spectrum (flag `synthetic_g`).

    Args:
        raw: what `archives.gaia.read_xp` gives.
        gaia: gaia_source columns source_id and phot_g_mean_flux [e-/s], or None.

    Returns:
        Arrays in the order of source_id: `source_id`, `coefficients` and `errors`
        (n_star, n_bp + n_rp) [e-/s], `bp_correlations` and `rp_correlations` (strict lower
        triangles row by row) where the file has them, `bp_n_relevant_bases`,
        `rp_n_relevant_bases`, `phot_g_mean_flux` [e-/s], `xp_flag`; and how many stars have
        each flag.
    """
    order = np.argsort(raw["source_id"], kind="stable")
    raw = {name: values[order] for name, values in raw.items()}
    flux, synthetic = _g_flux(raw, gaia)
    flag = raw["xp_flag"].astype(np.int32)
    flag |= np.where(synthetic, XP_FLAGS["synthetic_g"].mask, 0).astype(np.int32)
    flag |= np.where(flux > 0, 0, XP_FLAGS["no_g_flux"].mask).astype(np.int32)
    arrays = {
        "source_id": raw["source_id"],
        "coefficients": _joined(raw, "coefficients"),
        "errors": _joined(raw, "coefficient_errors"),
        "phot_g_mean_flux": flux,
        "xp_flag": flag,
    }
    for band in ("bp", "rp"):
        if f"{band}_coefficient_correlations" in raw:
            values = raw[f"{band}_coefficient_correlations"]
            arrays[f"{band}_correlations"] = values.astype(np.float32)
        arrays[f"{band}_n_relevant_bases"] = raw[f"{band}_n_relevant_bases"]
    return arrays, {name: int(np.sum(flag & bit.mask > 0)) for name, bit in XP_FLAGS.items()}


def _joined(raw, name) -> Float[np.ndarray, "n_star n_coefficient"]:
    return coefficient_vector(raw[f"bp_{name}"], raw[f"rp_{name}"]).astype(np.float32)


def _g_flux(raw, gaia):
    """G flux of each star [e-/s], and for which it had to be computed from the spectrum."""
    flux = np.full(len(raw["source_id"]), np.nan)
    if gaia is not None:
        rows = join_ids(raw["source_id"], gaia["source_id"])
        flux = np.where(rows >= 0, gaia["phot_g_mean_flux"][rows], np.nan)
    if "phot_g_mean_flux" in raw:
        flux = np.where(np.isnan(flux), raw["phot_g_mean_flux"], flux)
    elif "phot_g_mean_mag" in raw:
        flux = np.where(np.isnan(flux), g_flux_from_mag(raw["phot_g_mean_mag"]), flux)
    missing = np.isnan(flux)
    if missing.any():
        bands = (raw[f"{band}_coefficients"][missing] for band in ("bp", "rp"))
        flux[missing] = synthetic_g_flux(*bands)
    return flux, missing & np.isfinite(flux)


def names(correlations: bool) -> list[str]:
    """Arrays of `spectra` that `inputs` reads: correlations are most of the bytes."""
    packed = ["bp_correlations", "rp_correlations"] if correlations else []
    return ["source_id", "coefficients", "errors", "phot_g_mean_flux", "xp_flag", *packed]


def inputs(
    arrays: Mapping[str, np.ndarray], correlations: bool
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """
    What a model of coefficients reads of the arrays by star.

    Args:
        arrays: of `spectra`.
        correlations: whether the model wants each star's correlations.

    Returns:
        `coefficients`, `errors` [e-/s] and `g_flux` [e-/s]; and the correlations
        (n_star, 2, n_pair), BP then RP, or None.

    Raises:
        ValueError: if correlations are wanted and the bands differ in their number of
            coefficients, or the files have none.
    """
    given = {
        "coefficients": arrays["coefficients"],
        "errors": arrays["errors"],
        "g_flux": arrays["phot_g_mean_flux"],
    }
    if not correlations:
        return given, None
    bands = [arrays.get(f"{band}_correlations") for band in ("bp", "rp")]
    if any(band is None for band in bands) or bands[0].shape != bands[1].shape:
        raise ValueError(
            "the full likelihood needs correlations of equally many BP and RP coefficients; "
            "set scatter_vae/likelihood to diagonal"
        )
    return given, np.stack(bands, axis=1)
