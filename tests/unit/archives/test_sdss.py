"""APOGEE's files: allStar and combined spectra of all releases."""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from starloom.archives.sdss import (
    BAD_PIXEL,
    PIXELS,
    read_allstar,
    read_apstar,
    read_aspcapstar,
    wavelength,
)


def _allstar(path, **more):
    columns = {
        "APOGEE_ID": ["2M00000002+7417074 ", "2M1"],
        "RA": [0.1, 2.0],
        "DEC": [74.2, -1.0],
        "TEFF": np.array([4800.5, np.nan], np.float32),
        "STARFLAG": np.array([2**40 + 1, 0]),
        "GAIAEDR3_SOURCE_ID": np.array([538028216707715712, 0]),
        "FPARAM": np.ones((2, 9), np.float32),
    } | more
    Table(columns).write(path, format="fits")
    return path


def test_allstar_gives_the_needed_columns_with_their_types(tmp_path):
    read = read_allstar(_allstar(tmp_path / "allStar.fits"))
    assert read["APOGEE_ID"].tolist() == ["2M00000002+7417074", "2M1"]
    assert read["STARFLAG"].tolist() == [2**40 + 1, 0]
    assert read["GAIAEDR3_SOURCE_ID"].tolist() == [538028216707715712, 0]
    assert read["TEFF"].dtype == np.float32 and np.isnan(read["TEFF"][1])
    assert "FPARAM" not in read


def test_allstar_gives_any_column_that_is_named(tmp_path):
    read = read_allstar(_allstar(tmp_path / "allStar.fits"), ["FPARAM"])
    assert set(read) == {"APOGEE_ID", "RA", "DEC", "FPARAM"}
    assert read["FPARAM"].shape == (2, 9)


def test_allstar_without_positions_or_as_a_page_is_refused(tmp_path):
    Table({"APOGEE_ID": ["2M1"]}).write(tmp_path / "allStar.fits")
    with pytest.raises(ValueError, match=r"allStar\.fits lacks the columns RA, DEC"):
        read_allstar(tmp_path / "allStar.fits")
    (tmp_path / "page.fits").write_text("<html>404</html>")
    with pytest.raises(ValueError, match="web page"):
        read_allstar(tmp_path / "page.fits")


def test_the_grid_starts_and_ends_where_apogees_does():
    grid = wavelength()
    assert grid.shape == (PIXELS,)
    np.testing.assert_allclose(grid[[0, -1]], [15100.802, 16999.808], atol=2e-3)
    np.testing.assert_allclose(np.diff(np.log10(grid)), 6e-6, rtol=1e-6)


def _apstar(path, rows, flux=1.0, error=0.1, mask=0):
    header = fits.Header({"OBJID": "2M1", "SNR": 100.0, "NVISITS": rows, "STARFLAG": 2**33})
    images = [
        np.full((rows, PIXELS), flux, ">f4"),
        np.full((rows, PIXELS), error, ">f4"),
        np.full((rows, PIXELS), mask, ">i2"),
    ]
    images[0][1:] = 7.0
    hdus = [fits.PrimaryHDU(header=header), *(fits.ImageHDU(image) for image in images)]
    for image in images:
        image[0, 5] = {">f4": np.nan}.get(image.dtype.str, 0)
    fits.HDUList(hdus).writeto(path)
    return path


def test_the_first_row_of_a_spectrum_is_read_and_bad_pixels_are_nan(tmp_path):
    path = _apstar(tmp_path / "apStar.fits", 4)
    with fits.open(path, mode="update") as hdus:
        hdus[2].data[0, 8] = 1e10
        hdus[2].data[0, 9] = 0.0
        hdus[3].data[0, 20] = 4
    star = read_apstar(path)
    bad = [5, 8, 9]
    assert np.flatnonzero(np.isnan(star["flux"])).tolist() == bad
    assert np.flatnonzero(np.isnan(star["error"])).tolist() == bad
    assert np.flatnonzero(star["mask"] & BAD_PIXEL).tolist() == bad
    assert star["mask"][20] == 4 and star["mask"].dtype == np.int64
    assert star["flux"][0] == 1.0 and star["flux"].dtype.isnative
    assert (star["apogee_id"], star["n_visits"], star["starflag"]) == ("2M1", 4, 2**33)
    assert np.isnan(star["vhelio"]) and star["field"] == ""


def test_a_spectrum_of_one_row_or_without_rows_is_read(tmp_path):
    path = tmp_path / "apStar.fits"
    line = np.ones(PIXELS, np.float32)
    images = [fits.ImageHDU(image) for image in (line, line, line.astype(np.int16))]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path)
    assert np.isfinite(read_apstar(path)["flux"]).all()


def test_gaps_of_a_normalised_spectrum_are_nan(tmp_path):
    flux, error = np.ones(PIXELS, np.float32), np.full(PIXELS, 0.01, np.float32)
    flux[:200], error[:200] = 0.0, 1e10
    images = [fits.ImageHDU(image) for image in (flux, error, 2 * flux)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(tmp_path / "aspcapStar.fits")
    star = read_aspcapstar(tmp_path / "aspcapStar.fits")
    for name in ("flux", "error", "model"):
        assert np.isnan(star[name][:200]).all() and np.isfinite(star[name][200:]).all()
    assert star["mask"].sum() == 200


def test_a_spectrum_that_is_none_is_refused(tmp_path):
    path = tmp_path / "apStar.fits"
    fits.HDUList([fits.PrimaryHDU()]).writeto(path)
    with pytest.raises(ValueError, match="has 0 extensions"):
        read_apstar(path)
    images = [fits.ImageHDU(np.ones((3, 4096), np.float32)) for _ in range(3)]
    fits.HDUList([fits.PrimaryHDU(), *images]).writeto(path, overwrite=True)
    with pytest.raises(ValueError, match="4096 pixels where combined APOGEE spectra have 8575"):
        read_apstar(path)
    whole = _apstar(tmp_path / "whole.fits", 1).read_bytes()
    path.write_bytes(whole[:-3000])
    with pytest.raises(ValueError, match=r"apStar\.fits is a cut or damaged FITS file"):
        read_apstar(path)
    path.write_bytes(gzip.compress(whole))
    assert read_apstar(path)["apogee_id"] == "2M1"
    path.write_text("not a spectrum")
    with pytest.raises(ValueError, match="is not a FITS file but text"):
        read_apstar(path)


@pytest.mark.real
def test_real_spectra_of_dr13_and_dr17_have_their_bad_pixels_marked_alike(real):
    folder = real / "apogee" / "spectra"
    new = read_apstar(folder / "apStar-dr17-2M19485057+5005279.fits")
    # 774 empty pixels and 138 with an error above 1e9.
    assert np.isnan(new["flux"]).sum() == 774 + 138
    assert (new["mask"] & BAD_PIXEL).sum() == 774 + 138
    assert np.nanmedian(new["flux"]) > 0
    old = read_apstar(folder / "apStar-r6-2M19535443+4424541.fits")
    with fits.open(folder / "apStar-r6-2M19535443+4424541.fits") as hdus:
        assert np.isnan(old["flux"]).sum() == (hdus[2].data[0] >= 1e9).sum()
    assert (new["n_visits"], old["n_visits"]) == (1, 2)
    assert old["starflag"] == 131072
    with pytest.raises(ValueError, match="visit spectra"):
        read_apstar(folder / "apVisit-r13-9518-57729-104.fits")
