"""
Astrophysical log gf: `python -m starloom.sky.hband_refit FOLDER` prints hband_lines.csv anew.

Lines without a published strength that is kept get the one that makes synthetic spectra of giants
as deep as a data-driven model of real ones, here a quadratic Cannon model (Ness et al. 2015).
FOLDER holds its coefficients, the labels it is centred on and masks, as in the real data of the
tests. To be run after changes of the atmospheres; strengths then hide errors of the atmosphere.
"""

import csv
import sys
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.ndimage import median_filter

from starloom.archives.sdss import PIXELS
from starloom.sky import chemistry, hband, hband_basis, hband_lines, reference

GIANTS = (
    (4200.0, 1.6, -0.2, 0.1), (4500.0, 2.0, -0.3, 0.05), (4600.0, 2.5, 0.2, 0.0),
    (4750.0, 2.5, 0.0, 0.0), (4900.0, 2.7, -0.5, 0.15),
)  # fmt: skip
"""Teff [K], log g, [Fe/H], [alpha/Fe] at which model and synthesis are compared."""
DREDGED = {"c": -0.10, "n": 0.25}
"""[C/Fe] and [N/Fe] of giants, which the model does not know."""
CHIPS = (slice(322, 3242), slice(3648, 6048), slice(6412, 8306))
"""Pixels of the model."""
STRIDE = 10
"""Every tenth line is moved at once to get the derivatives: neighbours do not overlap."""
REACH_NM = 0.25
PRIOR_DEX = {"adjusted to within": 0.15, "adjusted": 1.5}
"""How far strengths are let go from where they start, by the words of their source."""
NOISE = 0.015
"""Size of what no change of the strengths can explain."""
STEP = 0.15
LIMITS = (-6.5, 1.2)
DAMPING = 0.4
LEVEL_PIXELS = 151
"""Pixels of the running median that is taken from the residuals."""


class Target(NamedTuple):
    """Spectra of real giants."""

    flux: np.ndarray
    """(n_star, n_pixel) over their pseudo-continuum."""
    continuum: np.ndarray
    """(n_pixel,) bool: continuum pixels."""
    good: np.ndarray
    """(n_pixel,) bool: pixels that count."""


def read_target(folder: str | Path) -> Target:
    """Spectra of the Cannon model at `GIANTS`.

    Args:
        folder: holds cannon/ and grids_masks/.

    Returns:
        The target.
    """
    folder = Path(folder)
    base = np.loadtxt(folder / "cannon" / "baseline_labels.txt")
    coefficients = np.loadtxt(folder / "cannon" / "coefficients_15x7214.txt.gz")
    offset = np.array(GIANTS) - base
    pairs = [(i, j) for i in range(4) for j in range(i, 4)]
    design = [np.ones(len(offset)), *offset.T, *(offset[:, i] * offset[:, j] for i, j in pairs)]
    masks = folder / "grids_masks"
    continuum = np.load(masks / "contmask_cannon_7214.npz")["pixels_cannon"]
    bad = np.load(masks / "badpixel_mask_7214.npz")["apogee_mask"]
    flux = levelled(np.stack(design, axis=1) @ coefficients, continuum)
    return Target(flux, continuum, ~bad)


def pixels() -> np.ndarray:
    """Pixels of the model among those of an apStar spectrum."""
    return np.concatenate([np.arange(PIXELS)[chip] for chip in CHIPS])


def levelled(flux: np.ndarray, continuum: np.ndarray) -> np.ndarray:
    """Flux over a quadratic through the continuum pixels of each chip.

    Args:
        flux: (n_star, n_pixel).
        continuum: (n_pixel,) bool.

    Returns:
        (n_star, n_pixel)
    """
    out, start = np.empty_like(flux, dtype=float), 0
    for chip in CHIPS:
        part = slice(start, start + chip.stop - chip.start)
        start, mine = part.stop, continuum[part]
        x = np.linspace(-1, 1, part.stop - part.start)
        fit = np.polynomial.chebyshev.chebfit(x[mine], flux[:, part][:, mine].T, 2)
        out[:, part] = flux[:, part] / np.polynomial.chebyshev.chebval(x, fit)
    return out


@jax.jit
def _spectra(
    vectors: Float[Array, "n_chunk n_active n_fine"], active: Array
) -> Float[Array, "n_star n_pixel"]:
    labels = jnp.array(GIANTS, jnp.float32)
    mixture = {name: jnp.full(len(GIANTS), value) for name, value in DREDGED.items()}
    abundance = chemistry.abundances(labels[:, 2], labels[:, 3], mixture)
    width = hband.broadening(hband.macroturbulence(labels[:, 2]), 1.0)
    table = hband_basis.basis()._replace(vectors=vectors, active=active)
    flux, _ = hband.synthesize(labels[:, 0], labels[:, 1], abundance, None, width, None, table)
    return flux[:, pixels()]


