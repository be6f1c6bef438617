import numpy as np
import pytest

from starloom.sky.evolution import AGB, CLUMP, DWARF, RGB, SECONDARY
from starloom.sky.seismic_relations import (
    evaluate,
    mean_density_dnu_uhz,
    numax_uhz,
    quantities,
)


def _star(numax, dnu, mass=1.0, teff=4800.0):
    return {
        "numax_uhz": np.array([numax]),
        "dnu_uhz": np.array([dnu]),
        "mass_msun": np.array([mass]),
        "teff": np.array([teff]),
    }


def test_the_sun_has_its_own_numax_and_large_separation():
    assert numax_uhz(np.array(4.438), np.array(5777.0)) == pytest.approx(3090.0, rel=1e-6)
    assert mean_density_dnu_uhz(np.array(1.0), np.array(1.0)) == pytest.approx(135.1)


@pytest.mark.parametrize(
    ("quantity", "state", "numax", "dnu", "published"),
    [
        ("period_spacing_s", RGB, 115.0, 10.0, 76.0),
        ("period_spacing_s", RGB, 220.0, 17.0, 89.9),
        ("period_spacing_s", CLUMP, 32.0, 4.0, 300.0),
        ("epsilon", RGB, 115.0, 10.0, 0.601 + 0.632),
        ("envelope_uhz", CLUMP, 30.0, 3.9, 0.66 * 30.0**0.88 * 0.92),
        ("granulation_ppm", CLUMP, 50.0, 5.5, 3710 * 50**-0.613),
        ("fwhm_uhz", RGB, 50.0, 5.5, 0.094),
        ("fwhm_uhz", CLUMP, 33.0, 4.0, 0.134),
        ("d02", RGB, 50.0, 5.5, 0.140),
        ("dnu_factor", RGB, 50.0, 5.5, 0.972),
    ],
)
def test_relations_pass_through_published_values(quantity, state, numax, dnu, published):
    value = evaluate(quantity, np.array([state]), _star(numax, dnu))
    assert value[0] == pytest.approx(published, rel=0.03)


def test_clump_stars_differ_from_first_branch_giants_at_the_same_large_separation():
    star = _star(33.0, 4.0)
    at = {s: {q: evaluate(q, np.array([s]), star)[0] for q in quantities()} for s in (RGB, CLUMP)}
    assert at[CLUMP]["epsilon"] - at[RGB]["epsilon"] == pytest.approx(-0.19, abs=0.01)
    assert at[CLUMP]["period_spacing_s"] > 4 * at[RGB]["period_spacing_s"]
    assert at[CLUMP]["coupling"] > at[RGB]["coupling"]
    assert at[CLUMP]["fwhm_uhz"] > 1.3 * at[RGB]["fwhm_uhz"]


def test_heavier_stars_have_lower_amplitudes_and_less_granulation():
    light, heavy = _star(60.0, 6.0, mass=1.0), _star(60.0, 6.0, mass=2.0)
    for quantity, power in (("amplitude_ppm", -0.71), ("granulation_ppm", -0.26)):
        low, high = (evaluate(quantity, np.array([RGB]), star)[0] for star in (light, heavy))
        assert high / low == pytest.approx(2.0**power, rel=1e-6)


def test_scatter_moves_a_quantity_by_standard_deviations():
    star = {name: np.repeat(value, 3) for name, value in _star(50.0, 5.5).items()}
    state = np.full(3, RGB)
    linear = evaluate("epsilon", state, star, np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(linear - linear[1], [-0.02, 0.0, 0.04], atol=1e-9)
    logarithmic = evaluate("fwhm_uhz", state, star, np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_allclose(np.log(logarithmic / logarithmic[1]), [-0.18, 0, 0.36], atol=1e-9)


def test_every_quantity_has_every_state_and_dwarfs_follow_the_first_branch():
    star = _star(50.0, 5.5)
    for quantity in quantities():
        for state in (RGB, CLUMP, SECONDARY, AGB, DWARF):
            assert np.isfinite(evaluate(quantity, np.array([state]), star)[0])
        same = [evaluate(quantity, np.array([state]), star)[0] for state in (RGB, DWARF)]
        assert same[0] == same[1]


def test_an_unknown_quantity_is_refused():
    with pytest.raises(KeyError, match="flux"):
        evaluate("flux", np.array([RGB]), _star(50.0, 5.5))
