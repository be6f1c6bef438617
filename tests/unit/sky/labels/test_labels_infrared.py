import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table

from starloom.archives.schema import archive_columns
from starloom.sky import kinematics
from starloom.sky.labels import infrared


@pytest.fixture(scope="module")
def twomass(stars, magnitudes):
    return infrared.twomass(stars, magnitudes, 3)


@pytest.fixture(scope="module")
def unwise(stars, magnitudes):
    return infrared.unwise(stars, magnitudes, 3)


def _separation(table, rows, ra, dec):
    seen = SkyCoord(ra=table["ra"][rows] * u.deg, dec=table["dec"][rows] * u.deg)
    return seen.separation(SkyCoord(ra=ra * u.deg, dec=dec * u.deg)).arcsec


def test_names_are_the_sexagesimal_digits_of_astropy():
    ra, dec = (
        np.array([0.0, 10.68470833, 359.99999, 83.0]),
        np.array([-0.00001, 41.26875, -89.5, 5.5]),
    )
    sky = SkyCoord(ra=ra * u.deg, dec=dec * u.deg)
    names = infrared.designation(ra, dec)
    for name, here in zip(names, sky, strict=True):
        east = here.ra.to_string(u.hour, sep="", precision=6, pad=True)
        north = here.dec.to_string(u.deg, sep="", precision=6, pad=True, alwayssign=True)
        assert name == east[:9].replace(".", "") + north[:9].replace(".", "")


def test_columns_are_the_archives(twomass, unwise):
    assert set(twomass[0]) <= set(archive_columns("twomass"))
    assert set(unwise[0]) <= set(archive_columns("unwise"))


def test_tables_of_chunks_join_up(joins_up):
    joins_up(lambda s, m: infrared.twomass(s, m, 3))
    joins_up(lambda s, m: infrared.unwise(s, m, 3))


def test_twomass_rows_lie_where_their_star_was_in_their_year(stars, twomass):
    table, star = twomass
    rows, mine = np.flatnonzero(star >= 0), star[star >= 0]
    years = 2000.0 + (table["j_date"][rows] - 2451545.0) / 365.25 - 2016.0
    assert years.min() > -18.6 and years.max() < -14.8
    moved = kinematics.moved(*(stars[name][mine] for name in ("ra", "dec", "pmra", "pmdec")), years)
    single = np.bincount(star[rows])[star[rows]] == 1
    distance = _separation(table, rows, *moved)[single]
    # a Rayleigh law of 0.08 arcsec has its mean at 0.100
    np.testing.assert_allclose(distance.mean(), 0.100, rtol=0.05)
    still = _separation(table, rows, stars["ra"][mine], stars["dec"][mine])[single]
    assert still.mean() > 1.5 * distance.mean()


def test_a_few_stars_are_missing_doubled_or_extended(stars, twomass):
    _, star = twomass
    count = np.bincount(star[star >= 0], minlength=len(stars["star"]))
    assert 0.003 < np.mean(count == 0) < 0.03
    assert 0.001 < np.mean(count == 2) < 0.01
    assert count.max() == 2
    assert 0.0005 < np.mean(twomass[0]["ext_key"] > 0) < 0.01


def test_faint_stars_are_not_in_twomass(cut):
    stars, magnitudes = cut(slice(0, 500))
    faint = {band: values + 8.0 for band, values in magnitudes.items()}
    _, star = infrared.twomass(stars, faint, 3)
    seen = np.isin(np.arange(500), star)
    assert not np.any(seen[(faint["h"] > 15.9) & (faint["j"] > 16.9)])


def test_twomass_magnitudes_scatter_by_their_errors(stars, magnitudes, twomass):
    table, star = twomass
    rows, mine = np.flatnonzero(star >= 0), star[star >= 0]
    for band in ("j", "h", "ks"):
        pull = (table[f"{band}_m"][rows] - magnitudes[band][mine]) / table[f"{band}_msigcom"][rows]
        np.testing.assert_allclose(np.percentile(pull, [16, 50, 84]), [-1, 0, 1], atol=0.06)
    bright = table["h_msigcom"] < 0.1
    assert np.all(np.char.find(table["ph_qual"][bright], "A") >= 0)


