import numpy as np
import pytest

from starloom.sky import candidates, evolution, kinematics, selection
from starloom.sky.draws import Draws

N_STAR = 8000
STAR = np.arange(N_STAR)


def _giants(luminosity=50.0, teff=4800.0):
    return {
        "luminosity_lsun": np.full(N_STAR, luminosity),
        "teff": np.full(N_STAR, teff),
        "logg": np.full(N_STAR, 2.4),
        "state": np.full(N_STAR, evolution.CLUMP),
    }


def _placed(component, kepler=False, **tracks):
    here = np.full(N_STAR, component)
    return selection.positions(
        2, STAR, _giants(**tracks), here, np.full(N_STAR, 5.0), np.full(N_STAR, kepler)
    )


def test_the_sun_and_the_clump_have_their_absolute_magnitudes():
    # Willmer (2018): 3.27; Hawkins et al. (2017): -1.61
    np.testing.assert_allclose(selection.ks_absolute(1.0, 5772.0), 3.27, atol=0.03)
    np.testing.assert_allclose(selection.ks_absolute(56.0, 4790.0), -1.61, atol=0.08)


def test_magnitudes_are_those_of_apogee_targets():
    place, dust = _placed(0)
    distance = np.sqrt(kinematics.dot(place, place))
    ks = selection.ks_absolute(50.0, 4800.0) + 5 * np.log10(distance) + 10
    assert 10.5 < np.median(ks) < 12.0 and ks.max() < 13.9
    assert np.all(dust >= 0) and 0.2 < np.median(dust) < 2.0


@pytest.mark.parametrize(("luminosity", "teff"), [(3000.0, 3600.0), (50.0, 4800.0), (0.3, 4700.0)])
def test_hardly_any_star_is_fainter_than_the_xp_spectra_reach(luminosity, teff):
    place, dust = _placed(0, luminosity=luminosity, teff=teff)
    distance = np.sqrt(kinematics.dot(place, place))
    colour = 1.4 + 3.5 * (5040.0 / teff - 0.869)
    ks = selection.ks_absolute(luminosity, teff)
    g_mag = ks + colour + 5 * np.log10(distance) + 10 + 0.8 * dust
    assert np.mean(g_mag > selection.G_LIMIT) < 1e-3


def test_disc_stars_stay_within_the_disc_and_halo_stars_need_not():
    far = {"luminosity": 3000.0, "teff": 3700.0}
    disc, _ = _placed(0, **far)
    halo, _ = _placed(2, **far)
    radius = [np.hypot(kinematics.R_SUN_KPC - x, y) for x, y, _ in (disc, halo)]
    assert radius[0].max() <= selection.DISC_EDGE_KPC + 1e-9 < radius[1].max()


def test_the_halo_fills_the_sky_and_the_thin_disc_keeps_to_the_plane():
    disc, _ = _placed(0)
    halo, _ = _placed(2)
    sine = [np.abs(z) / np.sqrt(kinematics.dot(v, v)) for v in (disc, halo) for z in (v[2],)]
    np.testing.assert_allclose(np.mean(sine[1]), 0.5, atol=0.06)
    assert np.mean(sine[0]) < 0.25


def test_kepler_stars_lie_in_the_field():
    place, _ = _placed(0, kepler=True)
    lon, lat = kinematics.angles(place)
    centre_l, centre_b, size = selection.KEPLER_FIELD
    centre = kinematics.direction(np.array([centre_l]), np.array([centre_b]))
    towards = kinematics.direction(lon, lat)
    away = np.degrees(np.arccos(np.clip(kinematics.dot(towards, centre), -1, 1)))
    assert away.max() < size * 1.03 and np.mean(away < size / np.sqrt(2)) == pytest.approx(
        0.5, abs=0.03
    )


def test_kepler_takes_ordinary_giants_only():
    kind = np.where(STAR % 2, candidates.CEMP_S, candidates.NORMAL)
    chosen = selection.in_kepler_field(Draws(1, STAR), 0.4, _giants(), kind, np.zeros(N_STAR, int))
    assert not np.any(chosen[kind == candidates.CEMP_S])
    np.testing.assert_allclose(np.mean(chosen[kind == candidates.NORMAL]), 0.4, atol=0.03)
    dwarfs = _giants() | {"state": np.full(N_STAR, evolution.DWARF)}
    none = selection.in_kepler_field(Draws(1, STAR), 0.4, dwarfs, kind, np.zeros(N_STAR, int))
    assert not np.any(none)
