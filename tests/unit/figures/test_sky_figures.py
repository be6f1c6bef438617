import numpy as np
import pytest

from starloom.figures import sky

NAMES = ["population", "evolution", "hband", "xp", "seismology", "colours", "errors"]
STATES = ["dwarf", "subgiant", "rgb", "red_clump", "secondary_clump", "agb"]
MEASURED = ("parallax", "parallax_error", "phot_g_mean_mag", "bp_rp", "ks_m", "ks_msigcom",
            "snrev", "teff_err", "fe_h_err")  # fmt: skip


@pytest.fixture
def stars():
    rng = np.random.default_rng(0)
    table = {
        name: rng.uniform(low, high, 400)
        for name, low, high in (
            ("teff", 4000, 6000), ("logg", 0.5, 4.8), ("fe_h", -1.0, 0.3), ("alpha_m", 0.0, 0.3),
            ("galactic_r_kpc", 4, 12), ("galactic_z_kpc", -1, 1), ("age_gyr", 1, 12),
            ("initial_mass_msun", 0.8, 2), ("mass_msun", 0.8, 2), ("c_n", -0.5, 0.1),
            ("a_v", 0, 1), ("bp", 11, 12), ("rp", 10, 11), ("ks", 9, 10), ("numax_uhz", 5, 200),
            ("dnu_uhz", 1, 15), ("distance_pc", 100, 900), ("radius_rsun", 1, 10),
        )
    }  # fmt: skip
    table |= {f"seen_{name}": rng.uniform(0.5, 2.0, 400) for name in MEASURED}
    paired = rng.random(400) < 0.4
    return table | {
        "candidate": rng.random(400) < 0.1,
        "binary": paired,
        "companion_mass_msun": np.where(paired, 0.7, np.nan),
        "state": rng.choice(STATES, 400),
        "kind": rng.choice(["normal", "young_alpha_rich"], 400),
        "component": rng.choice(["thin", "thick", "halo", "metal_weak"], 400),
    }


@pytest.fixture
def examples():
    rng = np.random.default_rng(1)
    return {
        "hband_name": np.array(["a", "b"]),
        "hband_flux": rng.uniform(0.5, 1.0, (2, 300)),
        "hband_angstrom": np.linspace(15650, 16830, 300),
        "line_element": np.array(["Mg"]),
        "line_wavelength_angstrom": np.array([15753.0]),
        "xp_name": np.array(["a", "b", "c"]),
        "xp_flux": rng.uniform(1e-17, 2e-17, (3, 80)),
        "xp_nm": np.linspace(350, 1018, 80),
        "power_name": np.array(["first giant branch", "red clump"]),
        "power_ppm2_uhz": rng.exponential(1e3, (2, 500)),
        "freq_uhz": np.linspace(2, 270, 500),
        "numax_uhz": np.array([35.0, 38.0]),
        "mode_star": np.array([0, 0, 1]),
        "mode_degree": np.array([0, 1, 2]),
        "mode_freq_uhz": np.array([34.0, 36.0, 37.0]),
        "mode_zeta": np.array([0.0, 0.5, 0.0]),
        "light_time_day": np.arange(50.0),
        "light_ppm": rng.normal(size=50),
        "light_kic": np.array([100000001]),
    }


def test_every_figure_is_drawn_with_title_and_caption(stars, examples):
    drawn = sky.draw_all(stars, examples, NAMES)
    assert list(drawn) == NAMES
    for figure, title, caption in drawn.values():
        assert figure.axes and title and caption.endswith(".")


def test_names_of_lines_that_lie_close_do_not_meet(stars, examples):
    places = {"line_wavelength_angstrom": np.array([15746.2, 15770.0, 15745.0])}
    figure = sky.draw_all(
        stars, examples | places | {"line_element": np.array(["Fe", "Ti", "Mg"])}, ["hband"]
    )["hband"][0]
    side = {text.get_text(): text.get_ha() for text in figure.axes[0].texts}
    assert side == {"Mg": "right", "Fe": "left", "Ti": "center", "CO 4-1": "center"}


def test_oscillations_are_drawn_without_spectra_or_light_curves(stars, examples):
    examples = {n: v for n, v in examples.items() if not n.startswith(("power", "light", "mode"))}
    figure = sky.draw_all(stars, examples, ["seismology"])["seismology"][0]
    assert len(figure.axes) == 1
