"""Flags of APOGEE spectra and Kepler power spectra, and columns of the age catalogue."""

from starloom.columns.entries import Flag

SPECTRUM_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "missing", "the archive has no file of the spectrum"),
        Flag(1, "damaged", "the file cannot be read, or is not on APOGEE's grid"),
        Flag(2, "all_masked", "no pixel of a chip is good"),
        Flag(3, "no_continuum", "a chip has too few good continuum pixels, or no positive level"),
        Flag(4, "no_label_row", "no row of allStar names the file"),
    )
}
"""Bits of `spectrum_flag`."""

POWER_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "no_light_curve", "the archive has no light curve of the star"),
        Flag(1, "damaged", "a file of the light curve cannot be read"),
        Flag(2, "no_good_cadence", "fewer than 100 cadences are left after cleaning"),
        Flag(3, "constant", "the flux does not vary"),
        Flag(4, "single_quarter", "one quarter only: modes are not resolved"),
    )
}
"""Bits of `power_flag`."""
