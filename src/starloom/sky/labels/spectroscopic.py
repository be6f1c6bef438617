"""LAMOST's view of the simulated stars, in low and medium resolution, with biases of its own."""

from collections.abc import Mapping

import numpy as np

from starloom.sky.draws import Draws

Table = dict[str, np.ndarray]


def lamost(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    Rows like LAMOST's low-resolution catalogue of A, F, G and K stars.

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes; `g` counts.
        seed: the run's seed.
        error_scale: factor on the reported errors; the noise keeps its size.

    Returns:
        Columns as in dr7_v2.0_LRS_stellar: obsid, ra, dec [deg], snrg, teff [K], logg, feh [dex],
        rv [km/s] with errors `_err`, alpha_m (with -9999 where not given), gaia_source_id as text,
        gaia_g_mean_mag; and for each row the row of its star in `stars`. Two fifths of the
        northern stars with 9 < G < 17.8 and 3800 K < Teff < 8500 K.

    References:
        Luo et al. (2015), Sec. 4: precision by SNR. Biases made for this sky in the sense of
        Andrae et al. (2023), Fallows & Sanders (2024), Sec. 5: giants 0.1 dex too high in log g,
        metallicities compressed.
    """
    draws = Draws(seed, stars["star"])
    snr = 60.0 * 10 ** (-0.28 * (magnitudes["g"] - 14.0)) * np.exp(0.5 * draws.normal("lamost snr"))
    rows = _observed(draws, stars, magnitudes, "lamost lrs", share=0.4, faintest=17.8)
    rows = rows[snr[rows] > 8.0]
    stars = {name: np.asarray(values)[rows] for name, values in stars.items()}
    draws, snr = Draws(seed, stars["star"]), np.minimum(snr[rows], 900.0)
    error = {
        "teff": np.hypot(28.0, 1100.0 / snr) * 10 ** np.clip((stars["teff"] - 5500) / 4000, 0, 1),
        "logg": np.hypot(0.05, 1.8 / snr),
        "feh": np.hypot(0.03, 1.1 / snr) * 10 ** (0.25 * np.clip(-1.0 - stars["fe_h"], 0, 2)),
        "rv": np.hypot(3.0, 60.0 / snr),
    }
    giant = stars["logg"] < 3.5
    true = {
        "teff": stars["teff"] + np.where(giant, 15.0, -40.0),
        "logg": stars["logg"] + np.where(giant, 0.10, -0.03),
        "feh": 0.94 * stars["fe_h"] - 0.02,
        "rv": stars["radial_velocity"] - 5.0,
    }
    table = {
        "obsid": 900_000_000 + stars["star"],
        "ra": stars["ra"],
        "dec": stars["dec"],
        "snrg": snr,
        "gaia_source_id": stars["source_id"].astype(str),
        "gaia_g_mean_mag": magnitudes["g"][rows],
    }
    for name, sigma in error.items():
        table[name] = true[name] + sigma * draws.normal(f"lamost lrs {name}")
        table[f"{name}_err"] = sigma * error_scale
    alpha = stars["alpha_m"] + np.hypot(0.04, 1.2 / snr) * draws.normal("lamost lrs alpha")
    none = (stars["teff"] > 7000) | (snr < 20.0)
    table["alpha_m"] = np.where(none, -9999.0, alpha)
    table["alpha_m_err"] = np.where(none, -9999.0, np.hypot(0.04, 1.2 / snr) * error_scale)
    return table, rows


def lamost_mrs(
    stars: Mapping[str, np.ndarray],
    magnitudes: Mapping[str, np.ndarray],
    seed: int,
    error_scale: float = 1.0,
) -> tuple[Table, np.ndarray]:
    """
    Rows like LAMOST's medium-resolution catalogue, with the labels of Wang et al. (2020).

    Args:
        stars: columns of `population.draw`.
        magnitudes: true apparent magnitudes; `g` counts.
        seed: the run's seed.
        error_scale: none of the table's errors can be scaled: its labels have none.

    Returns:
        Columns as in dr7_v2.0_MRS_stellar: obsid, ra, dec [deg], snr, gaia_source_id as text,
        gaia_g_mean_mag, teff_cnn [K], logg_cnn, feh_cnn, alpha_m_cnn, c_fe, n_fe [dex], -9999
        where SNR < 20; and for each row the row of its star in `stars`. A sixth of the northern
        stars with 9 < G < 15.

    References:
        Wang et al. (2020): a network trained on APOGEE, so its labels lie on APOGEE's scale and
        lean to the mean of the training stars.
    """
    draws = Draws(seed, stars["star"])
    rows = _observed(draws, stars, magnitudes, "lamost mrs", share=1.0 / 6.0, faintest=15.0)
    stars = {name: np.asarray(values)[rows] for name, values in stars.items()}
    draws = Draws(seed, stars["star"])
    snr = 70.0 * 10 ** (-0.25 * (magnitudes["g"][rows] - 12.5))
    snr = np.minimum(snr * np.exp(0.4 * draws.normal("mrs snr")), 600.0)
    table = {
        "obsid": 700_000_000 + stars["star"],
        "ra": stars["ra"],
        "dec": stars["dec"],
        "snr": snr,
        "gaia_source_id": stars["source_id"].astype(str),
        "gaia_g_mean_mag": magnitudes["g"][rows],
    }
    for name, column, floor, photon, mean, slope in (
        ("teff_cnn", "teff", 35.0, 2000.0, 4900.0, 1.0),
        ("logg_cnn", "logg", 0.06, 3.0, 2.7, 0.98),
        ("feh_cnn", "fe_h", 0.03, 1.5, -0.2, 0.96),
        ("alpha_m_cnn", "alpha_m", 0.020, 1.0, 0.08, 0.92),
        ("c_fe", "c_fe", 0.035, 2.0, 0.0, 0.90),
        ("n_fe", "n_fe", 0.045, 2.5, 0.2, 0.85),
    ):
        sigma = np.hypot(floor, photon / snr)
        value = mean + slope * (stars[column] - mean)
        value += sigma * draws.normal(f"lamost mrs {name}")
        table[name] = np.where(snr < 20.0, -9999.0, value)
    return table, rows


def _observed(draws, stars, magnitudes, survey, share, faintest):
    """Rows that a northern survey of F, G and K stars has."""
    teff, g_mag = stars["teff"], magnitudes["g"]
    within = (g_mag > 9.0) & (g_mag < faintest) & (teff > 3800.0) & (teff < 8500.0)
    chosen = draws.uniform(survey) < share
    return np.flatnonzero(within & chosen & (stars["dec"] > -10.0))
