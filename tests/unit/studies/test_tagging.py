"""Chemical tagging: the library, the methods on small worlds, their scores, their bad input."""

import numpy as np
import pytest

from starloom.studies.tagging import adversarial, contrastive, engines, library, polynomial, scores
from starloom.studies.tagging import model as methods
from starloom.studies.tagging import numbers as study_numbers
from starloom.studies.tagging.spectra import Spectra, binned, label_range, noisy, scaled
from starloom.training.fit import Settings, fit

N_PIX = 60
TRAINING = {
    "batch": 32,
    "epochs": 12,
    "restart_epochs": 12,
    "learning_rate": 3e-3,
    "final_learning_rate": 1e-4,
    "checkpoint_epochs": 4,
    "validate_epochs": 4,
}
NETWORK = {
    "noise": "fixed",
    "latent": 3,
    "encoder": [24, 16],
    "decoder": [16, 24],
    "rival": [16],
    "weight": 1e-4,
    "bins": 3,
    "steps": 1,
    "mask_input": False,
    "mask_fraction": 0.0,
    "start": "random",
    "training": TRAINING,
}
CHOICES = {
    "fader": NETWORK,
    "factor": {k: v for k, v in NETWORK.items() if k != "bins"} | {"noise": "fresh", "steps": 2},
    "contrastive": {
        "noise": "fresh",
        "components": 6,
        "degree": 3,
        "latent": 3,
        "encoder": [16],
        "decoder": [16],
        "reconstruction": 0.1,
        "independence": 1.0,
        "moments": 0.1,
        "least_change": 1e-3,
        "training": TRAINING,
    },
    "poly": {"noise": "fixed", "degree": 3, "components": 4},
}
NOISE = 0.002


def world(n_pair, seed):
    """Twins with three hidden abundances whose lines change with two parameters."""
    fixed, rng = np.random.default_rng(5), np.random.default_rng(seed)
    lines = 0.04 * fixed.normal(size=(3, N_PIX))
    smooth = 0.05 * fixed.normal(size=(5, N_PIX))
    hidden = np.repeat(rng.normal(size=(n_pair, 3)), 2, axis=0)
    teff, logg = rng.uniform(4000, 5000, 2 * n_pair), rng.uniform(1.5, 3.0, 2 * n_pair)
    a, b = (teff - 4500) / 500, (logg - 2.25) / 0.75
    terms = np.stack([a, b, a * a, a * b, np.sin(a)], axis=1)
    flux = 0.8 + terms @ smooth + (1 + 0.15 * a[:, None]) * (hidden @ lines)
    stars = {"teff": teff, "logg": logg, "pair": np.repeat(np.arange(n_pair), 2)}
    return flux.astype(np.float32), stars, hidden


@pytest.fixture(scope="module")
def trained():
    """Each method trained on the same small world, and its test pairs."""
    flux, stars, _ = world(250, 1)
    taggers = {}
    for method, choices in CHOICES.items():
        clean = choices["noise"] == "fresh"
        spectra = noisy(flux, np.inf if clean else 1 / NOISE, 1, [3])
        given = {"remove": ["teff", "logg"], "choices": choices, "noise": NOISE, "seed": 2}
        taggers[method] = methods.train(method, spectra, stars, **given)
    return taggers, world(100, 7)


def test_twins_share_their_abundances_and_nothing_else():
    stars = library.draw_pairs(400, "train", 9)
    assert set(library.LABELS) < set(stars)
    for name in library.LABELS:
        first, second = stars[name].reshape(-1, 2).T
        assert (first == second).all() == (name not in ("teff", "logg"))
    assert stars["teff"].min() >= 4000 and stars["teff"].max() <= 5000
    assert abs(stars["na_fe"].std() - 0.38) < 0.03
    assert abs(stars["fe_h"].mean() + 0.13) < 0.03
    longer = library.draw_pairs(401, "train", 9)
    assert all((longer[name][:800] == stars[name]).all() for name in stars)
    assert (library.draw_pairs(400, "test", 9)["teff"] != stars["teff"]).all()


