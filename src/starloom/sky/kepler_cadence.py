"""Kepler's calendar: cadences, quarters, times, and what befell the whole spacecraft when."""

from dataclasses import dataclass, replace
from functools import cache, lru_cache

import numpy as np

from starloom.sky.chemistry import read_rows
from starloom.sky.draws import Draws

FIRST_CADENCE = 568
LAST_CADENCE = 72531
CADENCE_DAYS = 0.0204335983
FIRST_MJD = 54953.03814
"""Middle of cadence 568; with the length of a cadence it gives the middle of 72531 to 1 s."""

BKJD_OF_MJD = 54832.5
"""MJD of BJD 2454833, the zero point of TIME."""

ORBIT_DAYS = 372.5
LIGHT_TRAVEL_DAYS = 0.0023044
TIME_OFFSET_DAYS = 0.00084877
LATEST_BKJD = 206.7
"""Barycentric correction of the field: period of the spacecraft's orbit, half amplitude, mean
and date of the maximum; within 4 s of TIMECORR in the mission's files."""

DESATURATION_CADENCES = 146
"""The reaction wheels are desaturated every three days."""

BITS = {
    "attitude_tweak": 1,
    "safe_mode": 2,
    "coarse_point": 4,
    "earth_point": 8,
    "zero_crossing": 16,
    "desaturation": 32,
    "argabrightening": 64,
    "aperture_cosmic": 128,
    "manual_exclude": 256,
    "sensitivity_dropout": 1024,
    "impulsive_outlier": 2048,
    "argabrightening_ccd": 4096,
    "collateral_cosmic": 8192,
    "detector_anomaly": 16384,
    "no_fine_point": 32768,
    "no_data": 65536,
    "rolling_band_aperture": 131072,
    "rolling_band": 262144,
}
"""Bits of SAP_QUALITY: Thompson et al. (2016), Kepler Archive Manual, Table 2-3."""

MODULES = (2, 3, 4, *range(6, 21), 22, 23, 24)
LOST_MODULE = 3
LOST_STAMP = "2010009091648"
LOST_CADENCE = 12935
"""Module 3 failed in Q4: its stars have one short file of Q4 and then miss every fourth quarter
(Kepler Instrument Handbook, KSCI-19033-002, Sec. 2.5)."""


@dataclass(frozen=True)
class Quarter:
    """One observing quarter, as a file of one star holds it."""

    quarter: int
    stamp: str
    season: int
    first_cadence: int
    last_cadence: int
    first_desaturation: int
    target_table: int


@cache
def quarters() -> tuple[Quarter, ...]:
    """The quarters Q0 to Q17."""
    return tuple(
        Quarter(**{name: text if name == "stamp" else int(text) for name, text in row.items()})
        for row in (
            {name: text for name, text in row.items() if name != "source"}
            for row in read_rows("kepler_quarters.csv")
        )
    )


def place(sky_group: int, season: int) -> tuple[int, int, int]:
    """
    Where a star falls on the focal plane, which turns by 90 degrees from season to season.

    Args:
        sky_group: 1 to 84, the channel in season 2.
        season: 0 to 3.

    Returns:
        Module, output and channel.

    References:
        Kepler Instrument Handbook (KSCI-19033-002), Fig. 8.
    """
    module, output = MODULES[(sky_group - 1) // 4], (sky_group - 1) % 4
    row, column = divmod(module - 1, 5)
    for _ in range((season - 2) % 4):
        row, column = 4 - column, row
        output = (output + 1) % 4 if module == 13 else output
    module = 5 * row + column + 1
    return module, output + 1, 4 * MODULES.index(module) + output + 1


def observed_quarters(sky_group: int) -> tuple[Quarter, ...]:
    """The quarters in which a star of a sky group was observed; module 3 was lost in Q4."""
    seen = []
    for quarter in quarters():
        lost = place(sky_group, quarter.season)[0] == LOST_MODULE
        if lost and quarter.quarter == 4:
            seen.append(replace(quarter, stamp=LOST_STAMP, last_cadence=LOST_CADENCE))
        elif not (lost and quarter.quarter > 4):
            seen.append(quarter)
    return tuple(seen)


def cadences() -> np.ndarray:
    """Numbers of all cadences from the first of Q0 to the last of Q17."""
    return np.arange(FIRST_CADENCE, LAST_CADENCE + 1)


def cadence_mjd(cadence: np.ndarray) -> np.ndarray:
    """Spacecraft time of the middle of a cadence [MJD]."""
    return FIRST_MJD + CADENCE_DAYS * (np.asarray(cadence) - FIRST_CADENCE)


def time_correction_days(cadence: np.ndarray) -> np.ndarray:
    """Barycentric less spacecraft time [d], for the middle of the field."""
    angle = 2 * np.pi * (cadence_mjd(cadence) - BKJD_OF_MJD - LATEST_BKJD) / ORBIT_DAYS
    return TIME_OFFSET_DAYS + LIGHT_TRAVEL_DAYS * np.cos(angle)


def bkjd(cadence: np.ndarray) -> np.ndarray:
    """Barycentric time of the middle of a cadence [BJD - 2454833]."""
    return cadence_mjd(cadence) - BKJD_OF_MJD + time_correction_days(cadence)


@lru_cache(maxsize=4)
def mission_quality(seed: int) -> np.ndarray:
    """
    Quality bits of every cadence that all stars share.

    The dated events are the mission's own; zero crossings of the wheels and argabrightenings
    come at the mission's mean rates, at times drawn from the seed.

    Args:
        seed: seed of the sky.

    Returns:
        Bits, int32, shape (n_cadence,) as `cadences`. Treat as read-only.
    """
    cadence = cadences()
    quality = np.zeros(len(cadence), np.int32)
    for row in read_rows("kepler_events.csv"):
        first, last = int(row["first_cadence"]), int(row["last_cadence"])
        quality[first - FIRST_CADENCE : last + 1 - FIRST_CADENCE] |= int(row["quality"])
    for quarter in quarters():
        at = np.arange(quarter.first_desaturation, quarter.last_cadence, DESATURATION_CADENCES)
        at = at[quality[at - FIRST_CADENCE] & BITS["no_data"] == 0] - FIRST_CADENCE
        quality[at] |= BITS["desaturation"] | BITS["no_fine_point"]
    slow = Draws(seed, cadence // 40).uniform("zero crossing") < 0.024
    quality[slow & (quality == 0)] |= BITS["zero_crossing"]
    flash = Draws(seed, cadence).uniform("argabrightening")
    quality[flash < 1.2e-3] |= BITS["argabrightening"]
    quality[flash < 1.0e-3] |= BITS["argabrightening_ccd"]
    quality.flags.writeable = False
    return quality
