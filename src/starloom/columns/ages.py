"""Flags of APOGEE spectra and Kepler power spectra, and columns of the age catalogue."""

from starloom.columns.entries import Column, Flag

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

AGE_FLAGS = {
    flag.name: flag
    for flag in (
        Flag(0, "no_spectrum", "no spectrum of this row of allStar was read"),
        Flag(1, "bad_spectrum", "the spectrum is damaged, masked or without continuum"),
        Flag(2, "outside_latent", "not 1.5 < log g < 3.6 and SNREV > 30: no latent position"),
        Flag(3, "outside_age", "not 2.5 < log g < 3.6: no age"),
        Flag(4, "no_labels", "Teff or [Fe/H] is missing: no age"),
        Flag(5, "out_of_range", "a latent mean beyond those of all training pairs"),
        Flag(6, "large_error", "the age's error exceeds 40 percent of it"),
        Flag(7, "survey_flags", "STARFLAG or ASPCAPFLAG is not zero"),
    )
}
"""Bits of `age_flag`; with bits 0 to 2 there is nothing, with bits 3 or 4 no age."""

_LATENT = tuple(
    column
    for index in range(5)
    for column in (
        Column(f"z{index}", "f4", "", f"mean of latent dimension {index}, first member"),
        Column(f"e_z{index}", "f4", "", f"standard deviation of latent dimension {index}"),
    )
)

LATENT_AGES = (
    Column("apogee_id", "U18", "", "name of the star in APOGEE", "meta.id"),
    Column("telescope", "U8", "", "telescope: apo25m, apo1m or lco25m", "instr.tel"),
    Column("field", "U32", "", "APOGEE field", "obs.field"),
    Column(
        "source_id",
        "i8",
        "",
        "Gaia source identifier, by position where allStar has none; 0 if there is none there",
        "meta.id",
    ),
    Column("STARFLAG", "i8", "", "bits of APOGEE's STARFLAG", "meta.code"),
    Column("ASPCAPFLAG", "i8", "", "bits of APOGEE's ASPCAPFLAG", "meta.code"),
    *_LATENT,
    Column("LogAge", "f4", "dex", "log10 of the age in Gyr, from latent, Teff, [Fe/H]", "time.age"),
    Column("LogAge_Error", "f4", "dex", "error of LogAge, calibrated", "stat.error"),
    Column("Age", "f4", "Gyr", "age, from latent, Teff, [Fe/H]", "time.age"),
    Column("Age_Error", "f4", "Gyr", "error of Age, calibrated", "stat.error"),
    Column("clump_probability", "f4", "", "probability that the star burns helium in its core"),
    Column("numax", "f4", "uHz", "frequency of maximum power, from the latent"),
    Column("e_numax", "f4", "uHz", "error of numax", "stat.error"),
    Column("dnu", "f4", "uHz", "large frequency separation, from the latent"),
    Column("e_dnu", "f4", "uHz", "error of dnu", "stat.error"),
    Column("radius_kpc", "f4", "kpc", "Galactocentric radius in the plane", "pos.distance"),
    Column("height_kpc", "f4", "kpc", "height above the plane", "pos.distance"),
    Column("lz", "f4", "kpc km/s", "angular momentum along the disc's rotation"),
    Column("guiding_radius", "f4", "kpc", "radius of the circular orbit with this lz, if lz > 0"),
    Column(
        "eccentricity",
        "f4",
        "",
        "eccentricity of the orbit in MWPotential2014",
        "src.orbital.eccentricity",
    ),
    Column("zmax", "f4", "kpc", "largest height on the orbit in MWPotential2014"),
    Column("age_flag", "i4", "", "bits of the age", "meta.code"),
)
"""Columns of the catalogue `latent_ages`; z0 to z4 are those of the paper's five dimensions, places
and orbits, without errors, those of stars whose parallax is above five of its errors."""
