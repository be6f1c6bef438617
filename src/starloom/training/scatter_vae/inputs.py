"""What the network reads: coefficients over the G flux, standardised by the training stars."""

import numpy as np
from jaxtyping import Bool, Float


def usable(
    coefficients: Float[np.ndarray, "n_star n_input"],
    errors: Float[np.ndarray, "n_star n_input"],
    g_flux: Float[np.ndarray, " n_star"],
) -> tuple[Bool[np.ndarray, " n_star"], dict[str, int]]:
    """
    Which stars the model can read, and how many it cannot, by the first reason that applies.

    Args:
        coefficients: XP coefficients [e-/s].
        errors: their errors [e-/s].
        g_flux: phot_g_mean_flux [e-/s].

    Returns:
        A mask, and counts `not_finite`, `bad_error`, `no_g_flux` named as the flags are.
    """
    finite = np.isfinite(coefficients).all(axis=1) & np.isfinite(errors).all(axis=1)
    with np.errstate(invalid="ignore"):
        positive = (errors > 0).all(axis=1)
        flux = np.isfinite(g_flux) & (g_flux > 0)
    counts = {
        "not_finite": int((~finite).sum()),
        "bad_error": int((finite & ~positive).sum()),
        "no_g_flux": int((finite & positive & ~flux).sum()),
    }
    return finite & positive & flux, counts


def standardise(
    coefficients: Float[np.ndarray, "n_star n_input"],
    errors: Float[np.ndarray, "n_star n_input"],
    g_flux: Float[np.ndarray, " n_star"],
    mean: Float[np.ndarray, " n_input"],
    std: Float[np.ndarray, " n_input"],
) -> dict[str, Float[np.ndarray, "n_star n_input"]]:
    """
    What the network reads: x = (coefficient/flux - mean)/std and its error, float32.

    Args:
        coefficients: XP coefficients [e-/s].
        errors: their errors [e-/s].
        g_flux: phot_g_mean_flux [e-/s].
        mean: of coefficient/flux over the training stars.
        std: their standard deviation.

    Returns:
        `x` and `error`, dimensionless.

    References:
        Laroche & Speagle (2024), Sec. 2.3.
    """
    flux = np.asarray(g_flux, np.float64)[:, None]
    x = (np.asarray(coefficients, np.float64) / flux - mean) / std
    return {
        "x": x.astype(np.float32),
        "error": (np.asarray(errors, np.float64) / flux / std).astype(np.float32),
    }


def prepare(
    coefficients: Float[np.ndarray, "n_star n_input"],
    errors: Float[np.ndarray, "n_star n_input"],
    g_flux: Float[np.ndarray, " n_star"],
    training: Bool[np.ndarray, " n_star"],
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray, dict[str, int]]:
    """
    Standardise stars with the statistics of the usable training stars.

    Args:
        coefficients: XP coefficients [e-/s].
        errors: their errors [e-/s].
        g_flux: phot_g_mean_flux [e-/s].
        training: which stars belong to the training set.

    Returns:
        `x` and `error` of the usable stars; the mask of usable stars; mean and std of each
        normalised coefficient; counts of stars dropped by reason.

    Raises:
        ValueError: if fewer than two training stars are usable, or a coefficient never varies.
    """
    good, counts = usable(coefficients, errors, g_flux)
    chosen = good & training
    if chosen.sum() < 2:
        raise ValueError(
            f"{chosen.sum()} usable training stars among {training.sum()}: dropped {counts}"
        )
    ratio = np.asarray(coefficients[chosen], np.float64) / np.asarray(g_flux)[chosen, None]
    mean, std = ratio.mean(axis=0), ratio.std(axis=0)
    if not (std > 0).all():
        raise ValueError(f"coefficient {int(np.argmin(std))} is the same in all training stars")
    stars = standardise(coefficients[good], errors[good], g_flux[good], mean, std)
    return stars, good, mean, std, counts
