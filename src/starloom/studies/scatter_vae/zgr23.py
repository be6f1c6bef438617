"""The rival from labels to spectra: what it reads of the stars, and how it compares."""

from collections.abc import Iterable, Mapping

import astropy.units as u
import numpy as np
from dust_extinction.parameter_averages import G23
from jaxtyping import Bool, Float

from starloom.models.forward_xp import floors, in_logarithms
from starloom.numbers import Number
from starloom.prepare.colours import EXTINCTION, colours
from starloom.prepare.identifiers import join_ids
from starloom.prepare.spectra import inputs
from starloom.prepare.wavelength import BANDS, Calibrator
from starloom.studies.scatter_vae.errors import N_BAND, WAVELENGTH_NM, band_columns
from starloom.studies.scatter_vae.numbers import STUDY
from starloom.tables import stack
from starloom.training import scatter_vae as vae
from starloom.training.calibration import bootstrap_error

LABELS = ("teff", "logg", "m_h")

FLUX_UNIT = 1e-17
"""Of the fluxes [W m-2 nm-1], so that their logarithms are small numbers."""

USUAL_EXTINCTION = (0.5, 1.0)
"""Extinction and its standard deviation where no colour tells [mag in V]."""

INTRINSIC = 0.05
"""Scatter of H - W2 of stars of all kinds without dust [mag] (Majewski et al. 2011, Fig. 1)."""

LEAST_PARALLAX_SNR = 2.0
"""A parallax of less signal is taken for its error times this number, and its logarithm as free."""

RELIABLE = 2.0
"""Largest chi^2 a pixel of a reliable fit (Zhang, Green & Rix 2023, Sec. 4)."""

RED_NM, BLUE_NM = (550, 900), (392, 500)
"""Where the paper finds the scatter VAE better, and where not [nm]."""

FIRST_CURVE = (550 / WAVELENGTH_NM) ** 1.0
"""Extinction over that in V from which the learned curve starts: bluer light suffers more."""

CHUNK = 256
"""Stars whose matrices are held in double precision at a time."""


