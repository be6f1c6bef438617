"""What Kepler makes of a star's light: levels, drifts, outliers, gaps, flags, errors."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from starloom.sky import kepler_cadence as calendar
from starloom.sky.draws import Draws
from starloom.sky.kepler_band import EXPOSURE_S, electrons_per_cadence, noise_ppm, scatter_ppm
from starloom.sky.kepler_cadence import BITS, FIRST_CADENCE, Quarter

SETTLING_DAYS = 2.5
"""How long the telescope takes to settle thermally after an interruption."""

_COARSE = BITS["coarse_point"] | BITS["no_fine_point"]
_JOLT = BITS["safe_mode"] | BITS["earth_point"]
_SAP_LOST = (
    BITS["desaturation"] | BITS["argabrightening_ccd"] | BITS["detector_anomaly"] | BITS["no_data"]
)
_PDC_LOST = (
    BITS["attitude_tweak"]
    | BITS["safe_mode"]
    | BITS["coarse_point"]
    | BITS["earth_point"]
    | BITS["manual_exclude"]
    | BITS["argabrightening"]
)


@dataclass(frozen=True)
class QuarterFile:
    """One star in one quarter: the table of its file and the facts of its headers."""

    quarter: Quarter
    sky_group: int
    table: dict[str, np.ndarray]
    aperture: np.ndarray
    crowding: float
    captured: float
    dropouts: int


@dataclass(frozen=True)
class _Instrument:
    """A star's whole mission before it is cut into quarters."""

    seed: int
    star: int
    level: float
    stated_ppm: float
    signal: np.ndarray
    drop: np.ndarray
    quality: np.ndarray


def observe(
    star: int,
    kepmag: float,
    white_ppm2_uhz: float,
    flux_ppm: np.ndarray,
    seed: int,
    sky_group: int | None = None,
    only: tuple[int, ...] | None = None,
) -> list[QuarterFile]:
    """
    Observe one star through the mission.

    Args:
        star: index of the star, which gives it its own noise.
        kepmag: Kepler magnitude Kp [mag].
        white_ppm2_uhz: density of its white noise [ppm2/uHz], from `seismology.scaling`.
        flux_ppm: relative flux at all cadences [ppm], from `lightcurve.relative_flux_ppm`.
        seed: seed of the sky.
        sky_group: 1 to 84, where on the focal plane; drawn when None.
        only: quarters to make; all that the star was observed in when None.

    Returns:
        One entry a quarter. Its table has columns of `kepler_columns.csv`. SAP flux has white
        noise, level and drift of the quarter, thermal settling after safe modes and Earth points,
        sudden drops and outliers; PDCSAP keeps the level, the outliers and a few per cent of the
        drifts. Lost cadences are NaN with the bit that says why. Stated errors are those of
        photons and readout, a little less than the scatter, as the mission's are.

    Raises:
        ValueError: if the flux is not as long as the mission, or a value is not finite.

    References:
        Levels, drifts and rates of flags of the 18 files of KIC 9145861; Kinemuchi et al. (2012),
        PASP 124, 963, Sec. 2, and Garcia et al. (2011), MNRAS 414, L6, describe them.
    """
    flux_ppm = np.asarray(flux_ppm, float)
    count = len(calendar.cadences())
    if flux_ppm.shape != (count,):
        raise ValueError(f"star {star}: {flux_ppm.shape} fluxes for {count} cadences")
    if not np.isfinite(flux_ppm.sum() + kepmag + white_ppm2_uhz):
        raise ValueError(f"star {star}: flux, Kp or noise is NaN; leave out stars flagged so")
    random = np.random.default_rng([seed, star, 0])
    quality = _quality(random, calendar.mission_quality(seed))
    stated = noise_ppm(kepmag)
    signal = flux_ppm + scatter_ppm(white_ppm2_uhz) * random.standard_normal(count)
    signal += _outliers(random, quality, stated)
    drop = _dropouts(random, quality)
    level = electrons_per_cadence(kepmag) / EXPOSURE_S
    mission = _Instrument(seed, star, level, stated, signal, drop, quality)
    group = sky_group or 1 + int(Draws(seed, np.array([star])).uniform("sky group", 0, 84)[0])
    seen = calendar.observed_quarters(group)
    return [_quarter(mission, group, q) for q in seen if only is None or q.quarter in only]


