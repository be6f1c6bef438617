"""
XP coefficients to spectra, as GaiaXPy's `calibrate` and `convert` do it, for many stars at once.

Both are linear in the coefficients. Their matrices come from GaiaXPy itself, by way of unit
vectors; here they are applied as products of matrices in float64.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float

from starloom import gaiaxpy_quiet
from starloom.prepare.bases import Bases
from starloom.prepare.xp import truncate

BANDS = ("bp", "rp")
CHUNK = 256
"""Stars calibrated at a time, so that memory does not grow with their number."""

COVARIANCE_CHUNK = 8
"""Stars whose full covariance is held at a time."""

Columns = Mapping[str, np.ndarray]


class Calibrator:
    """
    From coefficients to absolute spectra, in the order of GaiaXPy's `calibrate`.

    Attributes:
        wavelength_nm: the pixels [nm].
        matrix: flux [W m-2 nm-1] of a coefficient of 1 e-/s, BP's 55 and then RP's 55 rows, of a
            star with both bands (110, n_pixel).
    """

    def __init__(self, sampling_nm: Float[np.ndarray, " n_pixel"] | None = None):
        """
        Get the matrices for a sampling from GaiaXPy; takes seconds, once.

        Args:
            sampling_nm: increasing wavelengths within 330-1050 nm, two or more [nm]; by default
                336-1020 nm in steps of 2, with the archive's own matrices.

        Raises:
            ValueError: if the wavelengths do not increase or leave that range.

        References:
            Montegriffo et al. (2023), Sec. 2; De Angeli et al. (2023), Sec. 3.
        """
        if sampling_nm is not None:
            sampling_nm = _checked(sampling_nm, 330, 1050, "wavelengths", "nm")
        merged, alone = {}, {}
        for band in BANDS:
            merged[band], self.wavelength_nm = _calibrated_units(sampling_nm, band, alone=False)
            alone[band], _ = _calibrated_units(sampling_nm, band, alone=True)
        self.matrix = np.concatenate([merged[band] for band in BANDS])
        self._bases = {
            BANDS: {band: Bases(merged[band]) for band in BANDS},
            **{(band,): {band: Bases(alone[band])} for band in BANDS},
        }

    def flux(
        self,
        bp: Float[np.ndarray, "n_star n_bp"],
        rp: Float[np.ndarray, "n_star n_rp"],
    ) -> Float[np.ndarray, "n_star n_pixel"]:
        """
        Absolute fluxes.

        Args:
            bp: BP coefficients [e-/s]; a row of NaN stands for a missing band.
            rp: RP coefficients [e-/s].

        Returns:
            Flux [W m-2 nm-1]. Without BP it is NaN up to 635 nm, without RP from 643 nm, without
            both everywhere. Coefficients over the G flux give flux over the G flux.

        Raises:
            ValueError: if a band has not the 55 coefficients of DR3.
        """
        columns = _prepared({"bp_coefficients": bp, "rp_coefficients": rp}, truncation=False)
        flux = np.full((len(bp), len(self.wavelength_nm)), np.nan)
        for rows, bases in self._groups(columns, CHUNK):
            flux[rows] = sum(
                bases[band].flux(_part(columns, band, "coefficients", rows)) for band in bases
            )
        return flux

    def spectra(
        self, columns: Columns, truncation: bool = False
    ) -> tuple[Float[np.ndarray, "n_star n_pixel"], Float[np.ndarray, "n_star n_pixel"]]:
        """
        Absolute fluxes and their errors.

        Args:
            columns: {band}_coefficients, {band}_coefficient_errors [e-/s] and, for errors from the
                full covariance, {band}_coefficient_correlations; {band}_n_relevant_bases to
                truncate.
            truncation: whether to leave out the bases beyond the relevant ones.

        Returns:
            Flux and standard error [W m-2 nm-1]; NaN as for `flux`. Without correlations the
            coefficients count as independent, which real ones are not.
        """
        columns = _prepared(columns, truncation)
        flux = self.flux(columns["bp_coefficients"], columns["rp_coefficients"])
        variance = np.full_like(flux, np.nan)
        for rows, bases in self._groups(columns, CHUNK):
            variance[rows] = sum(
                bases[band].variance(*_errors(columns, band, rows)) for band in bases
            )
        return flux, np.sqrt(variance)

    def covariances(
        self, columns: Columns, truncation: bool = False, chunk: int = COVARIANCE_CHUNK
    ) -> Iterator[tuple[np.ndarray, Float[np.ndarray, "n_chunk n_pixel n_pixel"]]]:
        """
        Full covariances of the fluxes, some stars at a time.

        BP and RP are independent and each enters with its weight on both sides, also where they
        overlap (GaiaXPy's `with_correlation` weighs one side only there).

        Args:
            columns: as for `spectra`, with correlations.
            truncation: whether to leave out the bases beyond the relevant ones.
            chunk: stars at a time; 343 pixels take 0.9 MB a star.

        Yields:
            Rows of `columns`, and their covariances [W2 m-4 nm-2], NaN where the flux is. float64:
            the values are too small for float32. Stars without any band are left out.
        """
        columns = _prepared(columns, truncation)
        n_pixel = len(self.wavelength_nm)
        for rows, bases in self._groups(columns, chunk):
            numbers = np.arange(len(columns["bp_coefficients"]))[rows]
            total = np.zeros((len(numbers), n_pixel, n_pixel))
            filled = slice(0, 0)
            for band in bases:
                filled = bases[band].add_covariance(total, *_errors(columns, band, rows), filled)
            yield numbers, total

    def _groups(self, columns, chunk):
        """Rows by the bands they have, in chunks, with the bases for these bands."""
        has = {band: ~np.isnan(columns[f"{band}_coefficients"]).all(axis=1) for band in BANDS}
        for bands, bases in self._bases.items():
            member = np.logical_and.reduce([has[band] == (band in bands) for band in BANDS])
            rows = np.flatnonzero(member)
            for start in range(0, len(rows), chunk):
                yield _as_slice(rows[start : start + chunk]), bases


class Converter:
    """
    From coefficients to internal spectra of each band, as GaiaXPy's `convert`.

    Attributes:
        sampling: the pixels, in pseudo-wavelength.
        matrices: flux [e-/s] of a coefficient of 1 e-/s, by band (55, n_pixel).
    """

    def __init__(self, sampling: Float[np.ndarray, " n_pixel"] | None = None):
        """
        Get the matrices for a sampling from GaiaXPy.

        Args:
            sampling: increasing pseudo-wavelengths within -10 to 70; 600 of 0-60 by default.

        Raises:
            ValueError: if they do not increase or leave that range.
        """
        sampling = np.linspace(0, 60, 600) if sampling is None else sampling
        self.sampling = _checked(sampling, -10, 70, "pseudo-wavelengths", "")
        self.matrices = {band: _converted_units(self.sampling, band) for band in BANDS}
        self._bases = {band: Bases(self.matrices[band]) for band in BANDS}

    def spectra(
        self, columns: Columns, truncation: bool = False
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """
        Internal fluxes and their errors, by band.

        Args:
            columns: as for `Calibrator.spectra`.
            truncation: whether to leave out the bases beyond the relevant ones.

        Returns:
            For `bp` and `rp` the flux and its error [e-/s], (n_star, n_pixel) each; NaN for a star
            without that band.
        """
        columns = _prepared(columns, truncation)
        return {band: self._band(columns, band) for band in BANDS}

    def _band(self, columns, band):
        bases, n_star = self._bases[band], len(columns[f"{band}_coefficients"])
        flux, variance = np.empty((2, n_star, len(self.sampling)))
        for start in range(0, n_star, CHUNK):
            rows = slice(start, start + CHUNK)
            flux[rows] = bases.flux(_part(columns, band, "coefficients", rows))
            variance[rows] = bases.variance(*_errors(columns, band, rows))
        return flux, np.sqrt(variance)


def _calibrated_units(sampling_nm, band, alone):
    gaiaxpy = gaiaxpy_quiet.load()
    with gaiaxpy_quiet.silence():
        spectra, wavelength = gaiaxpy.calibrate(
            gaiaxpy_quiet.unit_sources(band, alone), sampling=sampling_nm, save_file=False
        )
    return np.stack(spectra["flux"].to_list()), np.asarray(wavelength, float)


def _converted_units(sampling, band):
    gaiaxpy = gaiaxpy_quiet.load()
    with gaiaxpy_quiet.silence():
        spectra, _ = gaiaxpy.convert(
            gaiaxpy_quiet.unit_sources(band), sampling=sampling, save_file=False
        )
    return np.stack(spectra["flux"][spectra["xp"] == band.upper()].to_list())


def _checked(sampling, low, high, what, unit):
    sampling = np.asarray(sampling, float)
    if sampling.ndim != 1 or len(sampling) < 2 or not np.all(np.diff(sampling) > 0):
        raise ValueError(f"the {what} of a sampling must be two or more and increase: {sampling}")
    if sampling[0] < low or sampling[-1] > high:
        raise ValueError(
            f"the {what} go from {sampling[0]:g} to {sampling[-1]:g} {unit}; "
            f"Gaia's calibration holds from {low} to {high} {unit}".rstrip()
        )
    return sampling


def _prepared(columns, truncation):
    remedy = "only DR3's spectra can be calibrated"
    gaiaxpy_quiet.require_dr3(columns["bp_coefficients"], columns["rp_coefficients"], remedy)
    if not truncation:
        return columns
    cut = {
        f"{band}_{kind}": truncate(columns[f"{band}_{kind}"], columns[f"{band}_n_relevant_bases"])
        for band in BANDS
        for kind in ("coefficients", "coefficient_errors")
    }
    return {**columns, **cut}


def _as_slice(rows):
    """Consecutive rows as a slice, which takes them from an array without a copy."""
    consecutive = rows[-1] - rows[0] == len(rows) - 1
    return slice(rows[0], rows[-1] + 1) if consecutive else rows


def _errors(columns, band, rows):
    errors = _part(columns, band, "coefficient_errors", rows)
    if f"{band}_coefficient_correlations" not in columns:
        return errors, None
    return errors, _part(columns, band, "coefficient_correlations", rows)


def _part(columns, band, kind, rows):
    return np.asarray(columns[f"{band}_{kind}"][rows], np.float64)
