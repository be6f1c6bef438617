from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from starloom.sky import modes
from starloom.sky.mixed_modes import RESOLVED_UHZ, multiplet
from starloom.sky.mode_table import mode_table

comb, comb_mean = jax.jit(modes.comb), jax.jit(modes.comb_mean)
radial_order = jax.jit(modes.radial_order)

STAR = {
    "numax_uhz": 130.0,
    "dnu_uhz": 10.8,
    "epsilon": 1.25,
    "d01": -0.02,
    "d02": 0.13,
    "d03": 0.29,
    "curvature": 0.01,
    "glitch": 0.0,
    "glitch_period": 3.1,
    "glitch_phase": 0.3,
    "fwhm_uhz": 0.1,
    "amplitude_ppm": 35.0,
    "envelope_uhz": 36.0,
    "granulation_ppm": 180.0,
    "coupling": 0.17,
    "period_spacing_s": 77.0,
    "gravity_phase": 0.27,
    "core_splitting_uhz": 0.0,
    "cos_inclination": 0.5,
    "mixed": 1.0,
    "white_ppm2_uhz": 10.0,
}


def star(**changed):
    return {name: jnp.float32(value) for name, value in (STAR | changed).items()}


def test_a_comb_is_the_sum_of_its_lorentzians():
    x, width = np.linspace(-0.7, 2.2, 500), 0.03
    lines = np.arange(-3000, 3001)[:, None]
    lorentzians = (width / np.pi / ((x - lines) ** 2 + width**2)).sum(axis=0)
    found = comb(jnp.asarray(x, jnp.float32), jnp.full(500, width))
    np.testing.assert_allclose(found, lorentzians, rtol=2e-4)


def test_the_mean_of_a_comb_between_two_orders_is_its_integral():
    edges = np.array([-0.4, 0.1, 0.49, 0.51, 0.9, 1.3, 3.8])
    width = np.full(6, 0.02)
    fine = [np.linspace(a, b, 20001) for a, b in pairwise(edges)]
    exact = [np.mean(comb(jnp.asarray(x), jnp.full(20001, 0.02))) for x in fine]
    low, high, width = (jnp.asarray(v, jnp.float32) for v in (edges[:-1], edges[1:], width))
    np.testing.assert_allclose(comb_mean(low, high, width), exact, rtol=2e-3)
    narrow = comb_mean(jnp.array([0.9]), jnp.array([1.1]), jnp.array([1e-4]))
    assert narrow[0] == pytest.approx(1 / 0.2, rel=1e-2)


def test_merged_lines_are_a_level_continuum():
    level = comb(jnp.linspace(0, 1, 11), jnp.full(11, 1e6))
    np.testing.assert_allclose(level, 1.0, atol=1e-4)


def test_radial_modes_lie_where_the_universal_pattern_puts_them():
    n = np.arange(7, 16)
    centre = STAR["numax_uhz"] / STAR["dnu_uhz"] - STAR["epsilon"]
    curved = STAR["epsilon"] + 0.5 * STAR["curvature"] * (n - centre) ** 2
    freq = (n + curved) * STAR["dnu_uhz"]
    order, slope = radial_order(jnp.asarray(freq, jnp.float32), star())
    np.testing.assert_allclose(order, n, atol=1e-4)
    local = STAR["dnu_uhz"] * (1 + STAR["curvature"] * (n - centre))
    np.testing.assert_allclose(slope, 1 / local, rtol=1e-4)


def test_a_glitch_moves_modes_by_its_amplitude_and_the_slope_follows():
    freq = jnp.linspace(70, 200, 5001)
    plain, _ = radial_order(freq, star())
    waved, slope = radial_order(freq, star(glitch=0.02))
    assert np.abs(waved - plain).max() == pytest.approx(0.02, rel=0.1)
    numeric = np.gradient(np.asarray(waved, float), np.asarray(freq, float))
    np.testing.assert_allclose(slope[5:-5], numeric[5:-5], rtol=5e-3)


