"""
Refit of the backwarming coefficients: `python -m starloom.sky.refit` prints backwarming.csv.

To be run whenever the opacities change. For a grid of stars the rise of temperature below the
surface is solved so that the flux integral is sigma Teff^4; a polynomial is fitted to it.
"""

import itertools
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from starloom.sky import atmosphere, chemistry, optical

ORDINARY = (
    *(
        (x, g, m, 0, 0)
        for x, g, m in itertools.product(range(5), range(3), range(4))
        if x + g + m <= 4
    ),
    *(
        (x, g, m, 1, 0)
        for x, g, m in ((0, 0, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (0, 1, 0), (2, 0, 0), (2, 0, 1))
    ),
)
"""Powers of the variables of `atmosphere.backwarming_terms` that fit ordinary stars."""
CARBON = (
    *((x, 0, m, 0, 1) for x, m in itertools.product(range(3), range(3)) if x + m <= 3 and m < 2),
    (0, 0, 2, 0, 1),
    (0, 1, 0, 0, 1),
    *((x, 0, m, 0, 2) for x, m in itertools.product(range(2), range(2))),
)
"""Powers that are added where carbon is enhanced."""
GRAVITIES = {
    2900.0: (-0.2, 0.5),
    3300.0: (0.0, 0.8, 4.8),
    3700.0: (0.6, 1.2, 4.7),
    4200.0: (1.0, 2.0, 4.6),
    4700.0: (1.8, 3.0, 4.6),
    5300.0: (2.6, 3.6, 4.5),
    6000.0: (3.4, 4.5),
    6700.0: (3.6, 4.4),
    7600.0: (3.6, 4.3),
}
"""log g of the grid at each effective temperature [K]."""
METALLICITIES = (-2.5, -1.7, -1.0, -0.5, 0.0, 0.4)
MIXTURES = ((0.0, 0.0), (0.35, 0.0), (0.2, 0.7), (0.3, 1.4), (0.1, 2.0))
"""[alpha/M] and [C/Fe]; the last three only below 6200 K and at log g below 4."""
BATCH = 64
N_STEPS = 9


def grid() -> np.ndarray:
    """Stars of the fit.

    Returns:
        (n_star, 5) Teff [K], log g, [M/H], [alpha/M], [C/Fe].
    """
    rows = []
    for teff, m_h, (alpha, carbon) in itertools.product(GRAVITIES, METALLICITIES, MIXTURES):
        for logg in GRAVITIES[teff]:
            odd = carbon > 0.0
            if odd and (teff > 6200.0 or logg > 4.0 or (carbon > 1.0 and m_h > -0.3)):
                continue
            if alpha > 0.3 and m_h > 0.1:
                continue
            rows.append((teff, logg, m_h, alpha, carbon))
        if teff < 4500.0 and m_h > -1.2 and alpha == 0.0:
            rows.append((teff, GRAVITIES[teff][0], m_h, 0.0, 0.5))
    return np.array(rows, np.float32)


@jax.jit
def _ratio(stars, backwarming):
    abundance = chemistry.abundances(stars[:, 2], stars[:, 3], {"c": stars[:, 4]})
    flux = optical.surface_flux(stars[:, 0], stars[:, 1], abundance, backwarming)
    return optical.bolometric(flux, stars[:, 0]) / optical.SIGMA_SB / stars[:, 0] ** 4


def solve(stars: Float[Array, "n_star 5"]) -> tuple[np.ndarray, np.ndarray]:
    """Backwarming that conserves flux.

    Args:
        stars: see `grid`.

    Returns:
        Backwarming and the flux integral over sigma Teff^4 reached with it.

    References:
        Mihalas (1978), Sec. 7-4.
    """
    n_star = len(stars)
    backwarming, ratio = np.full(n_star, 0.05, np.float32), np.zeros(n_star, np.float32)
    for start in range(0, n_star, BATCH):
        rows = np.minimum(np.arange(start, start + BATCH), n_star - 1)
        value = backwarming[rows]
        for _ in range(N_STEPS):
            value = value - 0.22 * np.log(np.asarray(_ratio(stars[rows], value)))
        backwarming[rows], ratio[rows] = value, _ratio(stars[rows], value)
    return backwarming, ratio


def _terms(stars, powers):
    abundance = chemistry.abundances(
        *(jnp.asarray(stars[:, k]) for k in (2, 3)), {"c": jnp.asarray(stars[:, 4])}
    )
    teff, logg = jnp.asarray(stars[:, 0]), jnp.asarray(stars[:, 1])
    return np.asarray(atmosphere.backwarming_terms(teff, logg, abundance, powers), np.float64)


def fit() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Polynomial through the grid: first ordinary stars, then what carbon adds.

    Returns:
        Coefficients of ORDINARY and CARBON, stars of the grid, and what the polynomial leaves of
        their flux integral over sigma Teff^4.

    References:
        See the module.
    """
    stars = grid()
    backwarming, _ = solve(stars)
    plain = stars[:, 4] == 0
    weight = np.where(stars[plain, 0] < 3400.0, 0.3, 1.0)
    base = np.linalg.lstsq(
        _terms(stars[plain], ORDINARY) * weight[:, None], backwarming[plain] * weight, rcond=1e-10
    )[0]
    rich = ~plain & (backwarming < atmosphere.MOST_BACKWARMING)
    rest = backwarming[rich] - _terms(stars[rich], ORDINARY) @ base
    more = np.linalg.lstsq(_terms(stars[rich], CARBON), rest, rcond=1e-10)[0]
    coefficients = np.concatenate([base, more])
    fitted = _terms(stars, ORDINARY + CARBON) @ coefficients
    fitted = np.minimum(fitted, atmosphere.MOST_BACKWARMING).astype(np.float32)
    parts = np.array_split(np.arange(len(stars)), -(-len(stars) // BATCH))
    left = np.concatenate([np.asarray(_ratio(stars[part], fitted[part])) for part in parts])
    return coefficients, stars, left


def main() -> None:
    """Print the table; what is left of the flux goes to the error stream."""
    coefficients, stars, left = fit()
    print("x_power,g_power,m_power,a_power,c_power,coefficient,source")
    for row, value in zip(ORDINARY + CARBON, coefficients, strict=True):
        print(*row, f"{value:.6f}", "fitted by python -m starloom.sky.refit", sep=",")
    ordinary = (stars[:, 4] == 0) & (stars[:, 0] > 3400.0)
    for name, mine in (("ordinary", ordinary), ("carbon-rich or cool", ~ordinary)):
        off = np.abs(left[mine] - 1.0)
        print(
            f"{name}: {mine.sum()} stars, typically {np.median(off):.4f}, "
            f"95 % within {np.percentile(off, 95):.4f}, worst {off.max():.4f}",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