def test_a_pair_with_nan_is_left_out_and_counted_and_too_few_stop():
    stars = library.draw_pairs(5, "test", 1)
    flux = np.ones((10, 4), np.float32)
    flux[3, 2] = np.nan
    whole, lost = library.whole_pairs(stars | {"flux": flux})
    assert lost == 1
    assert whole["pair"].tolist() == [0, 0, 2, 2, 3, 3, 4, 4]
    flux[:8] = np.nan
    with pytest.raises(ValueError, match="4 of 5 pairs have a value that is not finite"):
        library.whole_pairs(stars | {"flux": flux})


def test_bins_are_weighted_means_that_stay_inside_a_chip():
    flux = np.array([[1.0, 3.0, 5.0, 7.0, 9.0, np.nan, 2.0]])
    weight = np.array([[1.0, 3.0, 1.0, 1.0, 1.0, 0.0, 0.0]])
    mean, total = binned(flux, weight, 2, (5, 2))
    np.testing.assert_allclose(mean, [[2.5, 6.0, 1.0]])
    np.testing.assert_allclose(total, [[4.0, 2.0, 0.0]])
    with pytest.raises(ValueError, match="runs"):
        binned(flux, weight, 2, (5, 3))


def test_noise_is_that_of_pixels_averaged_in_a_bin():
    spectra = noisy(np.ones((400, 50), np.float32), 50, 4, [1])
    assert abs((spectra.flux - 1).std() - 0.01) < 2e-4
    np.testing.assert_allclose(spectra.sigma(), 0.01, rtol=1e-6)


def test_a_label_outside_the_scaled_range_is_flagged():
    known = {"teff": np.array([4000.0, 5000.0]), "logg": np.array([1.0, 3.0])}
    low, high = label_range(known, ("teff", "logg"))
    new = {"teff": np.array([4500.0, 5200.0, np.nan]), "logg": np.array([2.0, 2.0, 2.0])}
    u, outside = scaled(new, ("teff", "logg"), low, high)
    assert outside.tolist() == [False, True, True]
    np.testing.assert_allclose(u[0], 0)
    assert np.isfinite(u).all()
    with pytest.raises(ValueError, match="logg is the same"):
        label_range({"teff": [1.0, 2.0], "logg": [2.0, 2.0]}, ("teff", "logg"))


def test_the_polynomial_is_exact_for_a_polynomial():
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, (300, 2))
    flux = (1 + u[:, :1] ** 3 - 2 * u[:, 1:] * u[:, :1]) * np.array([1.0, -0.5])
    coefficients = polynomial.fit(flux, u, 3)
    np.testing.assert_allclose(polynomial.curve(coefficients, u, 3), flux, atol=1e-5)
    with pytest.raises(ValueError, match="10 terms"):
        polynomial.fit(flux[:12], u[:12], 3)


def test_components_are_those_of_a_full_decomposition():
    rng = np.random.default_rng(1)
    residual = rng.normal(size=(200, 8)) @ rng.normal(size=(8, 40))
    vectors, variance = polynomial.components(residual, 5, 0)
    _, size, right = np.linalg.svd(residual, full_matrices=False)
    np.testing.assert_allclose(variance, size[:5] ** 2 / 200, rtol=1e-4)
    np.testing.assert_allclose(np.abs((vectors * right[:5]).sum(axis=1)), 1, atol=1e-3)


@pytest.mark.parametrize("method", ["contrastive", "poly"])
def test_masked_pixels_hardly_move_a_latent(trained, method):
    tagger, (flux, stars, _) = trained[0][method][0], trained[1]
    spectra = noisy(flux, 1 / NOISE, 1, [4])
    u = tagger.u(stars)[0]
    whole = methods.encode(tagger, spectra, u)
    weight = spectra.weight.copy()
    weight[:, 10:16] = 0
    broken = spectra.flux.copy()
    broken[:, 10:16] = 50.0
    masked = methods.encode(tagger, Spectra(broken, weight), u)
    assert np.abs(masked - whole).mean() < 0.2 * whole.std()
    weight[0] = 0
    assert np.isnan(methods.encode(tagger, Spectra(broken, weight), u)[0]).all()