def _moved(table, centres_nm, every_nm, wave):
    """Vectors of atoms stronger by STEP dex round some lines, to halfway to their neighbours."""
    middle = np.concatenate([[0.0], 0.5 * (every_nm[1:] + every_nm[:-1]), [np.inf]])
    factor = np.ones(len(wave))
    for centre in centres_nm:
        k = np.searchsorted(every_nm, centre)
        low, high = max(middle[k], centre - REACH_NM), min(middle[k + 1], centre + REACH_NM)
        factor[(wave > low) & (wave <= high)] = 10**STEP
    n_atom = 3 * len(table.atom)
    factor = factor.reshape(table.vectors.shape[0], 1, -1)
    return table.vectors * np.where(table.active[:, :, None] < n_atom, factor, 1.0)


def step(
    target: Target,
    lines: dict[str, np.ndarray],
    free: np.ndarray,
    start: np.ndarray,
    prior_dex: np.ndarray,
) -> tuple[np.ndarray, float]:
    """One damped Gauss-Newton step.

    Args:
        target: real giants.
        lines: as `hband_lines.atomic_lines`.
        free: rows of lines to adjust.
        start: their first log gf, to which a prior ties them.
        prior_dex: width of that prior [dex].

    Returns:
        New log gf of the free lines, and the rms residual before the step.

    References:
        Levenberg (1944), Q. Appl. Math. 2, 164.
    """
    wave, table = hband_basis.fine_nm(), hband_basis.build(lines)
    flux = np.asarray(_spectra(table.vectors.astype(np.float32), table.active), float)
    angstrom = hband_basis.wavelength_angstrom()[pixels()] / 10
    residual = target.flux - levelled(flux, target.continuum)
    # Weak lines that no table has lower the level of the real spectra; no line should answer it.
    residual = residual - median_filter(residual, (1, LEVEL_PIXELS))
    residual = np.where(target.good, residual, 0.0)
    centres, every = lines["wavelength_nm"][free], np.unique(lines["wavelength_nm"])
    jacobian = np.zeros((residual.size, len(free)), np.float32)
    for first in range(STRIDE):
        mine = np.arange(first, len(free), STRIDE)
        moved = _moved(table, centres[mine], every, wave).astype(np.float32)
        change = (np.asarray(_spectra(moved, table.active), float) - flux) / STEP
        change = np.where(target.good, change, 0.0)
        for k in mine:
            near = np.abs(angstrom - centres[k]) < 2 * REACH_NM
            jacobian[:, k] = (change * near).ravel()
    log_gf = np.log10(lines["gf"][free])
    normal = jacobian.T @ jacobian / NOISE**2 + np.diag(prior_dex**-2.0)
    right = jacobian.T @ np.clip(residual, -0.08, 0.08).ravel() / NOISE**2
    right = right + (start - log_gf) / prior_dex**2
    damped = normal + DAMPING * np.diag(np.diag(normal))
    change = np.clip(np.linalg.solve(damped, right), -0.3, 0.3)
    return np.clip(log_gf + change, *LIMITS), float(residual[:, target.good].std())


def main(folder: str, steps: int = 10) -> None:
    """Print the table of lines with adjusted strengths.

    Args:
        folder: see `read_target`.
        steps: Gauss-Newton steps.
    """
    rows = reference.read_rows("hband_lines.csv")
    lines = {name: values.copy() for name, values in hband_lines.atomic_lines().items()}
    free = np.flatnonzero(["adjusted" in row["source"] for row in rows])
    start, target = np.log10(lines["gf"][free]), read_target(folder)
    widths = [
        next(width for words, width in PRIOR_DEX.items() if words in rows[row]["source"])
        for row in free
    ]
    best, smallest = lines["gf"].copy(), np.inf
    for _ in range(steps):
        log_gf, rms = step(target, lines, free, start, np.array(widths))
        if rms < smallest:
            best, smallest = lines["gf"].copy(), rms
        lines["gf"][free] = 10**log_gf
        print(f"rms residual {rms:.4f}", file=sys.stderr, flush=True)
    writer = csv.DictWriter(sys.stdout, rows[0], lineterminator="\n")
    writer.writeheader()
    for row, gf in zip(rows, best, strict=True):
        writer.writerow(row | {"log_gf": f"{np.log10(gf):.3f}"})


if __name__ == "__main__":
    main(sys.argv[1])
