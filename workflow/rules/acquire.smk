"""
Stage acquire: raw files in the archives' own formats, whoever writes them.

survey: simulated   the simulated sky writes them, with its truth beside in results/truth
survey: dr17        they come from the archives, see acquire_dr17.smk
survey: files       a user's own files are checked and adopted

out   results/raw/gaia/xp_continuous/XpContinuousMeanSpectrum_{chunk}.csv.gz   XP spectra
      results/raw/gaia/gaia_source/GaiaSource_{chunk}.csv.gz                   astrometry, G, BP, RP
      results/raw/twomass/twomass.csv.gz                                       J, H, Ks
      results/raw/unwise/unwise.cat.fits                                       W1, W2
      results/raw/apogee/allStar.fits                                          labels and flags
"""

RAW = {
    "xp": "results/raw/gaia/xp_continuous/XpContinuousMeanSpectrum_{chunk}.csv.gz",
    "gaia_source": "results/raw/gaia/gaia_source/GaiaSource_{chunk}.csv.gz",
    "twomass": "results/raw/twomass/twomass.csv.gz",
    "unwise": "results/raw/unwise/unwise.cat.fits",
    "allstar": "results/raw/apogee/allStar.fits",
}

if SURVEY == "simulated":

    include: "acquire_sky.smk"

elif SURVEY == "dr17":

    include: "acquire_dr17.smk"

else:

    include: "acquire_files.smk"
