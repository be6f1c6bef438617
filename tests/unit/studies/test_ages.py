"""The study of ages on samples whose answer is known, and on what cannot be used."""

import numpy as np
import pytest

from starloom.columns import AGE_FLAGS, POWER_FLAGS, SPECTRUM_FLAGS
from starloom.prepare.psd import Grid
from starloom.studies import ages
from starloom.studies.ages import check
from starloom.studies.ages.forests import from_model, to_model
from starloom.studies.ages.model import weights
from starloom.studies.ages.numbers import null_numbers, numbers
from starloom.studies.ages.orbits import CIRCULAR_KMS, SUN_KMS, orbits
from starloom.studies.ages.scores import alpha_scores, beside_astronn, truth_scores, unseen_scores
from starloom.studies.ages.scores import test_scores as scores_of
from starloom.training.fit import Settings

GRID = Grid(low_uhz=10.0, high_uhz=40.0, step_uhz=0.5, bins=24)
SMALL = {"n_input": 62, "n_output": 24, "filters": (2, 3), "hidden": 6, "latent": 2}
SMALL |= {"channels": 3, "decoder_taps": 8, "broad_bins": 4, "kl_weight": 0.1}
STEP = {"batch": 16, "epochs": 15, "restart_epochs": 15, "learning_rate": 0.01}


def _seismic(kic):
    n = len(kic)
    table = {"kic": np.asarray(kic), "numax": np.full(n, 50.0), "numax_err": np.full(n, 1.0)}
    table |= {"dnu": np.full(n, 5.0), "dnu_err": np.full(n, 0.1), "log_age": np.full(n, 0.5)}
    return table | {"state": np.ones(n, np.int8), "log_age_err": np.full(n, 0.1)}


def test_each_star_is_paired_once_and_each_reason_is_counted(capsys):
    spectra = {
        "source_id": np.array([1, 2, 2, 3, 4, 5, 6, 0]),
        "snr": np.array([9.0, 50.0, 80.0, 9.0, 9.0, 9.0, 9.0, 9.0]),
        "spectrum_flag": np.array([0, 0, 0, 1, 0, 0, 0, 0]),
    }
    power = {
        "kic": np.array([12, 12, 11, 13, 14, 15]),
        "power_flag": np.array([POWER_FLAGS["constant"].mask, 0, 0, 0, 0, 0]),
    }
    power["power_flag"][4] = POWER_FLAGS["single_quarter"].mask
    seismic = _seismic([11, 12, 13, 14, 15])
    seismic["numax"][4] = np.nan
    stars = {"source_id": np.arange(1, 7), "kic": np.array([11, 12, 13, 14, 15, -1])}
    pairs, counts = ages.pair(spectra, power, seismic, stars)
    assert pairs["source_id"].tolist() == [1, 2] and pairs["kic"].tolist() == [11, 12]
    assert pairs["spectrum"].tolist() == [0, 2] and pairs["power"].tolist() == [2, 1]
    assert counts[0]["repeated_spectra"] == 1 and counts[0]["repeated_power"] == 1
    removed = {count["name"]: count["removed"] for count in counts}
    assert removed == {"all": 0, "kepler": 1, "spectrum": 1, "power": 1, "numax": 1} | {
        "numax_error": 0,
        "state": 0,
    }
    assert "repetitions of a star" in capsys.readouterr().out


def test_no_pair_at_all_is_refused_with_the_cut_that_took_the_last():
    spectra = {"source_id": np.array([1]), "snr": np.ones(1), "spectrum_flag": np.zeros(1, int)}
    power = {"kic": np.array([11]), "power_flag": np.zeros(1, int)}
    seismic = _seismic([11])
    seismic["state"][:] = 0
    stars = {"source_id": np.array([1]), "kic": np.array([11])}
    with pytest.raises(ValueError, match="cut state"):
        ages.pair(spectra, power, seismic, stars)


def test_pairs_without_one_of_the_sets_are_refused_with_their_counts():
    ages.require_each_set(np.array([0, 0, 1, 2], np.int8))
    with pytest.raises(ValueError, match="'train': 2, 'validation': 0, 'test': 1"):
        ages.require_each_set(np.array([0, 2, 0], np.int8))