def test_a_network_with_a_mask_input_learns_to_do_without_pixels():
    flux, stars, _ = world(200, 1)
    choices = NETWORK | {"mask_input": True, "mask_fraction": 0.2}
    weight = np.full_like(flux, 1 / NOISE**2)
    weight[::3, 20:25] = 0
    given = {"remove": ["teff", "logg"], "choices": choices, "noise": NOISE, "seed": 2}
    broken = np.where(weight > 0, flux, 1.0).astype(np.float32)
    tagger, result = methods.train("fader", Spectra(broken, weight), stars, **given)
    assert np.isfinite(result.history["train_loss"]).all()
    u = tagger.u(stars)[0]
    z = methods.encode(tagger, Spectra(broken, weight), u)
    # What a missing pixel holds is not read.
    other = np.where(weight > 0, flux, -7.0).astype(np.float32)
    np.testing.assert_array_equal(methods.encode(tagger, Spectra(other, weight), u), z)


@pytest.mark.parametrize("method", CHOICES)
def test_twins_are_found_far_above_chance(trained, method):
    tagger, (flux, stars, _) = trained[0][method][0], trained[1]
    z = methods.encode(tagger, noisy(flux, 1 / NOISE, 1, [4]), tagger.u(stars)[0])
    short = method in ("fader", "factor")
    assert scores.recovery(z)[1]["few"] > (0.12 if short else 0.25)
    assert scores.distances(z, 0)[1]["auc"] > (0.55 if short else 0.8)


@pytest.mark.parametrize("method", CHOICES)
def test_a_stored_method_encodes_and_recasts_as_before(trained, method):
    tagger, (flux, stars, _) = trained[0][method][0], trained[1]
    again = methods.from_model(*methods.to_model(tagger, seed=2))
    spectra, (u, _) = noisy(flux, 1 / NOISE, 1, [4]), tagger.u(stars)
    np.testing.assert_array_equal(
        methods.encode(again, spectra, u), methods.encode(tagger, spectra, u)
    )
    back = methods.recast(again, spectra, u, u[scores.partners(len(u))])
    np.testing.assert_array_equal(
        back, methods.recast(tagger, spectra, u, u[scores.partners(len(u))])
    )
    with pytest.raises(ValueError, match="expected 'tagging'"):
        methods.from_model({}, {"kind": "other"})


def test_polydis_recast_to_its_own_parameters_is_the_spectrum_itself(trained):
    tagger, (flux, stars, _) = trained[0]["poly"][0], trained[1]
    spectra, (u, _) = noisy(flux, np.inf, 1, [4]), tagger.u(stars)
    np.testing.assert_allclose(methods.recast(tagger, spectra, u, u), flux, atol=1e-5)


def test_a_diverging_critic_stops_and_goes_on_from_its_checkpoint_at_another_rate(tmp_path):
    flux, stars, _ = world(60, 1)
    arch = adversarial.Architecture("factor", N_PIX, 2, 3, (8,), (8,), (8,), steps=1)
    loss, init, rival = adversarial.players(arch)
    low, high = label_range(stars, ("teff", "logg"))
    ready = {"x": 4 * flux - 3.5, "u": scaled(stars, ("teff", "logg"), low, high)[0]}
    wild = rival._replace(
        loss=lambda own, params, state, batch, key: (
            rival.loss(own, params, state, batch, key)
            + 1e6 * (abs(batch["u"]).mean() > 2) * own[0][1].sum()
        ),
        limit=2.0,
    )
    given = {"key": __import__("jax").random.key(0), "folder": tmp_path}

    def run(rival, rate, epochs):
        settings = Settings(
            batch=20, epochs=epochs, learning_rate=rate, final_learning_rate=rate,
            restart_epochs=4, checkpoint_epochs=1, weight_decay=0.0, keep="last",
        )  # fmt: skip
        return fit(loss, init, ready, ready, settings=settings, rival=rival, **given)

    patient = wild._replace(limit=1e3)
    run(patient, 1e-3, 3)
    with pytest.raises(FloatingPointError, match=r"critic diverged at epoch 4.*epoch-0000003"):
        run(patient._replace(limit=1e-9), 1e-3, 8)
    resumed = run(patient, 1e-4, 5)
    assert len(resumed.history["train_rival"]) == 5
    # Without a divergence other rates are another training.
    assert len(run(patient, 1e-5, 4).history["train_rival"]) == 4
    assert not (tmp_path / "diverged").exists()


