"""Which simulated giants get an APOGEE spectrum, and where it lies."""

import numpy as np
import pytest

from starloom.archives.sdss import read_apstar, read_aspcapstar
from starloom.sky import hband_files

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


@pytest.fixture
def chosen():
    return hband_files.giants(STARS, ALLSTAR, IDS)


@pytest.fixture
def keys(monkeypatch):
    """The observation of a spectrum replaced by one that only says who was observed."""
    seen = []

    def observe(stars, h_mag, snr, visits, seed, error_scale, companion_light):
        seen.extend(stars["star"].tolist())
        flux = np.repeat(snr[:, None], 8575, axis=1).astype(np.float32)
        error = np.ones_like(flux)
        error[:, 7] = hband_files.BAD_ERROR
        return {
            "flux": flux, "error": error, "mask": np.zeros(flux.shape, int),
            "continuum": 2.0 * flux, "model": 0.5 + 0.0 * flux,
        }  # fmt: skip

    monkeypatch.setattr(hband_files, "observe", observe)
    monkeypatch.setattr(hband_files, "CHUNK", 3)
    monkeypatch.setattr(hband_files, "LOST", 0.0)
    return seen


def test_giants_are_chosen_and_second_spectra_known(chosen):
    np.testing.assert_array_equal(chosen["row"], [0, 2, 3, 5])
    np.testing.assert_array_equal(chosen["star"], [0, 2, 2, 4])
    np.testing.assert_array_equal(chosen["again"], [False, False, True, False])


def test_a_row_of_no_simulated_star_is_named():
    with pytest.raises(ValueError, match="source_id 1101"):
        hband_files.giants(STARS, ALLSTAR, np.array([100, 1101, 2100]))


@pytest.mark.parametrize("kind", ["stars", "aspcap"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_batches_are_whole_fields_and_together_all_files(chosen, kind, count):
    parts = [hband_files.spectra_of_batch(ALLSTAR, chosen, kind, k, count) for k in range(count)]
    files = [one for part, _ in parts for one in part]
    assert len(files) == len(set(files)) == 4
    fields = [{one.field for one in part} for part, _ in parts]
    assert sum(len(some) for some in fields) == len(set.union(*fields)) == 3
    rows = np.concatenate([rows["row"] for _, rows in parts])
    for one, row in zip(files, rows, strict=True):
        name = ALLSTAR["FILE"][row] if kind == "stars" else ALLSTAR["APOGEE_ID"][row]
        assert str(name) in one.file and one.field == ALLSTAR["FIELD"][row]


def test_files_lie_as_in_the_archive_and_repeated_rows_have_their_own_noise(chosen, keys, tmp_path):
    files, rows = hband_files.spectra_of_batch(ALLSTAR, chosen, "stars", 0, 1)
    made = hband_files.write_spectra(tmp_path, STARS, ALLSTAR, files, rows, "stars", 1)
    assert made["path"][3] == str(tmp_path / "lco25m/300-30/apStar-dr17-2M00000005.fits")
    assert "apo25m/031+00/" in made["path"][2]
    assert made["there"].all() and keys == [18, 14, 15, 10]
    back = read_apstar(made["path"][2])
    assert back["flux"][4000] == 40.0
    assert back["vhelio"] == pytest.approx(12.3)


def test_an_aspcap_file_has_the_flux_over_the_continuum(chosen, keys, tmp_path):
    files, rows = hband_files.spectra_of_batch(ALLSTAR, chosen, "aspcap", 0, 1)
    made = hband_files.write_spectra(tmp_path, STARS, ALLSTAR, files, rows, "aspcap", 1)
    back = read_aspcapstar(made["path"][0])
    assert back["flux"][4000] == back["model"][4000] == 0.5
    assert back["error"][4000] == pytest.approx(0.5 / 100)
    assert np.isnan(back["flux"][7]) and back["mask"][7] == 1


def test_few_files_are_not_there_and_the_list_says_so(chosen, keys, tmp_path, monkeypatch):
    monkeypatch.setattr(hband_files, "LOST", 0.5)
    files, rows = hband_files.spectra_of_batch(ALLSTAR, chosen, "stars", 0, 1)
    made = hband_files.write_spectra(tmp_path, STARS, ALLSTAR, files, rows, "stars", 1)
    assert 0 < made["there"].sum() < 4
    found = {str(path) for path in tmp_path.rglob("*.fits")}
    assert found == set(made["path"][made["there"]])
