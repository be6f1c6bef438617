"""Synthesis of APOGEE's H band: lines where they belong, as strong as they should be."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.sky import chemistry, evolution, hband, hband_lines
from starloom.sky.hband_basis import wavelength_angstrom

GIANT = {"teff": 4600.0, "logg": 2.3, "m_h": -0.1, "alpha_m": 0.0, "vsini_kms": 1.0}
MIXTURE = {f"{name.lower()}_fe": 0.0 for name in hband.ELEMENTS if name != "Fe"}
STEP = {"teff": 20.0, "logg": 0.05, "m_h": 0.05, "c_fe": 0.05, "n_fe": 0.05, "mg_fe": 0.05}
STEP |= {name: 0.1 for name in MIXTURE if name not in STEP}
WEAK = np.arange(-3.0, 1.01, 0.5)
WINDOW = {
    "na_fe": 16393.34, "mg_fe": 15745.02, "al_fe": 16723.52, "si_fe": 15964.42,
    "k_fe": 15172.52, "ca_fe": 16155.18, "ti_fe": 15548.00, "v_fe": 15929.16, "cr_fe": 15684.35,
    "mn_fe": 15221.95, "co_fe": 16762.22, "ni_fe": 15636.93, "ce_fe": 15789.06,
    "oh": 15573.04, "co": 15982.0, "cn": 15325.7,
}  # fmt: skip
"""Vacuum wavelength [Angstrom] of a line of each element or molecule (Smith et al. 2013)."""


def variants():
    """Stars that differ from GIANT in one thing each, all in one batch."""
    stars = {"base": {}}
    stars |= {name: {name: GIANT.get(name, 0.0) + step} for name, step in STEP.items()}
    stars |= {f"si {x}": {"si_fe": x} for x in WEAK}
    stars["no si"] = {"si_fe": -6.0}
    stars |= {f"o {x}": {"o_fe": x} for x in (-0.4, 0.4)}
    stars |= {"calm": {"microturbulence_kms": 1.0}, "stirred": {"microturbulence_kms": 2.2}}
    stars |= {"broad": {"vsini_kms": 15.0}, "hot": {"teff": 6800.0, "logg": 4.2}}
    stars |= {"cool": {"teff": 3800.0, "logg": 0.8}, "poor": {"m_h": -2.2}}
    stars |= {"light carbon": {"c12_c13": 4.0}, "lost": {"teff": np.nan}}
    return stars


@pytest.fixture(scope="module")
def flux():
    stars = variants()
    base = GIANT | MIXTURE | {"microturbulence_kms": 1.5, "c12_c13": 15.0}
    table = {name: np.array([(base | star)[name] for star in stars.values()]) for name in base}
    return dict(zip(stars, hband.spectra(table)[0], strict=True))


def equivalent_width(spectrum, centre, half=1.2):
    wave = wavelength_angstrom()
    near = np.abs(wave - centre) < half
    return np.sum((1.0 - spectrum[near]) * np.gradient(wave)[near])


def test_flux_over_the_continuum_lies_between_zero_and_one(flux):
    for name, spectrum in flux.items():
        if name != "lost":
            assert spectrum.shape == (8575,)
            assert 0.05 < spectrum.min() and spectrum.max() < 1.0005, name


def test_a_star_without_a_temperature_is_nan_and_harms_no_other(flux):
    assert np.isnan(flux["lost"]).all()
    assert np.isfinite(flux["base"]).all()


@pytest.mark.parametrize("element", [name for name in WINDOW if name.endswith("_fe")])
def test_more_of_an_element_deepens_its_own_line_most(flux, element):
    centre = WINDOW[element]
    change = {
        name: equivalent_width(flux[name], centre) - equivalent_width(flux["base"], centre)
        for name in MIXTURE
    }
    assert change[element] > 0
    metals = [name for name in MIXTURE if name not in ("c_fe", "n_fe", "o_fe", "mg_fe", "si_fe")]
    rivals = [name for name in metals if name != element]
    assert change[element] > max(abs(change[name]) for name in rivals)


def test_a_line_grows_with_abundance_and_saturates(flux):
    none = equivalent_width(flux["no si"], WINDOW["si_fe"], 2.5)
    width = np.array([equivalent_width(flux[f"si {x}"], WINDOW["si_fe"], 2.5) for x in WEAK])
    growth = np.diff(np.log10(width - none)) / np.diff(WEAK)
    assert growth[0] == pytest.approx(1.0, abs=0.25)
    assert growth.min() < 0.55
    assert np.argmin(growth) > 1


def test_carbon_nitrogen_oxygen_move_co_cn_oh_as_chemistry_says(flux):
    def change(name, where):
        half = 0.6 if where == "oh" else 2.5
        pair = (equivalent_width(flux[star], WINDOW[where], half) for star in (name, "base"))
        return next(pair) - next(pair)

    assert change("c_fe", "co") > 0
    assert change("n_fe", "cn") > 0
    assert change("o_fe", "oh") > 0
    assert change("c_fe", "oh") < 0, "CO takes the oxygen"
    assert change("o 0.4", "cn") < change("o -0.4", "cn"), "oxygen takes the carbon of CN"


def test_metals_gravity_and_temperature_act_as_in_real_giants(flux):
    absorption = {name: 1.0 - spectrum.mean() for name, spectrum in flux.items()}
    assert absorption["cool"] > absorption["base"] > absorption["hot"]
    assert absorption["base"] > 2.5 * absorption["poor"]


def test_microturbulence_strengthens_saturated_lines_not_weak_ones(flux):
    strong, weak = WINDOW["si_fe"], WINDOW["ce_fe"]
    for centre, low, high in ((strong, 1.02, 1.6), (weak, 0.9, 1.15)):
        ratio = equivalent_width(flux["stirred"], centre) / equivalent_width(flux["calm"], centre)
        assert low < ratio < high


def test_rotation_makes_lines_shallow_and_keeps_their_area(flux):
    wide = equivalent_width(flux["broad"], WINDOW["al_fe"], 4.0)
    narrow = equivalent_width(flux["base"], WINDOW["al_fe"], 4.0)
    assert wide == pytest.approx(narrow, rel=0.03)
    near = np.abs(wavelength_angstrom() - WINDOW["al_fe"]) < 1
    assert flux["broad"][near].min() > flux["base"][near].min() + 0.05


def test_a_low_isotope_ratio_strengthens_13co_and_weakens_12co(flux):
    def change(centre):
        pair = (equivalent_width(flux[star], centre, 3.0) for star in ("light carbon", "base"))
        return next(pair) - next(pair)

    assert change(16128.0) > 0.005, "head of 13CO 4-1 (Smith et al. 2013)"
    assert change(15985.0) < -0.005, "head of 12CO 5-2"


def test_the_information_at_snr_150_is_of_the_size_seen_with_full_line_lists(flux):
    wave = wavelength_angstrom()
    used = (wave > 15150) & (wave < 15800) | (wave > 15870) & (wave < 16420)
    used |= (wave > 16490) & (wave < 16940)
    slopes = np.stack([(flux[name] - flux["base"])[used] / step for name, step in STEP.items()])
    error = np.sqrt(np.diag(np.linalg.inv(slopes @ slopes.T * 150.0**2)))
    found = dict(zip(STEP, error, strict=True))
    expected = {
        "teff": 6.0, "logg": 0.016, "m_h": 0.004, "c_fe": 0.008, "n_fe": 0.015, "mg_fe": 0.009,
        "na_fe": 0.053, "v_fe": 0.10,
    }  # fmt: skip
    for name, value in expected.items():
        assert value / 3.5 < found[name] < value * 3.5, (name, found[name])


def test_labels_have_derivatives_that_agree_with_differences(flux):
    labels, names = hband.label_arrays(
        {name: np.full(hband.BATCH, value) for name, value in (GIANT | MIXTURE).items()}
        | {"microturbulence_kms": np.full(hband.BATCH, 1.5), "c12_c13": np.full(hband.BATCH, 15.0)}
    )
    direction = np.zeros_like(labels)
    direction[0, names.index("mg_fe")] = 1.0
    _, slope = jax.jvp(lambda x: hband.spectra_batch(x, names)[0], (labels,), (direction,))
    difference = (flux["mg_fe"] - flux["base"]) / STEP["mg_fe"]
    assert np.corrcoef(slope[0], difference)[0, 1] > 0.999
    np.testing.assert_allclose(slope[0].min(), difference.min(), rtol=0.1)
    assert not np.any(slope[1:])


def test_columns_of_the_tagging_form_are_checked():
    with pytest.raises(ValueError, match="2 columns for 3"):
        hband.from_dex(jnp.ones(1), jnp.ones(1), jnp.ones((1, 2)), ("Fe", "Mg", "Si"))
    with pytest.raises(ValueError, match="not among"):
        hband.from_dex(jnp.ones(1), jnp.ones(1), jnp.ones((1, 1)), ("Mg",))


def test_a_missing_label_is_named():
    with pytest.raises(KeyError, match="logg"):
        hband.spectra({"teff": np.ones(1), "m_h": np.ones(1), "alpha_m": np.ones(1)})


def test_no_stars_give_empty_arrays():
    stars = {name: np.zeros(0) for name in ("teff", "logg", "m_h", "alpha_m")}
    assert hband.spectra(stars)[0].shape == (0, 8575)


def test_microturbulence_is_that_of_the_population():
    logg = np.linspace(-0.5, 5.0, 30)
    np.testing.assert_allclose(
        hband.microturbulence(jnp.asarray(logg)), evolution.microturbulence(logg), rtol=1e-5
    )


def test_broadening_adds_in_squares_and_the_rotation_profile_has_the_variance_claimed():
    v = np.linspace(-1, 1, 20001)
    root = np.sqrt(1 - v**2)
    profile = (2 * 0.4 * root + np.pi / 2 * 0.6 * (1 - v**2)) / (np.pi * (1 - 0.2))
    variance = np.trapezoid(profile * v**2, v) / np.trapezoid(profile, v)
    width = hband.broadening(np.array([3.0]), np.array([10.0]), 5.66)
    expected = np.sqrt(5.66**2 + 3.0**2 / (8 * np.log(2)) + variance * 100.0)
    assert float(width[0]) == pytest.approx(expected, rel=0.02)


def test_elements_of_the_spectrum_are_those_of_the_line_list():
    names = chemistry.elements()["element"][np.unique(hband_lines.atomic_lines()["atom"])]
    assert set(hband.ELEMENTS) == set(names) | {"C", "N", "O"}
