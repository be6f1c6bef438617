"""Real Kepler light curves through the chain: published power spectra and numax come out."""

import csv

import numpy as np
import pytest
from astropy.io import fits

from starloom.archives.kepler_files import read_quarter
from starloom.prepare.light_curves import stitch
from starloom.prepare.psd import Grid, binned, log_ratio, numax_from_ratio, periodogram

pytestmark = pytest.mark.real

GRID = Grid()


@pytest.fixture(scope="module")
def published(real):
    with open(real / "kepler" / "stars.csv", newline="") as handle:
        return {int(row["KIC"]): float(row["numax_Yu18"]) for row in csv.DictReader(handle)}


@pytest.fixture(scope="module")
def power(real):
    """Periodogram of KIC 9145861 from all of its quarters."""
    paths = sorted((real / "kepler" / "kic9145861").glob("kplr*_llc.fits"))
    time_day, flux, flag = stitch([read_quarter(path) for path in paths])
    assert flag == 0
    return periodogram(time_day, flux, GRID)[None]


def test_the_spectrum_is_that_of_kasoc(real, power):
    path = real / "kepler" / "kic9145861" / "kplr009145861_kasoc-psd_llc_v1.fits"
    table = fits.getdata(path, 1)
    which = np.digitize(table["FREQUENCY"], GRID.edges_uhz) - 1
    inside = (GRID.centres_uhz > 90) & (GRID.centres_uhz < 180)
    theirs = np.array([table["PSD"][which == i].mean() for i in np.flatnonzero(inside)])
    ours = binned(power, GRID)[0, inside]
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    assert np.median(ours / theirs) == pytest.approx(1.0, abs=0.06)


def test_the_grid_is_the_published_one(real):
    with np.load(real / "kepler" / "psd_digitised_2092grid.npz") as digitised:
        np.testing.assert_allclose(GRID.centres_uhz, digitised["freq_uHz"], atol=1e-6)


def test_numax_is_within_three_percent_of_the_published_one(power, published):
    found = numax_from_ratio(log_ratio(power, GRID), GRID)[0]
    assert found == pytest.approx(published[9145861], rel=0.03)


@pytest.mark.parametrize("kic", [6117517, 12008916])
def test_numax_of_published_spectra_is_within_three_percent(real, published, kic):
    freq, given = np.loadtxt(real / "kepler" / "psd" / f"kic{kic:09d}_psd.txt.gz", unpack=True)
    spectrum = np.interp(GRID.freq_uhz, freq, given)[None]
    found = numax_from_ratio(log_ratio(spectrum, GRID), GRID)[0]
    assert found == pytest.approx(published[kic], rel=0.03)


@pytest.mark.parametrize("kic", [8475025, 8718745, 9475697])
def test_whole_light_curves_give_the_published_figures_spectrum(real, published, kic):
    path = next((real / "kepler" / "kadat").glob(f"kplr{kic:09d}*"))
    time_day, flux = np.loadtxt(path, usecols=(0, 1), unpack=True)
    good = np.isfinite(time_day) & np.isfinite(flux)
    time_day, flux = time_day[good], flux[good] - np.median(flux[good])
    for _ in range(5):
        near = np.abs(flux) < 5 * flux.std()
        time_day, flux = time_day[near], flux[near]
    spectrum = periodogram(time_day, flux, GRID)[None]
    with np.load(real / "kepler" / "psd_digitised_2092grid.npz") as digitised:
        theirs = digitised["psd_ppm2_per_uHz"][list(digitised["kic"]).index(kic)]
    ours = binned(spectrum, GRID)[0]
    both = np.isfinite(ours) & np.isfinite(theirs)
    assert np.corrcoef(ours[both], theirs[both])[0, 1] > 0.98
    found = numax_from_ratio(log_ratio(spectrum, GRID), GRID)[0]
    assert found == pytest.approx(published[kic], rel=0.03)
