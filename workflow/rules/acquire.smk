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
      results/raw/apogee/apogee_astroNN-DR17.fits              ages by astroNN, row by row of allStar
      results/raw/apogee/{stars,aspcap}/batch-{batch}.parquet  lists of spectra: path, there
      results/raw/kepler/batch-{batch}.parquet                 stars with light curves: kic, there
      results/raw/kepler/power/batch-{batch}.zarr              power spectra without a light curve
      results/raw/labels/{table}.fits                          published seismic tables
      results/raw/lamost/dr7_v2.0_{LRS,MRS}_stellar.fits.gz    LAMOST's labels

A list's files lie beside it: spectra at {telescope}/{field}/{file}, light curves at
{KIC9[:4]}/{KIC9}/kplr{KIC9}-{stamp}_llc.fits. `HAS` says which of all these a run has.
"""

RAW = {
    "xp": "results/raw/gaia/xp_continuous/XpContinuousMeanSpectrum_{chunk}.csv.gz",
    "gaia_source": "results/raw/gaia/gaia_source/GaiaSource_{chunk}.csv.gz",
    "twomass": "results/raw/twomass/twomass.csv.gz",
    "unwise": "results/raw/unwise/unwise.cat.fits",
    "allstar": "results/raw/apogee/allStar.fits",
    "astronn": "results/raw/apogee/apogee_astroNN-DR17.fits",
    "spectra": "results/raw/apogee/{kind}/batch-{batch}.parquet",
    "light_curves": "results/raw/kepler/batch-{batch}.parquet",
    "power": "results/raw/kepler/power/batch-{batch}.zarr",
    "labels": "results/raw/labels/{table}.fits",
    "lamost": "results/raw/lamost/dr7_v2.0_LRS_stellar.fits.gz",
    "lamost_mrs": "results/raw/lamost/dr7_v2.0_MRS_stellar.fits.gz",
}

# Tables with seismology; a position of a star is taken from the first that has one.
SEISMIC_TABLES = ["yu2018_table1", "miglio2021", "apokasc2"]

if SURVEY == "simulated":

    include: "acquire_sky.smk"

elif SURVEY == "dr17":

    include: "acquire_dr17.smk"

else:

    include: "acquire_files.smk"