def test_weights_are_twice_as_high_at_numax_and_nothing_in_the_empty_bin():
    found = weights(np.array([20.0]), GRID)[0]
    assert found[0] == 0 and found.max() == pytest.approx(2.0, abs=0.02)
    far = GRID.centres_uhz[1:] - 20.0
    expected = 1 + np.exp(-(far**2) / (2 * (2 * 0.268 * 20.0**0.758) ** 2))
    np.testing.assert_allclose(found[1:], expected, rtol=1e-5)


def _pairs(n_star, seed):
    """A bump of power whose place one pattern in the spectrum tells."""
    random = np.random.default_rng(seed)
    numax = np.exp(random.uniform(np.log(14), np.log(30), n_star))
    pattern = np.sin(np.arange(62) / 3)
    flux = 1 + 0.05 * np.log(numax / 20)[:, None] * pattern
    flux = flux + 0.003 * random.normal(size=flux.shape)
    bump = 1.5 * np.exp(-0.5 * ((GRID.centres_uhz - numax[:, None]) / 3) ** 2)
    ratio = bump + 0.3 * random.normal(size=bump.shape)
    ratio[:, 0] = np.nan
    return {"flux": flux.astype(np.float32), "log_ratio": ratio.astype(np.float32), "numax": numax}


@pytest.fixture(scope="module")
def trained():
    parts = [_pairs(300, 0), _pairs(60, 1)]
    choices = {"members": 2, "seed": 3, "architecture": ages.Architecture(**SMALL, components=8)}
    model, fits = ages.train(parts, GRID, settings=[Settings(**STEP)] * 2, **choices)
    return ages.with_check(model, parts[1]), fits, parts


def test_the_second_step_starts_where_the_first_ended_and_the_latent_tells_numax(trained):
    model, fits, parts = trained
    first = fits[1].history["validation_loss"][0].mean()
    level = np.nan_to_num(parts[0]["log_ratio"]).mean(axis=0)
    weight = weights(parts[1]["numax"], GRID)
    nothing = (weight * (np.nan_to_num(parts[1]["log_ratio"]) - level) ** 2).sum(axis=1).mean()
    assert first < 0.8 * nothing
    new = _pairs(200, 5)
    latent = ages.encode(model, new["flux"])["latent_mean"]
    assert latent.shape == (200, 2, 2)
    for member in range(2):
        terms = np.column_stack([np.ones(200), latent[:, member], latent[:, member] ** 2])
        fitted = terms @ np.linalg.lstsq(terms, np.log(new["numax"]), rcond=None)[0]
        assert np.std(fitted - np.log(new["numax"])) < 0.5 * np.std(np.log(new["numax"]))


def test_a_model_survives_as_arrays_and_card(trained):
    model = trained[0]
    arrays, card = ages.to_model(model, seed=1)
    again = ages.from_model(arrays, card)
    flux = _pairs(5, 6)["flux"]
    for name, values in ages.encode(model, flux).items():
        np.testing.assert_array_equal(values, ages.encode(again, flux)[name])
    np.testing.assert_array_equal(ages.reconstruct(model, flux), ages.reconstruct(again, flux))
    with pytest.raises(ValueError, match="kind 'other'"):
        ages.from_model(arrays, card | {"kind": "other"})


def test_the_jacobian_is_the_change_of_the_latent_with_the_flux(trained):
    model = trained[0]
    flux = _pairs(2, 7)["flux"]
    slope = ages.jacobian(model, flux)
    assert slope.shape == (2, 2, 62)
    step = 2e-5 * np.random.default_rng(0).normal(size=flux.shape).astype(np.float32)
    ends = [ages.encode(model, flux + sign * step)["latent_mean"][:, 0] for sign in (1, -1)]
    expected = 0.5 * (ends[0] - ends[1])
    found = np.einsum("nlp,np->nl", slope, step)
    np.testing.assert_allclose(found, expected, atol=0.1 * np.abs(expected).max() + 1e-5)


def test_a_light_curve_of_another_star_disagrees(trained):
    model = trained[0]
    new = _pairs(100, 8)
    predicted = ages.reconstruct(model, new["flux"])
    order = np.argsort(new["numax"])
    wrong = new["log_ratio"][order[::-1]][np.argsort(order)]
    scores = [
        ages.disagreement(check.residual(seen, predicted), model.spread)
        for seen in (new["log_ratio"], wrong)
    ]
    assert np.median(scores[0]) == pytest.approx(1.0, abs=0.3)
    assert np.median(scores[1]) > 1.3 * np.median(scores[0])


