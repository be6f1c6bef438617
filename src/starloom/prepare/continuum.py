"""
Continuum of APOGEE spectra: one weighted polynomial a chip through pixels that hardly absorb.

All spectra of a chunk are fitted at once: the normal equations of a polynomial of degree 2 need
moments of the weights and of the flux, which are matrix products. Its basis does not matter: the
paper's Chebyshev polynomials give the same curve.
"""

import itertools
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import threadpool_limits

CHIPS = ((246, 3274), (3585, 6080), (6344, 8335))
"""First pixel and the one after the last, of the 8575, that each chip keeps."""

PIXELS = sum(stop - start for start, stop in CHIPS)

CHIP_SIZES = tuple(stop - start for start, stop in CHIPS)
_STARTS = (0, CHIP_SIZES[0], CHIP_SIZES[0] + CHIP_SIZES[1])

_PLACE = np.concatenate([np.linspace(-1, 1, size, dtype=np.float32) for size in CHIP_SIZES])
"""Place of each kept pixel on its chip, from end to end."""

CONTINUUM_PIXELS = (192, 138, 202)
"""How many continuum pixels each chip has."""

BAD_BITS = (0, 1, 2, 3, 4, 5, 6, 7, 12)
"""Bits of the pixel mask that make a pixel useless: bad, cosmic ray, saturated, unfixable, bad
dark, bad flat, bad error, no sky, significant sky line."""

_BAD = sum(1 << bit for bit in BAD_BITS)

HIGHEST = 2.0
"""Normalised flux above this is no star's."""

BLOCK = 128
"""Stars whose continua are fitted at once."""

ROWS = 32
"""Stars that are divided at once: what fits a core's cache. It divides `BLOCK`."""

TERMS = 3
FEWEST = 10
"""Good continuum pixels without which a chip has no continuum."""

SPREAD = 1e-9
"""Smallest determinant of the mean products of the terms, 0 if one pixel has all the weight."""

ROUNDS = 3
SECTIONS = 16


def kept_pixels() -> Int[np.ndarray, " n_pix"]:
    """Which of the 8575 pixels are kept, in order (7514 of them)."""
    return np.concatenate([np.arange(start, stop) for start, stop in CHIPS])


def normalise(
    chosen: Sequence[Int[np.ndarray, " n_continuum"]],
    flux: Float[np.ndarray, "n_star n_pix"],
    error: Float[np.ndarray, "n_star n_pix"],
    mask: Int[np.ndarray, "n_star n_pix"],
) -> dict[str, np.ndarray]:
    """
    Divide spectra by their continua.

    A pixel is bad where its mask has one of `BAD_BITS`, where flux or error is not finite, the
    error not positive, or the normalised flux above 2; it gets the flux 1 and an infinite error.

    Args:
        chosen: by chip, the pixels of the chip that its continuum goes through.
        flux: spectra in any unit, on the 7514 kept pixels.
        error: their errors.
        mask: bits of the pixel mask.

    Returns:
        `flux` and `error` relative to the continuum (n_star, 7514), float32, and `fitted`
        (n_star, 3): whether a chip has a continuum, ten good continuum pixels and a positive
        level. A chip without has the flux 1 and infinite errors.

    Raises:
        ValueError: if the spectra do not have the kept pixels.

    References:
        Leung & Bovy (2019), MNRAS 483, 3255, Sec. 3.1; Leung et al. (2023), Sec. 4.1. Weights
        are 1/error, squared in the sum of squares.
    """
    n_star = len(flux)
    if any(values.shape != (n_star, PIXELS) for values in (flux, error, mask)):
        raise ValueError(f"spectra of shape {flux.shape}: {PIXELS} kept pixels are expected")
    out = {name: np.empty((n_star, PIXELS), np.float32) for name in ("flux", "error")}
    fitted = np.empty((n_star, len(CHIPS)), bool)
    pixels = np.concatenate([low + part for low, part in zip(_STARTS, chosen, strict=True)])
    terms = _terms(pixels)

    def run(first):
        block = slice(first, first + BLOCK)
        given = [values[block] for values in (flux, error, mask)]
        results = [out["flux"][block], out["error"][block]]
        with np.errstate(all="ignore"):  # what is not finite is bad
            curves = _fit(terms, *(values.take(pixels, axis=1) for values in given))
            for start in range(0, BLOCK, ROWS):
                rows = slice(start, start + ROWS)
                parts = (values[rows] for values in (*given, *results))
                fitted[block][rows] = _divide(curves[rows], *parts)

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(run, range(0, n_star, BLOCK)))
    return out | {"fitted": fitted}


def _fit(terms, flux, error, mask):
    """
    Coefficients of the continua, (n_star, n_chip, TERMS), from the continuum pixels.

    They are 0 on a chip with too few good pixels, or with one whose error is so small that no
    other counts.
    """
    good = _good(flux, error, mask)
    weight = np.where(good, 1 / np.square(error, dtype=np.float64), 0.0)
    pairs = terms[..., :, None] * terms[..., None, :]
    matrix = (weight @ pairs.reshape(len(terms), -1)).reshape(-1, *pairs.shape[1:])
    vector = (weight * np.where(good, flux, 0.0)) @ terms.reshape(len(terms), -1)
    vector = vector.reshape(-1, *terms.shape[1:])
    total = matrix[..., 0, 0].copy()
    matrix /= total[..., None, None]
    enough = (good.astype(float) @ terms[..., 0]) >= FEWEST
    enough &= np.linalg.det(matrix) > SPREAD
    matrix[~enough] = np.eye(TERMS)
    vector /= np.where(enough, total, np.inf)[..., None]
    return np.linalg.solve(matrix, vector[..., None])[..., 0].astype(np.float32)


