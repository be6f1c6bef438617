"""What each survey reports of the simulated stars: tables in the archives' columns, with errors."""

from starloom.sky.labels.allstar import apogee, apogee_snr
from starloom.sky.labels.astronn import astronn
from starloom.sky.labels.gaia import gaia_source, gspphot
from starloom.sky.labels.infrared import twomass, unwise
from starloom.sky.labels.seismic import (
    apokasc2,
    kepler_magnitude,
    miglio2021,
    seismic_tables,
    yu2018,
)
from starloom.sky.labels.simbad import simbad
from starloom.sky.labels.spectroscopic import lamost, lamost_mrs

__all__ = [
    "apogee",
    "apogee_snr",
    "apokasc2",
    "astronn",
    "gaia_source",
    "gspphot",
    "kepler_magnitude",
    "lamost",
    "lamost_mrs",
    "miglio2021",
    "seismic_tables",
    "simbad",
    "twomass",
    "unwise",
    "yu2018",
]
