"""
Columns of simulated XP spectra: names, integers, flags, reported errors, as in the archive.
"""

import numpy as np

from starloom.sky import atmosphere, photometry, prism

FLAG_OUTSIDE = 1
"""Bit of `sky_flag`: Teff outside the range of the model atmospheres (they extrapolate)."""
FLAG_NOT_FINITE = 2
"""Bit of `sky_flag`: a label or the spectrum is not finite; its results are NaN."""
RELEVANT_SIGMA = 3.0
"""Coefficients below this many errors do not count as relevant."""


def _relevant(values, errors):
    """Highest order, plus one, whose coefficient stands out of its error; at least 3."""
    stands_out = np.abs(values) > RELEVANT_SIGMA * errors
    last = values.shape[1] - np.argmax(stands_out[:, ::-1], axis=1)
    return np.where(stands_out.any(axis=1), np.maximum(last, 3), 3).astype(np.int16)


def archive_columns(
    result: dict[str, np.ndarray], teff: np.ndarray, bad: np.ndarray, error_scale: float
) -> dict[str, np.ndarray]:
    """Columns of the archive from computed arrays.

    Args:
        result: magnitude (n_star, n_band), clean (n_star, 110), transits, and for each band the
            coefficients, errors, correlations, standard deviations and numbers of measurements.
        teff: [K], for the flag.
        bad: stars whose labels are not usable.
        error_scale: factor on the reported errors.

    Returns:
        Columns as `xp.observe` describes them; floats are NaN where `bad` or not finite.
    """
    magnitude, clean = result["magnitude"], result["clean"]
    out = {f"true_{band.lower()}": magnitude[:, k] for k, band in enumerate(photometry.BANDS)}
    out["n_transits"] = result["transits"].astype(np.int16)
    for index, band in enumerate(prism.BANDS):
        part = slice(index * prism.N_BASES, (index + 1) * prism.N_BASES)
        out |= {f"{band}_true_coefficients": clean[:, part]} | _band(result, band, error_scale)
    low, high = atmosphere.TEFF_K
    broken = bad | ~np.isfinite(magnitude).all(axis=1) | ~np.isfinite(clean).all(axis=1)
    outside = ~broken & ((teff < low) | (teff > high))
    out["sky_flag"] = (FLAG_OUTSIDE * outside + FLAG_NOT_FINITE * broken).astype(np.int16)
    return {
        name: np.where(broken.reshape(-1, *[1] * (values.ndim - 1)), np.float32(np.nan), values)
        if broken.any() and values.dtype.kind == "f"
        else values
        for name, values in out.items()
    }


def _band(result, band, error_scale):
    """Columns of one band."""
    value, error = result[f"{band}_coefficients"], result[f"{band}_coefficient_errors"]
    relevant = _relevant(value, error)
    power = value.astype(np.float64) ** 2
    kept = np.where(np.arange(prism.N_BASES) < relevant[:, None], power, 0.0)
    measured = result[f"{band}_n_measurements"].astype(np.int32)
    spread = result[f"{band}_standard_deviation"]
    free = measured - prism.N_BASES
    columns = {
        "coefficients": value,
        "coefficient_errors": np.float32(error_scale) * error,
        "coefficient_correlations": result[f"{band}_coefficient_correlations"],
        "standard_deviation": spread,
        "n_measurements": measured,
        "n_rejected_measurements": (0.005 * measured).astype(np.int32),
        "degrees_of_freedom": free,
        "chi_squared": (spread**2 * free).astype(np.float32),
        "n_parameters": np.full(len(value), prism.N_BASES, np.int16),
        "n_relevant_bases": relevant,
        "relative_shrinking": np.sqrt(kept.sum(axis=1) / power.sum(axis=1)).astype(np.float32),
    }
    return {f"{band}_{name}": values for name, values in columns.items()}
