"""How the ratios of XP coefficients change with each label: what a model of them should find."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from starloom.sky import optical, prism
from starloom.sky.xp import instrument


def ratio_derivatives(
    star: Mapping[str, float], steps: Mapping[str, float]
) -> dict[str, Float[np.ndarray, " n_ratio"]]:
    """
    Derivative of the coefficients over the first RP one, by the difference of two spectra.

    Args:
        star: teff [K], logg, m_h, alpha_m, c_fe, n_fe [dex] of the middle.
        steps: full width of the step in each label, half to either side.

    Returns:
        By label, per unit of it: BP, then RP without its first (n_ratio,).

    References:
        Fallows & Sanders (2024), Sec. 5.2 and Table 4.
    """
    rows = [dict(star) for _ in range(2 * len(steps))]
    for index, (label, step) in enumerate(steps.items()):
        rows[2 * index][label] += 0.5 * step
        rows[2 * index + 1][label] -= 0.5 * step
    stars = {name: np.array([row[name] for row in rows]) for name in star}
    flux = optical.spectra(stars)[1].astype(float)
    coefficients = flux @ np.asarray(instrument().coefficients, float).T
    first = prism.N_BASES
    ratio = np.delete(coefficients / coefficients[:, first, None], first, axis=1)
    return {
        label: (ratio[2 * index] - ratio[2 * index + 1]) / step
        for index, (label, step) in enumerate(steps.items())
    }
