import numpy as np
import pytest
from astropy.io import fits

from starloom.sky.kepler_sky import write_light_curves
from starloom.sky.seismology import scaling


@pytest.fixture(scope="module")
def sky():
    logg = np.array([2.9, 2.4, 2.5])
    mass = np.array([1.2, np.nan, 1.5])
    stars = {
        "star": np.array([4, 5, 9]),
        "state": np.array(["rgb", "red_clump", "rgb"]),
        "mass_msun": mass,
        "radius_rsun": np.array([6.3, 10.9, 11.3]),
        "teff": np.array([4900.0, 4800.0, 4700.0]),
        "logg": logg,
        "m_h": np.zeros(3),
        "kepmag": np.array([10.0, 11.0, 13.0]),
    }
    targets = {"kic": np.array([100000004, 100000005, 100000009]), "teff": stars["teff"]}
    return targets, scaling(stars, 3)


def test_a_bad_star_is_counted_and_the_others_are_written(sky, tmp_path):
    targets, seismic = sky
    counts = write_light_curves(tmp_path, targets, seismic, 3, only=(0, 17))
    assert counts["written"] == 2 and counts["not_finite"] == 1
    found = sorted(tmp_path.rglob("*.fits"))
    assert len(found) == counts["files"] == 4
    assert found[0].parent == tmp_path / "1000" / "100000004"
    assert fits.getheader(found[0])["TEFF"] == 4900


def test_files_are_the_same_bytes_in_any_chunk(sky, tmp_path):
    targets, seismic = sky
    write_light_curves(tmp_path / "together", targets, seismic, 3, only=(0,))
    rows = np.array([2])
    one = ({name: values[rows] for name, values in table.items()} for table in (targets, seismic))
    write_light_curves(tmp_path / "alone", *one, 3, only=(0,))
    for path in (tmp_path / "alone").rglob("*.fits"):
        other = tmp_path / "together" / path.relative_to(tmp_path / "alone")
        assert path.read_bytes() == other.read_bytes()


def test_a_number_used_twice_is_refused(sky, tmp_path):
    targets, seismic = sky
    with pytest.raises(ValueError, match="7"):
        write_light_curves(tmp_path, {"kic": np.array([7, 7, 8])}, seismic, 3)
    with pytest.raises(ValueError, match="targets"):
        write_light_curves(tmp_path, {"kic": targets["kic"][:2]}, seismic, 3)
