import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.coordinates import CartesianDifferential, Galactocentric, SkyCoord
from galpy.util import coords as galpy_coords
from scipy import integrate, stats

from starloom.sky import kinematics

GENERATOR = np.random.default_rng(11)
N_STAR = 300
PLACE = GENERATOR.normal(0, 3, (3, N_STAR))
VELOCITY = GENERATOR.normal([[0], [200], [0]], 40, (3, N_STAR))
UNIT = {name: GENERATOR.uniform(size=60_000) for name in ("height", "azimuth", "side")}


def _galactocentric_frame():
    # the Galactic centre at l = b = 0, as in galpy, so that only the tilt differs from Galactic
    centre = SkyCoord(l=0 * u.deg, b=0 * u.deg, frame="galactic").icrs
    velocity = CartesianDifferential(kinematics.V_SUN_KMS, unit=u.km / u.s)
    return Galactocentric(
        galcen_coord=centre,
        galcen_distance=kinematics.R_SUN_KPC * u.kpc,
        z_sun=kinematics.Z_SUN_KPC * u.kpc,
        galcen_v_sun=velocity,
        roll=0 * u.deg,
    )


def test_positions_and_velocities_are_those_of_astropys_galactocentric_frame():
    seen = kinematics.observables(PLACE, VELOCITY)
    sky = SkyCoord(
        ra=seen["ra"] * u.deg,
        dec=seen["dec"] * u.deg,
        distance=seen["distance_pc"] * u.pc,
        pm_ra_cosdec=seen["pmra"] * u.mas / u.yr,
        pm_dec=seen["pmdec"] * u.mas / u.yr,
        radial_velocity=seen["radial_velocity"] * u.km / u.s,
    )
    frame = sky.transform_to(_galactocentric_frame())
    x, y = frame.x.to_value(u.kpc), frame.y.to_value(u.kpc)
    np.testing.assert_allclose(np.hypot(x, y), seen["galactic_r_kpc"], atol=2e-5)
    np.testing.assert_allclose(frame.z.to_value(u.kpc), seen["galactic_z_kpc"], atol=2e-5)
    radius = np.hypot(x, y)
    v_x, v_y = frame.v_x.to_value(u.km / u.s), frame.v_y.to_value(u.km / u.s)
    np.testing.assert_allclose((x * v_x + y * v_y) / radius, VELOCITY[0], atol=2e-3)
    # astropy's angle grows against the rotation, hence the sign
    np.testing.assert_allclose((y * v_x - x * v_y) / radius, VELOCITY[1], atol=2e-3)
    np.testing.assert_allclose(frame.v_z.to_value(u.km / u.s), VELOCITY[2], atol=2e-3)


def test_positions_and_velocities_are_those_of_galpy():
    seen = kinematics.observables(PLACE, VELOCITY)
    lb = galpy_coords.radec_to_lb(seen["ra"], seen["dec"], degree=True, epoch=None)
    # galpy goes through FK5 and its own pole, some 0.05 arcsec from the ICRS matrix
    np.testing.assert_allclose(lb[:, 0] % 360, seen["l"], atol=1e-4)
    np.testing.assert_allclose(lb[:, 1], seen["b"], atol=1e-4)
    pm = galpy_coords.pmrapmdec_to_pmllpmbb(
        seen["pmra"], seen["pmdec"], seen["ra"], seen["dec"], degree=True, epoch=None
    )
    xyz = galpy_coords.lbd_to_XYZ(*lb.T, seen["distance_pc"] / 1000, degree=True)
    uvw = galpy_coords.vrpmllpmbb_to_vxvyvz(
        seen["radial_velocity"], *pm.T, *lb.T, seen["distance_pc"] / 1000, degree=True
    )
    sun = (kinematics.R_SUN_KPC, kinematics.Z_SUN_KPC)
    cylindrical = galpy_coords.XYZ_to_galcencyl(*xyz.T, Xsun=sun[0], Zsun=sun[1])
    # galpy measures 8.23 kpc along the plane, astropy along the line to the centre
    np.testing.assert_allclose(cylindrical[:, 0], seen["galactic_r_kpc"], atol=1e-4)
    v_sun = np.array([-1.0, 1.0, 1.0]) * kinematics.V_SUN_KMS
    speed = galpy_coords.vxvyvz_to_galcencyl(
        *uvw.T, *cylindrical.T, vsun=v_sun, Xsun=sun[0], Zsun=sun[1], galcen=True
    )
    np.testing.assert_allclose(speed.T, VELOCITY, atol=2e-2)


def test_the_rotation_to_galactic_coordinates_is_the_standard_one():
    sky = SkyCoord(ra=[0, 83.6, 266.4, 12.3] * u.deg, dec=[0, 22.0, -28.9, 89.0] * u.deg)
    vector = kinematics.rotated(
        kinematics.ICRS_TO_GALACTIC, kinematics.direction(sky.ra.deg, sky.dec.deg)
    )
    lon, lat = kinematics.angles(vector)
    expected = erfa.icrs2g(sky.ra.rad, sky.dec.rad)
    np.testing.assert_allclose(lon, np.degrees(expected[0]), atol=1e-9)
    np.testing.assert_allclose(lat, np.degrees(expected[1]), atol=1e-9)


