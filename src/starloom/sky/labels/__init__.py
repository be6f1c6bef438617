"""What each survey reports of the simulated stars: tables in the archives' columns, with errors."""

from starloom.sky.labels.allstar import apogee, apogee_snr
from starloom.sky.labels.gaia import gaia_source, gspphot
from starloom.sky.labels.infrared import twomass, unwise

__all__ = ["apogee", "apogee_snr", "gaia_source", "gspphot", "twomass", "unwise"]