def _divide(curves, flux, error, mask, to_flux, to_error):
    """Fill `to_flux` and `to_error`; which stars have a continuum on which chip."""
    good, fitted = _good(flux, error, mask), np.empty(curves.shape[:2], bool)
    for chip, (low, size) in enumerate(zip(_STARTS, CHIP_SIZES, strict=True)):
        part, terms = slice(low, low + size), curves[:, chip, :, None]
        # Not a matrix product: that of a star would depend on how many there are beside it.
        curve = terms[:, 2] * _PLACE[part]
        curve += terms[:, 1]
        curve *= _PLACE[part]
        curve += terms[:, 0]
        fitted[:, chip] = curve.min(axis=1) > 0
        np.divide(flux[:, part], curve, out=to_flux[:, part])
        np.divide(error[:, part], curve, out=to_error[:, part])
        good[~fitted[:, chip], part] = False
    good &= to_flux <= HIGHEST
    bad = ~good
    np.copyto(to_flux, np.float32(1), where=bad)
    np.copyto(to_error, np.float32(np.inf), where=bad)
    return fitted


def _good(flux, error, mask):
    """Pixels to use; an error that is NaN fails each comparison."""
    good = (mask & _BAD) == 0
    good &= error > 0
    good &= error < np.inf
    good &= np.isfinite(flux)
    return good


def _terms(pixels):
    """Powers of the place of some kept pixels, (n_pixel, n_chip, TERMS), 0 on other chips."""
    chip = np.searchsorted(_STARTS, pixels, side="right") - 1
    powers = _PLACE[pixels, None].astype(np.float64) ** np.arange(TERMS)
    return (chip[:, None] == np.arange(len(CHIPS)))[..., None] * powers[:, None]


def find_continuum(
    flux: Float[np.ndarray, "n_star n_pix"],
    error: Float[np.ndarray, "n_star n_pix"],
    mask: Int[np.ndarray, "n_star n_pix"],
    counts: Sequence[int] = CONTINUUM_PIXELS,
) -> list[Int[np.ndarray, " n_continuum"]]:
    """
    Pixels that hardly absorb in any of many stars, from their spectra alone.

    A pixel is the better the higher its flux is and the less it differs from star to star, in
    spectra divided by a first continuum, an upper quantile of the chip's sections. The best
    pixels of each of 16 sections are taken, so that they reach from end to end; the spectra are
    then divided by the continuum through them, and the choice is made again.

    Args:
        flux: spectra in any unit on the 7514 kept pixels; bright giants of all kinds.
        error: their errors.
        mask: bits of the pixel mask.
        counts: how many pixels to choose on each chip.

    Returns:
        By chip, the chosen pixels of the chip, in order.

    Raises:
        ValueError: if no star has good pixels on all chips, or a pixel count is not positive.

    References:
        The same aim as Ness et al. (2015), ApJ 808, 16, Sec. 5.3, without labels.
    """
    if min(counts) < 1:
        raise ValueError(f"each chip needs continuum pixels, not {tuple(counts)}")
    good = _good(flux, error, mask)
    shares = np.stack([part.mean(axis=1) for part in np.split(good, _STARTS[1:], axis=1)])
    stars = (shares > 0.5).all(axis=0)
    if not stars.any():
        raise ValueError(f"none of {len(flux)} spectra has half of its pixels good on each chip")
    flux, error, mask, good = flux[stars], error[stars], mask[stars], good[stars]
    ready = np.where(good, flux / _upper_envelope(flux, good), np.nan)
    for _ in range(ROUNDS):
        chosen = _best(ready, counts)
        done = normalise(chosen, flux, error, mask)
        ready = np.where(np.isfinite(done["error"]), done["flux"], np.nan)
    return chosen


def _upper_envelope(flux, good):
    """A first continuum: the 90th percentile in each section of a chip, joined by lines."""
    envelope = np.empty_like(flux)
    for low, size in zip(_STARTS, CHIP_SIZES, strict=True):
        edges = np.linspace(0, size, SECTIONS + 1).astype(int)
        chip = np.where(good, flux, np.nan)[:, low : low + size]
        levels = np.stack(
            [np.nanpercentile(chip[:, a:b], 90, axis=1) for a, b in itertools.pairwise(edges)],
            axis=1,
        )
        middle = 0.5 * (edges[1:] + edges[:-1])
        for star, level in enumerate(levels):
            known = np.isfinite(level)
            line = np.interp(np.arange(size), middle[known], level[known])
            envelope[star, low : low + size] = line
    return envelope


def _best(ready, counts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a pixel that is bad in all stars
        quality = np.nanmean(ready, axis=0) - np.nanstd(ready, axis=0)
    quality = np.nan_to_num(quality, nan=-np.inf)
    chosen = []
    for low, size, count in zip(_STARTS, CHIP_SIZES, counts, strict=True):
        edges = np.linspace(0, size, SECTIONS + 1).astype(int)
        shares = np.diff(np.linspace(0, count, SECTIONS + 1).astype(int))
        best = [
            a + np.argsort(-quality[low + a : low + b], kind="stable")[:share]
            for (a, b), share in zip(itertools.pairwise(edges), shares, strict=True)
        ]
        chosen.append(np.sort(np.concatenate(best)))
    return chosen
