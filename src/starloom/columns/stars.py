"""Columns that identify a star, and the flags of its match and its XP spectrum."""

from starloom.columns.entries import Column, Flag

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
        Flag(
            7,
            "out_of_range",
            "unlike any training star: larger chi2, or lower density in the latent space",
        ),
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
        Flag(12, "no_kepler", "no star of the seismic tables belongs to the source"),
        Flag(13, "kepler_several", "more than one Kepler star within the match radius"),
        Flag(14, "kepler_lost", "the nearest Kepler star is nearer to another Gaia source"),
    )
}
"""Bits of `match_flag`."""

STAR = (
    Column("source_id", "i8", "", "Gaia source identifier", "meta.id;meta.main"),
    Column("ra", "f8", "deg", "right ascension, ICRS at the epoch of Gaia", "pos.eq.ra;meta.main"),
    Column("dec", "f8", "deg", "declination, ICRS at the epoch of Gaia", "pos.eq.dec;meta.main"),
    Column("phot_g_mean_mag", "f4", "mag", "magnitude in G, Vega", "phot.mag;em.opt"),
    Column("bp_rp", "f4", "mag", "colour BP - RP", "phot.color;em.opt.B;em.opt.R"),
    Column(
        "apogee_id", "U18", "", "name of the star in APOGEE; empty if it is not there", "meta.id"
    ),
)
"""Columns that identify and place a star, first in each catalogue."""
