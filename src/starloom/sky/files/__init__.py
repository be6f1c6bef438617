"""
Raw files of the simulated sky, in the archives' own formats, columns and order.

Readers cannot tell them from an archive's files, except by the word `simulated` in a comment or
header. The same arrays give the same bytes.
"""

from starloom.sky.files.spectra import write_apstar, write_aspcapstar
from starloom.sky.files.tables import (
    write_allstar,
    write_gaia_source,
    write_labels,
    write_twomass,
    write_unwise,
    write_xp_bulk,
    write_xp_fits,
)

__all__ = [
    "write_allstar",
    "write_apstar",
    "write_aspcapstar",
    "write_gaia_source",
    "write_labels",
    "write_twomass",
    "write_unwise",
    "write_xp_bulk",
    "write_xp_fits",
]
