"""Which simulated giants get an apStar file, and where it lies."""

import numpy as np
import pytest

from starloom.archives.sdss import read_apstar
from starloom.sky import hband_files

SHIFT = 10
STARS = {
    "source_id": np.array([100, 1100, 2100, 3100, 4100]),
    "logg": np.array([2.0, 4.5, 3.9, 0.5, 2.5]),
    "star": np.array([9, 8, 7, 6, 5]),
}
IDS = np.array([100, 1100, 2100, 2100, 3100, 4100])
ALLSTAR = {
    "APOGEE_ID": np.array([f"2M{k:08d}" for k in range(6)]),
    "TELESCOPE": np.array(["apo25m"] * 5 + ["lco25m"]),
    "FIELD": np.array(["030+00"] * 3 + ["031+00"] * 2 + ["300-30"]),
    "FILE": np.array([f"apStar-dr17-2M{k:08d}.fits" for k in range(6)]),
    "SNR": np.array([100, 100, 80, 40, 90, 120], np.float32),
    "NVISITS": np.array([3, 3, 3, 1, 3, 3]),
    **{name: np.full(6, 12.3, np.float32) for name in ("H", "J", "K", "VHELIO_AVG", "VSCATTER")},
    **{name: np.full(6, 12.3) for name in ("RA", "DEC")},
    "STARFLAG": np.zeros(6, int),
}


def test_rows_of_giants_in_a_part_of_the_sky_are_chosen():
    rows, star = hband_files.giants(STARS, ALLSTAR, IDS, (0, 9), SHIFT)
    np.testing.assert_array_equal(rows, [0, 2, 3, 5])
    np.testing.assert_array_equal(star, [0, 2, 2, 4])
    parts = [hband_files.giants(STARS, ALLSTAR, IDS, p, SHIFT)[0] for p in ((0, 1), (2, 3), (4, 9))]
    np.testing.assert_array_equal(np.concatenate(parts), rows)


def test_a_row_of_no_simulated_star_is_named():
    with pytest.raises(ValueError, match="source_id 1101"):
        hband_files.giants(STARS, ALLSTAR, np.array([100, 1101, 2100]), (0, 9), SHIFT)


def test_files_lie_as_in_the_archive_and_repeated_rows_have_their_own_noise(tmp_path, monkeypatch):
    keys = []

    def observe(stars, h_mag, snr, visits, seed, error_scale):
        keys.extend(stars["star"].tolist())
        shape = (len(snr), 8575)
        flux = np.broadcast_to(snr[:, None], shape).astype(np.float32)
        return {"flux": flux, "error": np.ones(shape), "mask": np.zeros(shape, int)}

    monkeypatch.setattr(hband_files, "observe", observe)
    monkeypatch.setattr(hband_files, "CHUNK", 3)
    rows, star = hband_files.giants(STARS, ALLSTAR, IDS, (0, 9), SHIFT)
    names = list(hband_files.write_spectra(tmp_path, STARS, ALLSTAR, rows, star, 1))
    assert names[3] == "lco25m/300-30/apStar-dr17-2M00000005.fits"
    assert names[2].startswith("apo25m/031+00/")
    assert keys == [18, 14, 15, 10]
    back = read_apstar(tmp_path / names[2])
    assert back["flux"][4000] == 40.0
    assert back["vhelio"] == pytest.approx(12.3)
