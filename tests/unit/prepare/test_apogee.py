"""APOGEE spectra as arrays: bad files are flagged and counted, none stops the others."""

import numpy as np
import pytest

from starloom.columns import SPECTRUM_FLAGS
from starloom.prepare.apogee import (
    allstar_rows,
    read_raw,
    spectra,
    with_allstar,
    with_sources,
)
from starloom.prepare.continuum import CHIP_SIZES, PIXELS
from starloom.sky.files import write_apstar

CHOSEN = [np.arange(5, size, 15) for size in CHIP_SIZES]


def _write(path, name, **changes):
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(len(name))
    flux = 300 * (1 + 0.01 * random.normal(size=8575))
    about = {
        "apogee_id": name, "field": "F", "ra": 1.0, "dec": 2.0, "j_mag": 9.0, "h_mag": 8.0,
        "k_mag": 7.9, "snr": 100.0, "n_visits": 3, "starflag": 0, "vhelio": 1.0, "vscatter": 0.1,
    }  # fmt: skip
    arrays = {"flux": flux, "error": np.full(8575, 3.0), "mask": np.zeros(8575, int)}
    write_apstar(path, about | arrays | changes)


@pytest.fixture
def files(tmp_path):
    good, masked, dark = (tmp_path / "apo25m" / "F" / f"{name}.fits" for name in "abc")
    _write(good, "2M-A")
    _write(masked, "2M-B", flux=np.full(8575, np.nan))
    _write(dark, "2M-C", flux=np.full(8575, -4.0))
    broken, text = good.with_name("d.fits"), good.with_name("e.fits")
    broken.write_bytes(good.read_bytes()[:20_000])
    text.write_text("no spectrum")
    return [good, masked, dark, broken, text, good.with_name("gone.fits"), good.with_name("x.fits")]


def test_each_bad_file_is_flagged_and_counted_and_the_good_one_is_read(files, capsys):
    there = [True] * 6 + [False]
    arrays, counts = spectra(read_raw(files, there), CHOSEN)
    names = [
        [name for name, bit in SPECTRUM_FLAGS.items() if flag & bit.mask]
        for flag in arrays["spectrum_flag"]
    ]
    damaged = [["damaged"], ["damaged"], ["missing"], ["missing"]]
    assert names == [[], ["all_masked"], ["no_continuum"], *damaged]
    assert counts["good"] == 1 and counts["damaged"] == 2 and counts["missing"] == 2
    assert "d.fits" in capsys.readouterr().out
    assert arrays["flux"].shape == (7, PIXELS)
    np.testing.assert_allclose(np.median(arrays["flux"][0]), 1.0, atol=1e-3)
    assert (arrays["flux"][1:] == 1).all() and np.isinf(arrays["error"][1:]).all()


def test_a_spectrum_on_another_grid_is_damaged(tmp_path, monkeypatch):
    from astropy.io import fits

    path = tmp_path / "short.fits"
    hdus = [fits.PrimaryHDU()] + [fits.ImageHDU(np.ones((1, 7214), np.float32)) for _ in range(3)]
    fits.HDUList(hdus).writeto(path)
    assert read_raw([path])["spectrum_flag"].tolist() == [SPECTRUM_FLAGS["damaged"].mask]


def test_stars_that_were_matched_by_position_get_their_source_in_all_rows():
    allstar = {
        "APOGEE_ID": np.array(["2Mb", "2Ma ", "2Mb", "2Mc", "2Md"]),
        "GAIAEDR3_SOURCE_ID": np.array([0, 11, 0, 0, 14]),
    }
    matches = {
        "source_id": np.array([11, 12, 13, 99]),
        "apogee_row": np.array([1, 2, -1, 4]),
    }
    filled = with_sources(allstar, matches)
    assert filled["GAIAEDR3_SOURCE_ID"].tolist() == [12, 11, 12, 0, 14]
    none = {"source_id": np.array([11]), "apogee_row": np.array([-1])}
    del allstar["GAIAEDR3_SOURCE_ID"]
    assert with_sources(allstar, none)["GAIAEDR3_SOURCE_ID"].tolist() == [0] * 5


def test_files_find_their_rows_of_allstar_and_their_stars():
    allstar = {
        "TELESCOPE": np.array(["apo25m ", "lco25m", "apo25m"]),
        "FIELD": np.array(["F", "F", "G"]),
        "FILE": np.array(["a.fits", "a.fits", "b.fits"]),
        "APOGEE_ID": np.array(["2M-A ", "2M-A", "2M-B"]),
        "GAIAEDR3_SOURCE_ID": np.array([7, 7, 2**61 + 1]),
    }
    paths = ["x/apo25m/G/b.fits", "x/lco25m/F/a.fits", "x/apo25m/F/z.fits", "x/apo25m/F/a.fits"]
    rows = allstar_rows(paths, allstar)
    assert rows.tolist() == [2, 1, -1, 0]
    stars = with_allstar({"spectrum_flag": np.zeros(4, np.int32)}, rows, allstar)
    assert stars["source_id"].tolist() == [2**61 + 1, 7, 0, 7]
    assert stars["apogee_id"].tolist() == ["2M-B", "2M-A", "", "2M-A"]
    assert stars["spectrum_flag"].tolist() == [0, 0, SPECTRUM_FLAGS["no_label_row"].mask, 0]
    with pytest.raises(ValueError, match=r"listed twice, the first is x/apo25m/G/b\.fits"):
        allstar_rows([*paths, paths[0]], allstar)