def test_a_turn_needs_as_many_batches_as_the_rival_takes_steps():
    flux, stars, _ = world(40, 1)
    choices = CHOICES["factor"] | {"steps": 9}
    given = {"remove": ["teff", "logg"], "choices": choices, "noise": NOISE, "seed": 2}
    with pytest.raises(ValueError, match="fewer than the 9 steps of one turn"):
        methods.train("factor", noisy(flux, np.inf, 1, [3]), stars, **given)


def test_cells_hold_equally_many_stars():
    u = np.random.default_rng(0).uniform(-1, 1, (9000, 2)) ** 3
    cells = adversarial.cells(u, adversarial.edges(u, 3))
    counts = np.bincount(cells, minlength=9)
    assert len(counts) == 9
    assert np.abs(counts - 1000).max() < 150


def test_distance_correlation_is_zero_for_independent_and_one_for_equal_samples():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 800, 2)).astype(np.float32)
    assert abs(float(contrastive.distance_correlation(x, y))) < 0.01
    assert float(contrastive.distance_correlation(x, 3 * x + 1)) > 0.999
    circle = np.stack([np.sin(3 * x[:, 0]), np.cos(3 * x[:, 0])], axis=1)
    assert float(contrastive.distance_correlation(x, circle)) > 0.02


def test_whitened_differences_of_twins_have_unit_covariance():
    rng = np.random.default_rng(0)
    z = np.repeat(rng.normal(size=(500, 3)), 2, axis=0)
    z += rng.normal(size=z.shape) @ np.array([[2, 0, 0], [1, 0.1, 0], [0, 0, 1.0]])
    white = z @ scores.whitening(z)
    difference = white[::2] - white[1::2]
    np.testing.assert_allclose(difference.T @ difference / 500, np.eye(3), atol=1e-6)


def test_linear_abundances_recover_a_linear_latent():
    rng = np.random.default_rng(0)
    stars = {name: rng.normal(size=50) for name in library.LABELS}
    truth = np.stack([stars[library.label(e)] for e in library.ABUNDANCES], axis=1)
    z = truth @ rng.normal(size=(18, 20)) + 3
    np.testing.assert_allclose(scores.linear_abundances(z, stars, z), truth, atol=1e-6)


def test_recast_residuals_count_pairs_that_are_far_apart():
    flux = np.ones((4, 3))
    flux[2:] = 1.1
    found = scores.residuals(flux, np.ones((4, 3)), np.array([4000.0, 4100.0, 4000.0, 4600.0]))
    assert found["mse"] == pytest.approx(0.005)
    assert found["residual_500k"] == pytest.approx(0.1)


def test_engines_see_abundances_over_hydrogen_and_name_what_is_outside():
    abundance = np.zeros((2, 18))
    abundance[:, 0] = -0.5
    abundance[1, list(library.ABUNDANCES).index("Mg")] = 0.3

    def from_dex(teff, logg, x_h):
        return np.stack([x_h[:, 0], x_h[:, 1], teff], axis=1)

    engine = engines.embedded(from_dex, ("C", "Mg"), np.array([0, 1]))
    found = engine(np.full(2, 4500.0), np.full(2, 2.0), abundance)
    np.testing.assert_allclose(found, [[-0.5, -0.5], [-0.5, -0.2]], atol=1e-6)

    rng = np.random.default_rng(0)
    arrays = {f"w_array_{k}": rng.normal(size=s) for k, s in enumerate([(4, 25), (4, 4), (7, 4)])}
    arrays |= {f"b_array_{k}": rng.normal(size=n) for k, n in enumerate((4, 4, 7))}
    arrays |= {"x_min": np.full(25, -3.0), "x_max": np.full(25, 6000.0)}
    flux = engines.payne(arrays)(np.full(2, 4500.0), np.full(2, 2.0), abundance)
    labels = np.full(25, -0.5)
    labels[:3], labels[23:] = (4500, 2.0, 1.5), (15.0, 4.0)
    x = (labels + 3) / 6003 - 0.5
    for k in range(3):
        x = arrays[f"w_array_{k}"] @ x + arrays[f"b_array_{k}"]
        x = np.maximum(x, 0.01 * x) if k < 2 else x
    np.testing.assert_allclose(flux[0], x, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="star 0: teff = 7000 is outside"):
        engines.payne(arrays)(np.full(2, 7000.0), np.full(2, 2.0), abundance)
    with pytest.raises(ValueError, match="lacks b_array_2"):
        engines.payne({k: v for k, v in arrays.items() if k != "b_array_2"})