def test_a_star_moves_as_astropy_moves_it():
    sky = SkyCoord(
        ra=[10.0, 359.9999, 200.0] * u.deg,
        dec=[-5.0, 60.0, 89.9] * u.deg,
        pm_ra_cosdec=[1500.0, 900.0, -30.0] * u.mas / u.yr,
        pm_dec=[-700.0, 10.0, 2000.0] * u.mas / u.yr,
        distance=[1e6, 1e6, 1e6] * u.pc,
    )
    later = sky.apply_space_motion(dt=-16.0 * u.yr)
    ra, dec = kinematics.moved(
        sky.ra.deg, sky.dec.deg, sky.pm_ra_cosdec.value, sky.pm_dec.value, -16.0
    )
    moved = SkyCoord(ra=ra * u.deg, dec=dec * u.deg)
    assert moved.separation(SkyCoord(later.ra, later.dec)).to_value(u.mas).max() < 0.05


@pytest.mark.parametrize(("distance", "height"), [(3.0, 0.3), (1.0, 0.9), (0.2, 0.3)])
def test_heights_on_a_shell_follow_the_exponential_cut_at_its_poles(distance, height):
    n_star = len(UNIT["side"])
    place = kinematics.shell_position(
        np.full(n_star, distance), np.full(n_star, height), kinematics.DISC_SCALE_KPC, UNIT
    )
    np.testing.assert_allclose(np.linalg.norm(place, axis=0), distance, rtol=1e-9)
    low, high = kinematics.Z_SUN_KPC - distance, kinematics.Z_SUN_KPC + distance
    grid = np.linspace(low, high, 4001)
    cumulative = integrate.cumulative_trapezoid(np.exp(-np.abs(grid) / height), grid, initial=0)
    z = place[2] + kinematics.Z_SUN_KPC
    rank = np.interp(z, grid, cumulative / cumulative[-1])
    assert stats.kstest(rank[::20], "uniform").pvalue > 1e-3


def test_azimuths_on_a_shell_follow_the_radial_exponential():
    n_star = len(UNIT["side"])
    place = kinematics.shell_position(
        np.full(n_star, 4.0), np.full(n_star, 0.01), kinematics.DISC_SCALE_KPC, UNIT
    )
    azimuth = np.abs(np.arctan2(place[1], place[0]))

    def density(angle):
        radius = np.sqrt(8.23**2 + 16.0 - 2 * 8.23 * 4.0 * np.cos(angle))
        return np.exp(-radius / 2.6)

    total = integrate.quad(density, 0, np.pi)[0]
    for edge in (0.3, 1.0, 2.0):
        expected = integrate.quad(density, 0, edge)[0] / total
        np.testing.assert_allclose(np.mean(azimuth < edge), expected, atol=0.01)


def test_birth_radii_are_those_of_a_forward_simulation_of_migration():
    # forward: born by a gamma law of shape 2, moved by a Gaussian; keep those that end near R
    generator = np.random.default_rng(3)
    age, here = 6.0, 9.0
    born = generator.gamma(2.0, kinematics.DISC_SCALE_KPC, 4_000_000)
    now = born + generator.normal(0, kinematics.migration_kpc(age), born.size)
    expected = born[np.abs(now - here) < 0.05]
    drawn = kinematics.birth_radius(
        generator.uniform(size=40_000), np.full(40_000, here), np.full(40_000, age)
    )
    for share in (5, 25, 50, 75, 95):
        np.testing.assert_allclose(
            np.percentile(drawn, share), np.percentile(expected, share), atol=0.12
        )


def test_older_discs_are_thicker_and_flare_outwards():
    height = kinematics.thin_height_kpc(np.array([1.0, 8.0, 8.0]), np.array([8.0, 8.0, 14.0]))
    np.testing.assert_allclose(height, [0.155, 0.40, 0.40 * np.exp(0.5)])


def test_velocity_spreads_and_lags_grow_from_thin_to_halo():
    n_star = 20_000
    normal = {
        name: np.random.default_rng(1).normal(size=n_star) for name in ("v_r", "v_phi", "v_z")
    }
    spread, lag = [], []
    for component, age in ((0, 2.0), (0, 9.0), (1, 10.0), (2, 11.0)):
        velocity = kinematics.cylindrical_velocity(
            np.full(n_star, component), np.full(n_star, age), np.full(n_star, 8.23), normal
        )
        spread.append(velocity[2].std())
        lag.append(kinematics.V_CIRC_KMS - velocity[1].mean())
    assert np.all(np.diff(spread) > 3) and np.all(np.diff(lag) > 3)


def test_the_dust_column_is_the_integral_along_the_line_of_sight():
    place = kinematics.direction(np.array([30.0, 120.0, 250.0, 5.0]), np.array([1.0, 10, -40, 2.0]))
    distance = np.array([3.0, 2.0, 5.0, 1.0])

    def density(step, x, y, z):
        radius = np.hypot(8.23 - step * x, step * y)
        return np.exp(-abs(step * z + 0.0208) / 0.103 - (radius - 8.23) / 3.19)

    expected = [
        integrate.quad(density, 0, d, args=tuple(unit), limit=200)[0]
        for d, unit in zip(distance, place.T, strict=True)
    ]
    column = kinematics.dust_column(distance * place)
    np.testing.assert_allclose(column, expected, rtol=0.03)
