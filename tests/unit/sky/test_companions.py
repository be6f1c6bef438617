import numpy as np
import pytest

from starloom.sky import companions
from starloom.sky.draws import Draws

N_STAR = 20_000


@pytest.fixture
def draw():
    def make(cemp_s=False, cemp_no=False, binaries=True, radius=1.0):
        tracks = {"initial_mass_msun": np.full(N_STAR, 1.0), "mass_msun": np.full(N_STAR, 0.95)}
        tracks["radius_rsun"] = np.full(N_STAR, radius)
        kinds = (np.full(N_STAR, cemp_s), np.full(N_STAR, cemp_no))
        draws = Draws(6, np.arange(N_STAR))
        return companions.draw(
            draws, binaries, tracks, *kinds, np.full(N_STAR, 5.0), np.zeros(N_STAR)
        )

    return make


@pytest.mark.parametrize(
    ("kind", "share"), [({}, 0.35), ({"cemp_s": True}, 0.95), ({"cemp_no": True}, 0.17)]
)
def test_the_share_of_binaries_is_that_of_the_kind(draw, kind, share):
    np.testing.assert_allclose(np.mean(draw(**kind)["binary"]), share, atol=0.01)


def test_single_stars_have_no_companion_and_a_single_sky_none_at_all(draw):
    table = draw()
    for name, values in table.items():
        if name != "binary":
            np.testing.assert_array_equal(np.isfinite(values), table["binary"])
    assert not np.any(draw(binaries=False)["binary"])


def test_the_amplitude_is_that_of_a_circular_orbit_seen_under_any_angle(draw):
    table = draw()
    both = table["binary"]
    mass, days = table["companion_mass_msun"][both], table["period_day"][both]
    # from Kepler's third law in SI units
    newton, sun_kg = 6.6743e-11, 1.98841e30
    total = (mass + 0.95) * sun_kg
    axis = (newton * total * (days * 86400) ** 2 / (4 * np.pi**2)) ** (1 / 3)
    speed = 2 * np.pi * axis / (days * 86400) * mass * sun_kg / total / 1000
    sine = table["rv_amplitude_kms"][both] / speed
    assert sine.max() < 1.001
    # mean of sin i for random orientations is pi/4
    np.testing.assert_allclose(sine.mean(), np.pi / 4, atol=0.01)


def test_periods_follow_the_log_normal_of_solar_neighbours_and_giants_need_room(draw):
    days = draw()["period_day"]
    np.testing.assert_allclose(np.nanmedian(np.log10(days)), 5.03, atol=0.1)
    wide = draw(radius=30.0)["period_day"]
    axis_rsun = 215.03 * ((wide / 365.25) ** 2 * (0.95 + 0.1)) ** (1 / 3)
    assert np.nanmin(axis_rsun) > 2.0 * 30.0


def test_white_dwarfs_of_cemp_s_are_small_and_near(draw):
    table = draw(cemp_s=True)
    assert np.nanmax(table["companion_radius_rsun"]) < 0.02
    assert np.nanmax(table["period_day"]) < 20_000