def test_a_grid_gives_the_spectra_of_its_own_stars_only(tmp_path):
    import zarr

    stars = library.draw_pairs(4, "train", 3)
    labels = np.stack([stars[name] for name in library.LABELS], axis=1)
    group = zarr.create_group(tmp_path / "grid.zarr")
    group.create_array("labels", data=labels[::-1])
    group["labels"].attrs["names"] = ["teff", "logg", *library.ABUNDANCES]
    group.create_array("flux", data=np.arange(16.0)[::-1].reshape(8, 2).astype(np.float32))
    engine = engines.grid(*engines.read_grid(tmp_path / "grid.zarr"))
    parts = list(library.synthesise(stars, engine, chunk=3))
    flux = np.concatenate([part["flux"] for part in parts])
    np.testing.assert_array_equal(flux, np.arange(16.0).reshape(8, 2)[:, ::-1])
    stars["teff"] = stars["teff"] + 5
    with pytest.raises(ValueError, match="8 stars have no spectrum in the grid"):
        list(library.synthesise(stars, engine))
    del group["flux"]
    with pytest.raises(ValueError, match="lacks flux"):
        engines.read_grid(tmp_path / "grid.zarr")


def test_numbers_have_the_seeds_spread_and_ours_beside_theirs():
    def scores_of(found):
        one = {"found": found, "found_error": 0.01, "few": 0.9, "white_found": 0.9,
               "overlap": 0.1, "auc": 0.99}  # fmt: skip
        return {
            "snrinf": [one, one | {"found": found + 0.1}],
            "recast": [{"mse": 1e-5, "residual": 2e-3}] * 2,
            "independence": {"distance_correlation": 0.01, "r2_teff": 0.2},
            "rmse": {"linear": {"Fe": 0.1}},
            "n": 100,
        }

    variants = {
        "fader_feh": {"method": "fader", "remove": ["teff", "logg", "fe_h"], "seeds": 2},
        "contrastive_feh": {"method": "contrastive", "remove": ["teff"], "seeds": 2},
    }
    clusters = {"auc": {"value": 0.7, "unit": "1", "definition": "of siblings", "n": 9}}
    found = study_numbers.numbers(
        {"fader_feh": scores_of(0.5), "contrastive_feh": scores_of(0.8)},
        variants,
        CHOICES,
        {"train_pairs": 10, "bin": 4},
        clusters,
    )
    by_id = {number.id: number for number in found}
    assert by_id["tagging.fader_feh_snrinf"].value == pytest.approx(0.55)
    assert by_id["tagging.fader_feh_snrinf"].error == pytest.approx(0.1 / 2**0.5)
    assert "12 epochs from a random start" in by_id["tagging.fader_feh_snrinf"].definition
    assert by_id["tagging.contrastive_gain_snrinf"].value == pytest.approx(0.3)
    assert by_id["tagging.fader_mse"].unit == "flux^2"
    assert by_id["tagging.cluster_auc"].value == 0.7


def test_a_linear_start_finds_twins_before_any_training():
    flux, stars, _ = world(250, 1)
    choices = NETWORK | {"start": "linear", "training": TRAINING | {"epochs": 1}}
    choices["training"] |= {"learning_rate": 1e-7, "final_learning_rate": 1e-8}
    given = {"remove": ["teff", "logg"], "choices": choices, "noise": NOISE, "seed": 2}
    tagger, _ = methods.train("fader", noisy(flux, 1 / NOISE, 1, [3]), stars, **given)
    test, known, _ = world(100, 7)
    spectra, (u, _) = noisy(test, 1 / NOISE, 1, [4]), tagger.u(known)
    assert scores.recovery(methods.encode(tagger, spectra, u))[1]["few"] > 0.5
    assert np.abs(methods.recast(tagger, spectra, u, u) - test).mean() < 0.02
    with pytest.raises(ValueError, match="5 neurons cannot carry 3 linear outputs"):
        narrow = choices | {"encoder": [24, 5]}
        methods.train("fader", spectra, known, **given | {"choices": narrow})
