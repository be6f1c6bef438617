"""
Every column and flag of the products: name, type, unit, meaning, criterion.

Tables take their units and descriptions from here, the data-model page is generated from here,
and a test fails when a product has a column that is not here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One column: its name, NumPy type, unit (astropy notation, '' for none) and meaning."""

    name: str
    dtype: str
    unit: str
    description: str
    ucd: str = ""


@dataclass(frozen=True)
class Flag:
    """One bit of a flag column, with the criterion that sets it."""

    bit: int
    name: str
    criterion: str

    @property
    def mask(self) -> int:
        """The bit as an integer to test with `&`."""
        return 1 << self.bit


XP_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "no_bp", "the source has no BP coefficients"),
        Flag(1, "no_rp", "the source has no RP coefficients"),
        Flag(2, "not_finite", "a coefficient or its error is NaN or infinite"),
        Flag(3, "bad_error", "a coefficient error is zero or negative"),
        Flag(4, "no_g_flux", "no positive phot_g_mean_flux to normalise with"),
        Flag(5, "synthetic_g", "phot_g_mean_flux was computed from the XP coefficients"),
        Flag(6, "duplicate", "the source_id occurs more than once in the input; first row kept"),
        Flag(7, "out_of_range", "an input lies farther from the training stars than any of them"),
    )
}
"""Bits of `xp_flag`."""

MATCH_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "no_apogee", "no row of allStar belongs to the source"),
        Flag(1, "no_twomass", "no 2MASS row of sufficient quality belongs to the source"),
        Flag(2, "no_unwise", "no unWISE row belongs to the source"),
        Flag(3, "no_proper_motion", "pmra or pmdec is NaN; matched as if it did not move"),
        Flag(4, "no_position", "ra or dec is NaN; matched by source_id alone"),
        Flag(5, "apogee_by_position", "allStar gives no source_id; matched by position"),
        Flag(6, "apogee_several", "allStar has several rows of the star; the best was kept"),
        Flag(7, "apogee_far", "joined by source_id though farther away than the match radius"),
        Flag(8, "twomass_several", "more than one 2MASS row within the match radius"),
        Flag(9, "twomass_lost", "the nearest 2MASS row is nearer to another Gaia source"),
        Flag(10, "unwise_several", "more than one unWISE row within the match radius"),
        Flag(11, "unwise_lost", "the nearest unWISE row is nearer to another Gaia source"),
    )
}
"""Bits of `match_flag`."""
