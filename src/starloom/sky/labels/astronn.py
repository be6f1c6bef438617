"""Ages of giants by a network without physics: like APOGEE's astroNN value-added catalogue."""

from collections.abc import Mapping

import numpy as np

from starloom.sky.draws import Draws
from starloom.sky.labels.allstar import allstar_rows, apogee_id

PLATEAU_GYR, SLOPE_BEYOND = 8.0, 0.25
"""Age beyond which the network's ages hardly grow, and how much they still do."""

_SCATTER, _MODEL_SCATTER = 0.25, 0.10
"""Relative errors: in all, and the network's own part."""


def astronn(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """
    Rows of the catalogue, row by row those of allStar.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes; `h` counts, without it there is no spectrum.
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        APOGEE_ID; age, age_lowess_correct with age_model_error and age_total_error [Gyr], NaN
        but for giants with a spectrum; and for each row the row of its star in `stars`.

    References:
        Mackereth et al. (2019), Sec. 2: ages to 30 %, corrected for their trend by lowess; Leung
        et al. (2023), Fig. 11: they plateau around 8 Gyr. The shape of the plateau is this sky's.
    """
    row, second = allstar_rows(stars, seed)
    true = {name: np.asarray(stars[name])[row] for name in ("age_gyr", "logg")}
    noise = Draws(seed, 2 * np.asarray(stars["star"])[row] + second).normal("astronn age")
    beyond = np.maximum(true["age_gyr"] - PLATEAU_GYR, 0.0)
    factor = np.exp(_SCATTER * noise)
    age = (true["age_gyr"] - (1 - SLOPE_BEYOND) * beyond) * factor
    giant = (true["logg"] > 1.0) & (true["logg"] < 3.6)
    known = giant & np.isfinite(np.asarray(magnitudes["h"], float)[row])
    columns = {
        "age": age,
        "age_lowess_correct": age + SLOPE_BEYOND * beyond * factor,
        "age_model_error": _MODEL_SCATTER * age * error_scale,
        "age_total_error": _SCATTER * age * error_scale,
    }
    table = {"APOGEE_ID": apogee_id(stars, seed)[row]}
    return table | {name: np.where(known, v, np.nan) for name, v in columns.items()}, row
