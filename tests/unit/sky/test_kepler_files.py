import lightkurve
import numpy as np
import pytest
from astropy.io import fits

from starloom.sky.kepler_cadence import cadences
from starloom.sky.kepler_files import card, file_name, write_light_curve
from starloom.sky.kepler_photometry import observe

TARGET = {
    "kic": 100000123,
    "ra_deg": 287.84042,
    "dec_deg": -5.5,
    "kepmag": 12.057,
    "jmag": 10.397,
    "kmag": 9.757,
    "teff": 4918.4,
    "logg": 3.019,
    "feh": 0.39,
    "radius_rsun": 6.0,
    "hmag": np.nan,
}


@pytest.fixture(scope="module")
def made():
    flux = 300.0 * np.sin(2 * np.pi * np.arange(len(cadences())) / 15.0)
    return observe(12, 12.057, 15.0, flux, seed=4, sky_group=22, only=(0, 1, 4))


@pytest.fixture(scope="module")
def paths(made, tmp_path_factory):
    return write_light_curve(tmp_path_factory.mktemp("kepler"), TARGET, made)


def test_files_have_the_names_of_the_archive(paths):
    assert [path.name for path in paths] == [
        "kplr100000123-2009131105131_llc.fits",
        "kplr100000123-2009166043257_llc.fits",
        "kplr100000123-2010078095331_llc.fits",
    ]
    assert file_name(757076, "2009131105131") == "kplr000757076-2009131105131_llc.fits"


def test_astropy_finds_no_fault(paths):
    for path in paths:
        with fits.open(path) as file:
            file.verify("exception")
            assert [unit.name for unit in file] == ["PRIMARY", "LIGHTCURVE", "APERTURE"]
            assert file[1].data.dtype.itemsize == 100
        assert path.stat().st_size % 2880 == 0


def test_headers_say_what_was_observed_and_that_it_was_not(paths):
    header = fits.getheader(paths[2], 0)
    assert header["SIMULATD"] is True and "starloom" in header["ORIGIN"]
    assert "simulated" in str(header["COMMENT"])
    expected = {
        "KEPLERID": 100000123,
        "OBJECT": "KIC 100000123",
        "QUARTER": 4,
        "SEASON": 2,
        "CHANNEL": 22,
        "SKYGROUP": 22,
        "MODULE": 8,
        "OUTPUT": 2,
        "MISSION": "Kepler",
        "TELESCOP": "Kepler",
        "OBSMODE": "long cadence",
        "RA_OBJ": 287.84042,
        "DEC_OBJ": -5.5,
        "KEPMAG": 12.057,
        "TEFF": 4918,
        "LOGG": 3.019,
        "FEH": 0.39,
        "RADIUS": 6.0,
        "JKCOLOR": 0.64,
    }
    assert {name: header[name] for name in expected} == expected
    for name in ("HMAG", "GMAG", "PARALLAX"):
        assert name in header and header[name] is None
    table = fits.getheader(paths[2], 1)
    assert table["BJDREFI"] == 2454833 and table["TIMEUNIT"] == "d"
    assert table["TIMEDEL"] * 86400 == pytest.approx(1765.46, abs=0.01)
    assert table["DATE-OBS"].startswith("2009-12-19") and table["LC_START"] == pytest.approx(
        55184.8777, abs=1e-3
    )


def test_columns_come_back_as_they_went_in(paths, made):
    for path, one in zip(paths, made, strict=True):
        data = fits.getdata(path, 1)
        assert len(data) == len(one.table["CADENCENO"])
        np.testing.assert_array_equal(data["TIME"], one.table["TIME"])
        np.testing.assert_array_equal(data["SAP_QUALITY"], one.table["SAP_QUALITY"])
        np.testing.assert_array_equal(data["SAP_FLUX"], one.table["SAP_FLUX"].astype(np.float32))
        assert np.all(np.isnan(data["PSF_CENTR1"]))
        np.testing.assert_array_equal(fits.getdata(path, 2), one.aperture)


def test_lightkurve_recognises_and_cleans_a_file(paths, made):
    curve = lightkurve.read(paths[1])
    assert isinstance(curve, lightkurve.KeplerLightCurve)
    assert curve.meta["KEPLERID"] == 100000123 and curve.meta["QUARTER"] == 1
    assert curve.time.format == "bkjd" and str(curve.flux.unit) == "electron / s"
    assert 1500 < len(curve) <= len(made[1].table["TIME"])
    assert np.all(curve["sap_quality"] & lightkurve.utils.KeplerQualityFlags.DEFAULT_BITMASK == 0)
    power = curve.remove_nans().normalize().to_periodogram(minimum_frequency=1)
    period = power.period_at_max_power.to_value("day")
    assert period == pytest.approx(15 * 29.4244 / 1440, rel=0.01)


def test_the_same_star_gives_the_same_bytes(paths, made, tmp_path):
    again = write_light_curve(tmp_path, TARGET, made)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_a_target_needs_a_number_and_nothing_else(made, tmp_path):
    path = write_light_curve(tmp_path, {"kic": 7}, made[:1])[0]
    header = fits.getheader(path)
    assert header["KEPLERID"] == 7 and header["TEFF"] is None
    with pytest.raises(KeyError, match="kic"):
        write_light_curve(tmp_path, {}, made[:1])


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, True),
        (12, 12),
        (np.int64(-3), -3),
        (4.25, 4.25),
        (5.78e-7, 5.78e-7),
        (287.84042, 287.84042),
        (2000.0, 2000.0),
        ("Kepler", "Kepler"),
        ("KIC 1", "KIC 1"),
        (None, fits.card.UNDEFINED),
    ],
)
def test_cards_are_what_astropy_reads(value, read):
    text = card("KEYWORD", value, "a comment that is much too long for what is left of the card")
    assert len(text) == 80
    parsed = fits.Card.fromstring(text)
    parsed.verify("exception")
    assert parsed.value == read and type(parsed.value) is type(read)
    assert parsed.comment.startswith("a comment")