def test_unwise_rows_lie_near_their_star_unless_a_neighbour_drags_them(stars, unwise):
    table, star = unwise
    rows, mine = np.flatnonzero(star >= 0), star[star >= 0]
    place = (stars[name][mine] for name in ("ra", "dec", "pmra", "pmdec"))
    moved = kinematics.moved(*place, infrared.UNWISE_EPOCH - 2016.0)
    distance = _separation(table, rows, *moved)
    alone = table["fracflux_w1"][rows] > 0.9999
    assert np.percentile(distance[alone], 95) < 0.35
    assert np.mean(distance > 1.0) < 0.02 and np.any(distance[~alone] > 0.5)


def test_unwise_merges_within_its_beam_and_keeps_apart_beyond(stars, magnitudes, unwise):
    table, star = unwise
    near = infrared.neighbours(stars, 3)
    for row in np.flatnonzero(star < 0)[:50]:
        lonely = SkyCoord(ra=table["ra"][row] * u.deg, dec=table["dec"][row] * u.deg)
        others = SkyCoord(ra=stars["ra"] * u.deg, dec=stars["dec"] * u.deg)
        assert 5.0 < lonely.separation(others).arcsec.min() < 16.0
    merged = (near["exists"] & (near["separation"] < 6.0)).any(axis=0)
    mine = star[star >= 0]
    light = table["flux_w1"][star >= 0] / 10 ** (0.4 * (22.5 - magnitudes["w1"][mine]))
    np.testing.assert_allclose(np.median(light[~merged[mine]]), 1.0, atol=0.002)
    assert np.median(light[merged[mine]]) > 1.002


def test_unwise_fluxes_scatter_by_error_and_calibration(stars, magnitudes, unwise):
    table, star = unwise
    rows, mine = np.flatnonzero(star >= 0), star[star >= 0]
    alone = table["fracflux_w1"][rows] == 1.0
    for band in ("w1", "w2"):
        true = 10 ** (0.4 * (22.5 - magnitudes[band][mine]))
        error = np.hypot(table[f"dflux_{band}"][rows], 0.012 * true)
        pull = ((table[f"flux_{band}"][rows] - true) / error)[alone]
        np.testing.assert_allclose([pull.mean(), pull.std()], [0, 1], atol=0.03)


def test_neighbours_crowd_towards_the_plane_and_fill_the_circle_evenly(stars):
    near = infrared.neighbours(stars, 3)
    count = near["exists"].sum(axis=0)
    low, high = np.abs(stars["b"]) < 5, np.abs(stars["b"]) > 40
    assert count[low].mean() > 4 * count[high].mean()
    share = np.mean(near["separation"] < 15.0 / np.sqrt(2))
    np.testing.assert_allclose(share, 0.5, atol=0.01)


def test_the_error_scale_scales_the_errors_and_not_the_noise(stars, magnitudes, twomass, unwise):
    half, _ = infrared.twomass(stars, magnitudes, 3, error_scale=0.5)
    np.testing.assert_array_equal(half["j_m"], twomass[0]["j_m"])
    np.testing.assert_allclose(half["j_msigcom"], 0.5 * twomass[0]["j_msigcom"])
    half, _ = infrared.unwise(stars, magnitudes, 3, error_scale=0.5)
    np.testing.assert_array_equal(half["flux_w1"], unwise[0]["flux_w1"])
    np.testing.assert_allclose(half["dflux_w2"], 0.5 * unwise[0]["dflux_w2"])


@pytest.mark.real
def test_twomass_errors_are_those_of_observed_giants(real):
    observed = Table.read(real / "photometry" / "li2023_gaia_2mass.csv")
    for band, column in (("j", "j"), ("h", "h"), ("ks", "k")):
        mag = np.asarray(observed[f"{column}_m"], float)
        error = np.asarray(observed[f"{column}_msigcom"], float)
        assert 0.7 < np.nanmedian(infrared.twomass_error(band, mag) / error) < 1.4