def _quality(random, shared):
    """Bits of this star: its own cosmic rays, anomalies and rolling bands on the shared ones."""
    quality = shared.copy()
    count = len(quality)
    rays = random.random((2, count), dtype=np.float32)
    quality[rays[0] < 0.045] |= BITS["aperture_cosmic"]
    quality[rays[1] < 0.055] |= BITS["collateral_cosmic"]
    quality[random.integers(0, count, random.poisson(1.8e-3 * count))] |= BITS["detector_anomaly"]
    band = np.repeat(random.random(count // 96 + 1) < 0.035, 96)[:count]
    quality[band] |= BITS["rolling_band"]
    quality[band & (rays[1] > 0.4)] |= BITS["rolling_band_aperture"]
    lost = quality & BITS["no_data"] > 0
    quality[lost] &= BITS["no_data"] | BITS["no_fine_point"] | _JOLT | BITS["attitude_tweak"]
    return quality


def _outliers(random, quality, noise):
    """Deviations [ppm] that the pipeline missed, and the few that it flagged."""
    count = len(quality)
    size = np.zeros(count)
    missed = random.integers(0, count, random.poisson(2.5e-4 * count))
    sign = np.where(random.random(len(missed)) < 0.8, 1.0, -1.0)
    size[missed] = sign * noise * (4.0 + 6.0 * random.standard_exponential(len(missed)))
    flagged = random.integers(0, count, random.poisson(7e-5 * count))
    flagged = flagged[quality[flagged] & BITS["no_data"] == 0]
    quality[flagged] |= BITS["impulsive_outlier"]
    size[flagged] += noise * (10.0 + 20.0 * random.standard_exponential(len(flagged)))
    return size


def _dropouts(random, quality):
    """Sudden sensitivity drops [relative flux], half of each recovered within a day."""
    drop = np.zeros(len(quality))
    for at in random.integers(0, len(quality), random.poisson(0.6)):
        age = np.arange(len(quality) - at) * calendar.CADENCE_DAYS
        drop[at:] -= random.uniform(5e-4, 3e-3) * (0.5 + 0.5 * np.exp(-age / 0.5))
        if quality[at] & BITS["no_data"] == 0:
            quality[at] |= BITS["sensitivity_dropout"]
    return drop


def _quarter(mission, group, quarter):
    here = slice(quarter.first_cadence - FIRST_CADENCE, quarter.last_cadence + 1 - FIRST_CADENCE)
    bits, signal, drop = (x[here] for x in (mission.quality, mission.signal, mission.drop))
    own = np.random.default_rng([mission.seed, mission.star, 1, quarter.quarter]).normal(size=4)
    season = np.random.default_rng([mission.seed, mission.star, 2, quarter.season]).normal(size=3)
    captured, crowding = 0.985 - 0.02 * abs(season[0]), 1.0 - 0.01 * abs(season[1])
    pdc_level = mission.level * np.exp(0.02 * season[2] + 0.004 * own[3])
    sap_level = pdc_level * captured / crowding

    cadence = np.arange(quarter.first_cadence, quarter.last_cadence + 1)
    drift = _drift(cadence, bits, own)
    step = drop - drop[0]
    left = 0.03 * drift + 0.05 * step
    bright = 1.0 + 1e-6 * signal
    sap = sap_level * bright * (1.0 + drift + step)
    pdc = pdc_level * bright * (1.0 + left - left.mean())

    no_data = bits & BITS["no_data"] > 0
    sap_lost = (bits & _SAP_LOST > 0) | (bits & _COARSE == _COARSE)
    pdc_lost = sap_lost | (bits & _PDC_LOST > 0)
    stated = 1e-6 * mission.stated_ppm
    table = {
        "TIME": np.where(no_data, np.nan, _clock()["bkjd"][here]),
        "TIMECORR": np.where(no_data, 0.0, _clock()["correction"][here]),
        "CADENCENO": cadence,
        "SAP_FLUX": np.where(sap_lost, np.nan, sap),
        "SAP_FLUX_ERR": np.where(sap_lost, np.nan, stated * np.sqrt(sap * sap_level)),
        "PDCSAP_FLUX": np.where(pdc_lost, np.nan, pdc),
        "PDCSAP_FLUX_ERR": np.where(pdc_lost, np.nan, stated * np.sqrt(pdc * pdc_level)),
        "SAP_QUALITY": bits,
    }
    table |= _surroundings(mission, group, quarter, here, drift, no_data, sap_lost)
    count = int(np.count_nonzero(bits & BITS["sensitivity_dropout"]))
    aperture = _aperture(mission.level)
    return QuarterFile(
        quarter, group, table, aperture, round(crowding, 4), round(captured, 4), count
    )


def _surroundings(mission, group, quarter, here, drift, no_data, lost):
    """Background [e-/s] and positions [pixel]: the field sways with the orbit and the drift."""
    module, _, channel = calendar.place(group, quarter.season)
    year = _clock()["year"][here]
    background = 2800.0 + 1200.0 * np.cos(year + 0.6 * module)
    sway = 0.8 * drift + 0.004 * np.sin(year)
    jitter = 2e-8 * mission.signal[here]
    column, row = 12 + 12 * channel, 20 + 40 * module
    blurred = mission.stated_ppm / 55.0
    return {
        "SAP_BKG": np.where(no_data, np.nan, background),
        "SAP_BKG_ERR": np.where(no_data, np.nan, 0.02 * np.sqrt(background)),
        "MOM_CENTR1": np.where(lost, np.nan, column + 0.4 + sway + jitter),
        "MOM_CENTR1_ERR": np.where(lost, np.nan, 7e-5 * blurred),
        "MOM_CENTR2": np.where(lost, np.nan, row + 0.6 + 0.7 * sway - jitter),
        "MOM_CENTR2_ERR": np.where(lost, np.nan, 6e-5 * blurred),
        "POS_CORR1": np.where(no_data, np.nan, sway),
        "POS_CORR2": np.where(no_data, np.nan, 0.7 * sway),
    }


@cache
def _clock() -> dict[str, np.ndarray]:
    """What depends on the cadence alone."""
    cadence = calendar.cadences()
    turn = calendar.CADENCE_DAYS * (cadence - FIRST_CADENCE) / calendar.ORBIT_DAYS
    return {
        "bkjd": calendar.bkjd(cadence),
        "correction": calendar.time_correction_days(cadence),
        "year": 2 * np.pi * turn,
    }


def _drift(cadence, bits, size):
    """Drift over the quarter and settling after each interruption, as relative flux."""
    x = (cadence - cadence.mean()) / np.ptp(cadence)
    drift = 0.004 * size[0] * x + 0.004 * size[1] * (x**2 - 1.0 / 12.0)
    jolted = bits & _JOLT > 0
    for start in np.flatnonzero(jolted[:-1] & ~jolted[1:]) + 1:
        age = np.arange(len(cadence) - start) * calendar.CADENCE_DAYS
        drift[start:] -= 0.002 * abs(size[2]) * np.exp(-age / SETTLING_DAYS)
    return drift


def _aperture(level):
    """Mask of the pixels: 1 collected, 3 in the optimal aperture; brighter stars have more."""
    pixels = int(np.clip(14.0 * (level / 2.13e5) ** 0.4, 2, 34))
    rows, columns = np.mgrid[0:6, 0:7]
    distance = np.hypot(rows - 2.5, columns - 3.0) + 1e-3 * columns + 1e-4 * rows
    mask = np.ones((6, 7), np.int32)
    mask.ravel()[np.argsort(distance.ravel())[:pixels]] = 3
    return mask