def prepared(
    files: Iterable[Mapping[str, np.ndarray]], stars: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """
    What the rival reads of the stars with a spectrum.

    Args:
        files: arrays of `prepare.spectra.spectra`, file by file.
        stars: source_id, parallax and parallax_error [mas], perhaps magnitudes h_m and w2 with
            errors h_msigcom and w2_err [mag].

    Returns:
        `source_id`; `log_flux`, `white` and `prior` as `training.forward_xp` wants them, the flux
        in `FLUX_UNIT`; `flux` and `sigma`, its error without floors, in the same unit. Stars that
        the scatter VAE cannot read, or without a parallax, are left out.

    Raises:
        ValueError: if the spectra are not DR3's, or no star is left.
    """
    calibrator = Calibrator(WAVELENGTH_NM)
    found = []
    for arrays in files:
        if not len(stars["source_id"]):
            break
        if arrays["coefficients"].shape[1] != 2 * N_BAND:
            raise ValueError(
                "only DR3's spectra can be calibrated for the model from labels to spectra: "
                "set scatter_vae/zgr23 to null"
            )
        rows = join_ids(arrays["source_id"], stars["source_id"])
        good = vae.usable(**inputs(arrays, False)[0])[0] & (rows >= 0)
        good &= np.isfinite(stars["parallax"][rows]) & (stars["parallax_error"][rows] > 0)
        if good.any():
            chosen = {name: values[good] for name, values in arrays.items()}
            prior = priors({name: values[rows[good]] for name, values in stars.items()})
            spectra = _spectra(calibrator, chosen)
            found.append({"source_id": chosen["source_id"], "prior": prior, **spectra})
    if not found:
        raise ValueError("no star has a spectrum and a parallax: set scatter_vae/zgr23 to null")
    return stack(found)


def priors(stars: Mapping[str, np.ndarray]) -> Float[np.ndarray, "n_star 2 2"]:
    """
    What is expected of extinction and distance before a spectrum is looked at.

    Args:
        stars: as for `prepared`.

    Returns:
        Extinction in V [mag] from H - W2 and natural logarithm of the parallax [mas], each with
        its standard deviation; float32.

    References:
        Majewski, Zasowski & Nidever (2011) for the extinction.
    """
    reddening = EXTINCTION["h"] - EXTINCTION["w2"]
    a_v = colours(stars, zero_point=False)[2]["a_v"]
    missing = np.full(len(a_v), np.nan)
    errors = [np.asarray(stars.get(name, missing), float) for name in ("h_msigcom", "w2_err")]
    sigma = np.sqrt(sum(error**2 for error in errors) + INTRINSIC**2) / reddening
    known = np.isfinite(a_v) & np.isfinite(sigma)
    extinction = [
        np.where(known, values, usual)
        for values, usual in zip((a_v, sigma), USUAL_EXTINCTION, strict=True)
    ]
    parallax, error = (np.asarray(stars[n], float) for n in ("parallax", "parallax_error"))
    clear = parallax > LEAST_PARALLAX_SNR * error
    parallax = np.where(clear, parallax, LEAST_PARALLAX_SNR * error)
    distance = [np.log(parallax), np.where(clear, error / parallax, 1.0)]
    return np.stack([np.stack(pair, axis=1) for pair in (extinction, distance)], axis=1).astype(
        np.float32
    )


def relative_errors(
    log_flux: Float[np.ndarray, "n_star 61"], stars: Mapping[str, np.ndarray]
) -> Float[np.ndarray, "n_star 61"]:
    """R(lambda) = (x - xhat)/sigma of predicted ln flux; errors of the photons alone."""
    return (stars["flux"] - np.exp(log_flux.astype(float))) / stars["sigma"]


def reliable(
    chi2: Float[np.ndarray, " n_star"], parallax: Float[np.ndarray, " n_star"]
) -> Bool[np.ndarray, " n_star"]:
    """Stars that the rival describes well enough to be compared on (Zhang et al. 2023, Sec. 4)."""
    return (chi2 < RELIABLE * len(WAVELENGTH_NM)) & np.isfinite(parallax)


def reference_curve() -> Float[np.ndarray, " 61"]:
    """Extinction over that in V at `WAVELENGTH_NM`, R_V = 3.1 (Gordon et al. 2023)."""
    return G23(Rv=3.1)(WAVELENGTH_NM / 1e3 * u.micron)


def gain(
    ours: Float[np.ndarray, "n_star n_pixel"], rival: Float[np.ndarray, "n_star n_pixel"]
) -> Float[np.ndarray, " n_pixel"]:
    """How much smaller the RMSE over the stars is than the rival's, at each wavelength [%]."""
    mine, other = (np.sqrt(np.square(values).mean(axis=0)) for values in (ours, rival))
    return 100 * (1 - mine / other)


def numbers(table: Mapping[str, np.ndarray], seed: int) -> list[Number]:
    """
    How the scatter VAE and the rival compare on the same test stars.

    Args:
        table: of the test stars: `relative_flux` of the scatter VAE, `rival_flux` of the rival,
            `reliable`.
        seed: of the resampling.

    Returns:
        The numbers; those of the reliable stars are left out where there are fewer than two.

    References:
        Laroche & Speagle (2024), Fig. 8.
    """
    found = []

    def add(name, statistic, columns, unit, what):
        error = bootstrap_error(statistic, *columns, seed=seed, draws=100)
        value = (statistic(*columns), unit, what, error, len(columns[0]))
        found.append(Number(f"xpvae.{name}", STUDY, *value))

    mask = table["reliable"]
    good = [table[name][mask] for name in ("relative_flux", "rival_flux")]
    text = "share of the test stars that the model from labels to spectra fits reliably"
    add("zgr23_reliable", lambda kept: 100 * kept.mean(), [mask], "percent", text)
    if mask.sum() < 2:
        return found
    everything = [table[name] for name in ("relative_flux", "rival_flux")]
    for name, (low, high), columns, who in (
        ("gain", RED_NM, good, "the test stars that it fits reliably"),
        ("gain_blue", BLUE_NM, good, "the test stars that it fits reliably"),
        ("gain_all", RED_NM, everything, "all test stars, reliable or not"),
    ):
        inside = (low <= WAVELENGTH_NM) & (high >= WAVELENGTH_NM)
        text = (
            f"median over {low}-{high} nm of 1 - RMSE/RMSE of the model from labels to spectra "
            f"(five labels fitted to each spectrum), over {who}"
        )
        part = [values[:, inside] for values in columns]
        add(f"vs_zgr_{name}", lambda a, b: np.median(gain(a, b)), part, "percent", text)
    for name, values in zip(("", "zgr23_"), good, strict=True):
        who = "the model from labels to spectra" if name else "the scatter VAE"
        text = (
            f"median RMSE(lambda) of {who}, test stars that the model from labels to spectra fits "
            "reliably"
        )
        star = np.sqrt(np.square(values).mean(axis=1))
        add(f"{name}median_rmse_flux_reliable", np.median, [star], "1", text)
    return found


def _spectra(calibrator, arrays):
    """Fluxes with errors, their logarithms, and what whitens these, in `FLUX_UNIT`."""
    columns = band_columns(arrays, np.full((1, 1), FLUX_UNIT))
    flux, sigma = calibrator.spectra(columns)
    n_star, n_pixel = flux.shape
    log_flux = np.empty((n_star, n_pixel), np.float32)
    white = np.empty((n_star, n_pixel, n_pixel), np.float32)
    if all(f"{band}_coefficient_correlations" in columns for band in BANDS):
        parts = calibrator.covariances(columns, chunk=CHUNK)
    else:
        rows = np.array_split(np.arange(n_star), -(-n_star // CHUNK))
        parts = ((part, sigma[part, :, None] ** 2 * np.eye(n_pixel)) for part in rows)
    for rows, covariance in parts:
        total = covariance + floors(flux[rows], WAVELENGTH_NM)
        log_flux[rows], white[rows] = in_logarithms(flux[rows], total)
    return {"log_flux": log_flux, "white": white, "flux": flux, "sigma": sigma}
