import numpy as np
import pytest

from starloom.sky import evaluation, examples
from starloom.sky.population import draw
from starloom.sky.seismic_relations import mean_density_dnu_uhz

N_STAR = 6000


@pytest.fixture(scope="module")
def stars():
    """A sky whose surveys err as they say, but whose [Fe/H] errors are half as large as that."""
    truth = draw(3, np.arange(N_STAR), {"candidate_fraction": 0.1, "kepler_fraction": 0.6})
    truth = {name: values[np.argsort(truth["source_id"])] for name, values in truth.items()}
    rng = np.random.default_rng(0)
    kepler = truth["kic"] > 0
    own = {"source_id": truth["source_id"][kepler]}
    own["numax_uhz"] = 3090 * truth["mass_msun"] / truth["radius_rsun"] ** 2
    own["numax_uhz"] = (own["numax_uhz"] / np.sqrt(truth["teff"] / 5777))[kepler]
    own["dnu_uhz"] = 0.95 * mean_density_dnu_uhz(truth["mass_msun"], truth["radius_rsun"])[kepler]
    light = {name: np.full(N_STAR, 12.0) for name in ("g", "h", "bp", "rp", "ks")}
    seen = {
        "source_id": truth["source_id"],
        "phot_g_mean_mag": np.full(N_STAR, 13.0),
        "nu_eff_used_in_astrometry": np.full(N_STAR, np.nan),
        "pseudocolour": np.full(N_STAR, np.nan),
        "ecl_lat": np.zeros(N_STAR),
        "astrometric_params_solved": np.full(N_STAR, 31.0),
        "parallax": 1e3 / truth["distance_pc"],
        "parallax_error": np.full(N_STAR, 0.02),
    }
    for name, error, claimed in (("teff", 40.0, 40.0), ("fe_h", 0.04, 0.02)):
        seen[name] = truth[name] + error * rng.normal(size=N_STAR)
        seen[f"{name}_err"] = np.full(N_STAR, claimed)
    light |= {"source_id": truth["source_id"]}
    # in another order, and some stars were not seen
    order = rng.permutation(N_STAR)[: N_STAR - 500]
    seen = {name: values[order] for name, values in seen.items()}
    return evaluation.side_by_side(truth, light, own, seen)


@pytest.fixture(scope="module")
def found(stars):
    return {number.id: number for number in evaluation.numbers(stars)}


def test_rows_keep_their_star_and_the_unseen_are_nan(stars):
    assert np.nanmax(np.abs(stars["seen_teff"] - stars["teff"])) < 250.0
    assert np.isnan(stars["seen_teff"]).sum() == 500
    np.testing.assert_array_equal(np.isfinite(stars["numax_uhz"]), stars["kic"] > 0)


def test_pulls_tell_right_errors_from_wrong_ones(found):
    assert found["sky.teff_pull"].value == pytest.approx(1.0, abs=0.05)
    assert found["sky.fe_h_pull"].value == pytest.approx(2.0, abs=0.1)
    # without a colour there is no zero point, and so no parallax to judge
    assert "sky.parallax_pull" not in found


def test_shares_and_relations_are_those_the_sky_was_made_with(found):
    assert found["sky.thin_share"].value == pytest.approx(70.0, abs=2.0)
    assert found["sky.binary_share"].value == pytest.approx(35.0, abs=2.0)
    assert found["sky.numax_scatter"].value < 0.5
    for name in ("rgb", "clump"):
        assert found[f"sky.dnu_offset_{name}"].value == pytest.approx(-5.0, abs=1e-3)
    assert found["sky.c_n_slope"].value < -0.3
    assert 3.0 < found["sky.alpha_separation"].value < 6.0


def test_too_few_stars_give_no_number(stars):
    few = {name: values[:30] for name, values in stars.items()}
    ids = {number.id for number in evaluation.numbers(few)}
    assert "sky.thin_share" in ids and "sky.cemp_share" not in ids


def test_the_relation_of_colours_gives_the_sun_its_temperature():
    # Casagrande & VandenBerg (2018): BP - RP of the Sun 0.82; the relation scatters by 60 K
    assert evaluation.colour_teff(0.82, 0.0, "dwarfs") == pytest.approx(5772.0, abs=100.0)


def test_examples_are_of_their_kind(stars):
    chosen = examples.xp_types(stars)
    row = {name: np.flatnonzero(stars["source_id"] == one)[0] for name, one in chosen.items()}
    assert stars["kind"][row["carbon star"]] == "carbon_star"
    assert abs(stars["teff"][row["solar dwarf"]] - 5800) < 300
    assert stars["fe_h"][row["metal-poor giant"]] < -1.3
    giants = examples.giants(stars, stars["source_id"][::2])
    assert set(giants.values()) <= set(stars["source_id"][::2].tolist())


def test_two_oscillators_of_like_numax_are_found_and_none_among_dwarfs(stars):
    pair = examples.oscillators(stars)
    rows = [np.flatnonzero(stars["source_id"] == one)[0] for one in pair.values()]
    assert [str(stars["state"][row]) for row in rows] == ["rgb", "red_clump"]
    assert abs(np.log(np.divide(*stars["numax_uhz"][rows]))) < 0.3
    dwarfs = {name: values[stars["state"] == "dwarf"] for name, values in stars.items()}
    assert examples.oscillators(dwarfs) == {}


def test_strong_lines_have_their_names():
    lines = examples.named_lines(((16700.0, 16830.0),))
    found = dict(zip(lines["wavelength_angstrom"].round(0), lines["element"], strict=True))
    # Shetrone et al. (2015): aluminium at 16723.5, 16755.1 and 16767.9 (vacuum)
    assert [found[place] for place in (16724.0, 16755.0, 16768.0)] == ["Al"] * 3
