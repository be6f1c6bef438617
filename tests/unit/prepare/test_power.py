"""Tables of power spectra: a damaged, absent or dead star is flagged and stops no other."""

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.kepler import folder_of
from starloom.columns import POWER_FLAGS
from starloom.prepare.power import flag_counts, from_light_curves, from_spectra
from starloom.prepare.psd import Grid

GRID = Grid()
RNG = np.random.default_rng(5)
CADENCE_DAY = 29.4244 / 1440


def _write(folder, kic, flux, name="2009131105131"):
    place = folder / folder_of(kic)
    place.mkdir(parents=True, exist_ok=True)
    n = len(flux)
    table = Table(
        {
            "TIME": 130 + CADENCE_DAY * np.arange(n),
            "PDCSAP_FLUX": flux.astype(np.float32),
            "SAP_QUALITY": np.zeros(n, np.int32),
        },
        meta={"QUARTER": 1, "KEPLERID": kic, "OBJECT": f"KIC {kic}"},
    )
    table.write(place / f"kplr{kic:09d}-{name}_llc.fits")


def test_each_star_has_its_row_whatever_became_of_its_light_curve(tmp_path):
    good = 1e5 * (1 + 1e-4 * RNG.normal(size=4000))
    _write(tmp_path, 1, good)
    _write(tmp_path, 2, np.full(4000, 1e5))
    _write(tmp_path, 3, np.full(4000, np.nan))
    _write(tmp_path, 4, good)
    path = next((tmp_path / folder_of(4)).iterdir())
    path.write_bytes(path.read_bytes()[:3000])
    kics, there = np.array([1, 2, 3, 4, 5]), np.array([True, True, True, True, False])
    found = from_light_curves(tmp_path, kics, there, GRID)
    np.testing.assert_array_equal(found["kic"], kics)
    flagged = [
        {name for name, bit in POWER_FLAGS.items() if flag & bit.mask}
        for flag in found["power_flag"]
    ]
    assert "constant" in flagged[1]
    assert "no_good_cadence" in flagged[2]
    assert "damaged" in flagged[3]
    assert "no_light_curve" in flagged[4]
    finite = np.isfinite(found["log_ratio"][:, 1:]).all(axis=1)
    np.testing.assert_array_equal(finite, [True, False, False, False, False])
    # White noise over its level is 1 on the mean, where windows hold many resolution elements.
    wide = GRID.centres_uhz > 100
    assert np.exp(found["log_ratio"][0, wide]).mean() == pytest.approx(1.0, abs=0.06)
    assert flag_counts(found["power_flag"])["constant"] == 1


def test_spectra_in_bins_are_whitened_and_a_star_without_power_is_flagged():
    edges = GRID.edges_uhz[1:]
    degrees = np.maximum(np.diff(edges) * 1350 * 0.0864, 1)
    power = 50 * RNG.gamma(degrees, 1 / degrees, size=(3, len(degrees)))
    power[2, 100] = np.nan
    found = from_spectra(np.array([7, 8, 9]), power, edges, GRID, 1350)
    assert np.exp(found["log_ratio"][:2, 1:]).mean() == pytest.approx(1.0, abs=0.02)
    np.testing.assert_array_equal(found["power_flag"] != 0, [False, False, True])


def test_other_bins_are_refused():
    edges = np.linspace(2, 270, 100)
    with pytest.raises(ValueError, match="99 bins from 2 to 270 uHz; the grid of config `psd`"):
        from_spectra(np.array([7]), np.ones((1, 99)), edges, GRID, 1350)