def _forest_stars(n_star=400, seed=0):
    random = np.random.default_rng(seed)
    latent = random.normal(size=(n_star, 1, 2))
    teff, fe_h = 4800 + 150 * random.normal(size=n_star), 0.2 * random.normal(size=n_star)
    log_age = 0.5 + 0.2 * latent[:, 0, 0] + 0.15 * (teff - 4800) / 150 + 0.3 * fe_h
    stars = {
        "latent_mean": np.repeat(latent, 2, axis=1),
        "latent_sigma": np.full((n_star, 2, 2), 0.1),
        "components": random.normal(size=(n_star, 3)),
        "log_age": log_age + 0.05 * random.normal(size=n_star),
        "log_age_err": np.full(n_star, 0.05),
        "log_age_apokasc2": log_age,
        "numax": np.exp(4 + 0.5 * latent[:, 0, 1]),
        "dnu": 0.263 * np.exp(4 + 0.5 * latent[:, 0, 1]) ** 0.772,
        "state": 1 + (latent[:, 0, 1] > 0).astype(np.int8),
        "split": np.repeat([0, 1, 2], [n_star // 2, n_star // 4, n_star - 3 * (n_star // 4)]),
        "teff": teff,
        "fe_h": fe_h,
    }
    for name in ("logg", "alpha_m", "c_fe", "n_fe"):
        stars[name] = random.normal(size=n_star)
    return stars | {
        f"{name}_err": np.full(n_star, 0.01)
        for name in ("teff", "logg", "fe_h", "alpha_m", "c_fe", "n_fe")
    }


def test_forests_use_what_they_are_given_and_their_errors_are_calibrated():
    stars = _forest_stars()
    forests = ages.grow_all(stars, seed=0, trees=40, leaf=3, lead=True)
    found = stars | ages.predict_all(forests, stars)
    scores = scores_of(found, 0)
    assert scores["scatter_rgb_fiducial"]["value"] < 0.8 * scores["scatter_rgb_z_only"]["value"]
    assert scores["pull_width"]["value"] == pytest.approx(1.0, abs=0.2)
    assert scores["rgb_missed"]["value"] < 20
    assert scores["gain_rgb"]["value"] > 30
    again = from_model(to_model(forests))
    for name, values in ages.predict_all(again, stars).items():
        np.testing.assert_array_equal(values, found[name])
    published = numbers(scores)
    assert {"ages.scatter_rgb", "ages.scatter_rc_z_only", "ages.pull_width"} <= {
        number.id for number in published
    }
    truth = {"age_of_mass_gyr": 10 ** stars["log_age_apokasc2"]}
    truth |= {"numax_uhz": stars["numax"], "dnu_uhz": stars["dnu"]}
    difference = found["age_fiducial"] - stars["log_age_apokasc2"]
    pull = (difference / found["age_fiducial_err"])[stars["split"] == 2]
    low, high = np.percentile(pull, [15.865, 84.135])
    known = truth_scores(found, truth, 0)["true_pull_width"]["value"]
    assert known == pytest.approx((high - low) / 2, rel=1e-3)


def test_a_latent_that_knows_alpha_beyond_seismology_is_found_out():
    random = np.random.default_rng(3)
    stars = _forest_stars()
    log_numax = np.log(stars["numax"])
    own = 0.05 * random.normal(size=len(log_numax))
    stars["alpha_m"] = 0.1 * (log_numax - 4) + own
    truth = {"numax_uhz": stars["numax"], "dnu_uhz": stars["dnu"], "fe_h": stars["fe_h"]}
    truth |= {"state": np.full(len(own), "rgb"), "alpha_m": stars["alpha_m"]}
    noise = 0.02 * random.normal(size=len(own))
    forest = {"seed": 0, "trees": 100, "leaf": 5, "lead": True}
    blind = stars | {"predicted_alpha_m": 0.1 * (log_numax - 4) + noise}
    honest = alpha_scores(blind, truth, **forest)
    leaky = alpha_scores(stars | {"predicted_alpha_m": stars["alpha_m"] + noise}, truth, **forest)
    assert abs(honest["alpha_partial"]["value"]) < 4 * honest["alpha_partial"]["error"]
    assert leaky["alpha_partial"]["value"] > 0.8
    assert honest["alpha_scatter_seismology"]["value"] == pytest.approx(0.05, rel=0.25)
    assert alpha_scores(stars, truth, **forest) == {}
    other = alpha_scores(blind, truth, **forest | {"seed": 1})["alpha_partial"]
    assert other["value"] == honest["alpha_partial"]["value"]
    assert other["error"] != honest["alpha_partial"]["error"]


def test_every_row_of_allstar_is_in_the_catalogue_and_says_what_it_lacks():
    stars = _forest_stars()
    forests = ages.grow_all(stars, seed=0, trees=10, leaf=3, lead=False)
    n = 6
    allstar = {
        "APOGEE_ID": np.array([f"2M{i}" for i in range(n)]),
        "TELESCOPE": np.full(n, "apo25m"),
        "FIELD": np.full(n, "F"),
        "STARFLAG": np.array([0, 0, 0, 0, 0, 1]),
        "ASPCAPFLAG": np.zeros(n, int),
        "SNREV": np.array([100.0, 100, 10, 100, 100, 100]),
        "GAIAEDR3_SOURCE_ID": np.arange(n) + 2**60,
    }
    for name, value in (("TEFF", 4800.0), ("LOGG", 3.0), ("FE_H", 0.0), ("ALPHA_M", 0.1)):
        allstar[name] = np.full(n, value)
        allstar[f"{name}_ERR"] = np.full(n, 0.01)
    for name in ("C_FE", "N_FE"):
        allstar[name], allstar[f"{name}_ERR"] = np.zeros(n), np.full(n, 0.01)
    allstar["LOGG"][3] = 2.0
    allstar["TEFF"][4] = -9999.0
    latents = {
        "allstar_row": np.array([5, 0, 2, 3, 4, 1]),
        "spectrum_flag": np.array([0, 0, 0, 0, 0, SPECTRUM_FLAGS["missing"].mask]),
        "latent_mean": np.zeros((6, 2, 2)),
        "latent_sigma": np.full((6, 2, 2), 0.1),
    }
    latents["latent_mean"][1] = 9.0
    reach = np.array([np.full((2, 2), -3.0), np.full((2, 2), 3.0)])
    found = ages.catalog(allstar, latents, forests, reach)
    assert all(len(values) == n for values in found.values())
    names = [
        {name for name, bit in AGE_FLAGS.items() if flag & bit.mask} - {"large_error"}
        for flag in found["age_flag"]
    ]
    assert names == [
        {"out_of_range"}, {"no_spectrum"}, {"outside_latent"}, {"outside_age"}, {"no_labels"},
        {"survey_flags"},
    ]  # fmt: skip
    assert np.isfinite(found["Age"]).tolist() == [True, False, False, False, False, True]
    assert np.isfinite(found["z0"]).tolist() == [True, False, False, True, True, True]
    np.testing.assert_allclose(found["Age"][5], 10 ** found["LogAge"][5], rtol=1e-6)
    flat = latents | {name: latents[name].reshape(6, 4) for name in ("latent_mean", "latent_sigma")}
    parts = (slice(0, 3), slice(3, 6))
    batches = [{name: values[part] for name, values in flat.items()} for part in parts]
    each = ages.ages_of_each(allstar, batches, to_model(forests) | {"reach": reach})
    np.testing.assert_array_equal(each["fiducial"], found["LogAge"])
    assert np.isfinite(each["z_only"]).tolist() == [True, False, False, False, True, True]
    assert "spectrum" not in each


def test_a_star_towards_the_centre_is_nearer_to_it():
    stars = _resting([1, 2, 3], parallax=[0.5, 0.5, 1.0], parallax_error=[0.01, 0.2, 0.01])
    found = orbits(np.array([3, 1, 2, 7]), stars, np.zeros(4))
    np.testing.assert_allclose(found["radius_kpc"][:2], [8.23, 6.23], atol=0.01)
    np.testing.assert_allclose(found["height_kpc"][:2], [1.02, 0.02], atol=0.01)
    assert np.isnan(found["radius_kpc"][2:]).all()


def test_a_star_that_moves_with_the_sun_has_its_angular_momentum_and_a_nearly_circular_orbit():
    stars = _resting([1], parallax=[50.0], parallax_error=[0.01])
    found = orbits(np.array([1, 1]), stars, np.array([0.0, np.nan]))
    np.testing.assert_allclose(found["lz"][0], 8.21 * SUN_KMS[1], rtol=1e-3)
    # The rotation curve is nearly flat here: Rg = lz / v_c.
    np.testing.assert_allclose(found["guiding_radius"][0], 8.21 * 249.44 / CIRCULAR_KMS, rtol=0.01)
    assert 0.03 < found["eccentricity"][0] < 0.1 and 0.02 < found["zmax"][0] < 0.3
    assert np.isfinite(found["radius_kpc"][1]) and np.isnan(found["lz"][1])


def test_without_parallaxes_nothing_is_known_of_orbits():
    found = orbits(np.array([1]), {"source_id": np.array([1])}, np.zeros(1))
    assert all(np.isnan(values).all() for values in found.values())


def _resting(source_id, **columns):
    """Stars towards the centre, the anticentre and the pole that move as the Sun."""
    n = len(source_id)
    stars = {"ra": [266.405, 86.405, 192.859][:n], "dec": [-28.936, 28.936, 27.128][:n]}
    stars |= {"source_id": source_id, "pmra": [0.0] * n, "pmdec": [0.0] * n} | columns
    return {name: np.array(values) for name, values in stars.items()}


def test_ages_beside_astronn_are_those_of_the_map_sample():
    age = np.full(8, 4.0)
    catalog = {"Age": age, "Age_Error": np.array([1.0] * 7 + [3.0])}
    catalog["age_flag"] = np.zeros(8, int)
    other = age / (1 + 0.1 * np.array([-1, 1, -1, 1, -1, 1, np.nan, 9]))
    found = beside_astronn(catalog, {"age": other, "age_corrected": np.full(8, np.nan)}, 0)
    score = found["vs_astronn_scatter"]
    assert set(found) == {"vs_astronn_scatter"} and score["n"] == 6
    np.testing.assert_allclose(score["value"], 10.0)


def test_numbers_of_null_worlds_say_which_world_they_are_of():
    score = {"value": 0.1, "error": 0.2, "n": 30}
    scores = {"excess_correlation": score, "gain_rgb": score, "numax_scatter": score}
    found = {number.id: number for number in null_numbers({"permuted": scores})}
    assert set(found) == {"ages.null_permuted_excess_correlation", "ages.null_permuted_gain_rgb"}
    number = found["ages.null_permuted_gain_rgb"]
    assert "changed hands" in number.definition and number.n == 30


def test_the_catalogue_is_held_against_the_truth_where_no_training_saw_its_stars():
    random, n = np.random.default_rng(0), 4000
    true, error = random.uniform(0, 1, n), random.uniform(0.05, 0.2, n)
    drawn, ids = error * random.normal(size=n), np.arange(1, n + 1)
    value = true + 1.2 * drawn
    value[:2] += 50.0
    value[-1] = np.nan
    catalog = {"source_id": ids, "LogAge": value, "LogAge_Error": error, "Age": 10**value}
    ages = {"fiducial": value, "surface": true + 2.4 * drawn}
    ages["surface"][5] = np.nan
    stars = {"source_id": ids, "age_of_mass_gyr": 10**true}
    stars["mass_gain"] = np.where(ids <= 1000, 1.4, 1.0)
    stars["state"] = np.array(["rgb", "red_clump", "secondary_clump", "agb"])[ids % 4]
    predicted = {"source_id": ids[:3], "split": np.array([0, 1, 2])}
    found = unseen_scores(catalog, ages, predicted, stars, 0)
    assert found["unseen_pull_width"]["n"] == 3997
    assert found["unseen_pull_width"]["value"] == pytest.approx(1.2, abs=0.06)
    spread = np.std((value - true)[2:-1])
    assert found["unseen_scatter"]["value"] == pytest.approx(spread, rel=0.2)
    young = found["gained_mass_young"]
    assert young["n"] == 998
    assert young["value"] == pytest.approx(100 * np.mean(10 ** value[2:1000] < 6))
    assert found["unseen_gain_rgb"]["value"] == pytest.approx(50, abs=1e-9)
    assert found["unseen_rc_surface"]["n"] == found["unseen_rc_fiducial"]["n"] == 2 * 1000 - 3
    clump = np.isin(ids % 4, (1, 2)) & (ids > 2) & (ids != 6)
    some = clump & (true > np.log10(2)) & (true < np.log10(6))
    assert found["unseen_rc_middle"]["n"] == some.sum()
    low, high = np.percentile(100 * (10 ** (value - true)[some] - 1), [15.865, 84.135])
    assert found["unseen_rc_middle"]["value"] == pytest.approx((high - low) / 2, rel=0.01)
    alone = unseen_scores(catalog, ages, predicted, stars | {"mass_gain": np.ones(n)}, 0)
    assert set(found) - set(alone) == {"gained_mass_young"}