def _mixed_roots(low, high):
    """Roots of tan(theta_p) = q tan(theta_g) by bracketing, in double precision."""
    s = STAR
    centre = s["numax_uhz"] / s["dnu_uhz"]

    def mismatch(nu):
        u = nu / s["dnu_uhz"] - centre
        n = centre - s["epsilon"] + (np.sqrt(1 + 2 * s["curvature"] * u) - 1) / s["curvature"]
        p = np.pi * (n - 0.5 + s["d01"])
        g = np.pi * (1e6 / (s["period_spacing_s"] * nu) - s["gravity_phase"])
        return np.sin(p) * np.cos(g) - s["coupling"] * np.cos(p) * np.sin(g)

    grid = np.linspace(low, high, 40001)
    value = mismatch(grid)
    at = np.flatnonzero(value[:-1] * value[1:] < 0)
    return np.array([brentq(mismatch, grid[i], grid[i + 1]) for i in at])


def test_mixed_modes_solve_the_matching_of_the_cavities():
    table = mode_table(STAR, reach=0.8)
    found = table["freq_uhz"][table["degree"] == 1]
    exact = _mixed_roots(*(130 + np.array([-0.8, 0.8]) * 36))
    assert len(found) == len(exact)
    np.testing.assert_allclose(found, exact, atol=3e-3)


def test_the_share_of_the_core_is_the_local_period_spacing():
    """Mosser et al. (2015), Eq. 5: zeta times the asymptotic spacing separates neighbours."""
    rich = STAR | {"period_spacing_s": 20.0}
    table = mode_table(rich, reach=0.5)
    dipoles = table["degree"] == 1
    freq, zeta = table["freq_uhz"][dipoles], table["zeta"][dipoles]
    spacing = -np.diff(1e6 / freq)
    between = 0.5 * (zeta[1:] + zeta[:-1])
    np.testing.assert_allclose(spacing / 20.0, between, atol=0.05)
    assert zeta.min() < 0.85 < 0.97 < zeta.max()


def test_mixed_modes_share_the_power_of_one_pressure_mode():
    table = mode_table(STAR, reach=1.0)
    dipoles = table["degree"] == 1
    inside = dipoles & (abs(table["freq_uhz"] - 130) < 2.5 * 10.8)
    assert np.sum(1 - table["zeta"][inside]) == pytest.approx(5.0, rel=0.06)
    width = table["fwhm_uhz"][inside]
    np.testing.assert_allclose(width, 0.1 * (1 - table["zeta"][inside]) + RESOLVED_UHZ, rtol=0.02)


def test_rotation_splits_core_modes_by_the_core_splitting():
    turning = STAR | {"core_splitting_uhz": 0.05}
    table = mode_table(turning, reach=0.6, zonal_only=False)
    by_m = {}
    for m in (-1, 0, 1):
        rows = (table["degree"] == 1) & (table["azimuthal"] == m)
        by_m[m] = (table["freq_uhz"][rows], table["zeta"][rows])
    middle, zeta = by_m[0]
    split = [by_m[1][0][np.argmin(abs(by_m[1][0] - f - 0.05))] - f for f in middle[3:-3]]
    np.testing.assert_allclose(split, 0.05 * zeta[3:-3], atol=6e-3)
    assert len(by_m[-1][0]) == pytest.approx(len(middle), abs=1)


@pytest.mark.parametrize("cosine", [0.0, 0.3, 1.0])
def test_azimuthal_orders_share_all_the_power(cosine):
    shares = dict(multiplet(star(cos_inclination=cosine)))
    assert sum(float(share) for share in shares.values()) == pytest.approx(1.0)
    assert float(shares[0]) == pytest.approx(cosine**2)


def test_without_mixing_dipole_modes_are_evenly_spaced_pressure_modes():
    table = mode_table(STAR | {"mixed": 0.0, "curvature": 1e-4})
    freq = table["freq_uhz"][table["degree"] == 1]
    np.testing.assert_allclose(np.diff(freq), 10.8, rtol=5e-3)
    assert np.all(table["zeta"] == 0)


def test_a_star_without_parameters_has_no_modes():
    table = mode_table({name: np.nan for name in STAR})
    assert all(len(values) == 0 for values in table.values())
