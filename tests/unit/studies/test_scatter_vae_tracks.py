"""Tracks through label space, labels read off the latent, and errors in wavelength."""

import jax
import numpy as np
import pytest

from starloom.prepare.split import FRACTIONS, assign
from starloom.studies.scatter_vae import encode, errors, findings, labels, sample, tracks
from starloom.training import scatter_vae as vae


def _stars(n=4000, seed=0):
    """Dwarfs and giants on the tracks' own relations, some of low metallicity."""
    rng = np.random.default_rng(seed)
    dwarf = rng.random(n) < 0.4
    logg = np.where(dwarf, 0.0, rng.uniform(0.5, 3.4, n))
    teff = np.where(dwarf, rng.uniform(3800, 6800, n), tracks.giant_branch(logg))
    logg = np.where(dwarf, tracks.main_sequence(teff), logg)
    m_h = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(-1.5, 0.4, n))
    return {
        "source_id": np.arange(n), "teff": teff, "logg": logg, "m_h": m_h, "fe_h": m_h,
        "alpha_m": rng.uniform(-0.05, 0.3, n), "mg_fe": rng.uniform(-0.05, 0.3, n),
        "in_good": np.ones(n, bool), "in_pristine": ~dwarf,
        "split": rng.choice(3, n, p=[0.8, 0.1, 0.1]),
    }  # fmt: skip


@pytest.fixture(scope="module")
def model():
    """An untrained network of the paper's number of inputs."""
    architecture = vae.Architecture(widths=(12, 8), latent=3)
    shapes = jax.eval_shape(lambda: vae.init(jax.random.key(0), architecture))
    rng = np.random.default_rng(0)
    params, stats = jax.tree.map(
        lambda leaf: rng.uniform(0.1, 0.5, leaf.shape).astype(np.float32), shapes
    )
    return vae.Model(architecture, params, stats, np.full(110, 0.5), np.full(110, 0.1))


def test_the_relations_are_those_printed():
    teff = np.array([4500.0, 5500.0, 6500.0])
    np.testing.assert_allclose(tracks.boundary(teff), [4.1, 3.7, 3.3])
    np.testing.assert_allclose(tracks.main_sequence(teff), [4.6, 4.35, 3.95])
    np.testing.assert_allclose(tracks.giant_branch([2.0, 3.8]), [4470.0, 5410.0])


def test_a_point_is_the_average_of_the_stars_in_its_box(model):
    stars, rng = _stars(), np.random.default_rng(1)
    latent = rng.normal(size=(4000, 3)).astype(np.float32)
    latent[:7] = np.nan
    ratio = rng.normal(0.5, 0.1, (4000, 110))
    found = tracks.tracks(model, stars, latent, ratio)
    rows = (found["kind"] == "kiel") & (found["track"] == "ms")
    assert rows.any() and (found["n"] >= tracks.LEAST).all()
    point = np.flatnonzero(rows)[3]
    at = round(found["teff"][point] / 200) * 200
    member = (
        (stars["logg"] > 5.9 - 0.4 * stars["teff"] / 1000)
        & (np.abs(stars["teff"] - at) < 100)
        & (np.abs(stars["m_h"]) < 0.15)
        & np.isfinite(latent).all(axis=1)
    )
    assert found["n"][point] == member.sum()
    np.testing.assert_allclose(found["teff"][point], stars["teff"][member].mean())
    np.testing.assert_allclose(found["z_mean"][point], latent[member].mean(axis=0), atol=1e-5)
    error = latent[member].std(axis=0, ddof=1) / np.sqrt(member.sum())
    np.testing.assert_allclose(found["z_error"][point], error, rtol=1e-4)
    x = ((ratio[member].mean(axis=0) - 0.5) / 0.1).astype(np.float32)[None]
    z = vae.predict(model, {"x": x, "error": np.ones_like(x)})["latent_mean"][0]
    np.testing.assert_allclose(found["z"][point], z, atol=1e-5)
    fixed = (found["kind"] == "alpha") & (found["track"] == "fixed")
    np.testing.assert_allclose(found["m_h"][fixed], -0.4, atol=0.05)
    assert (np.diff(found["alpha_m"][fixed]) > 0).all()


def test_no_star_with_labels_is_no_track(model):
    stars = {name: values[:3] for name, values in _stars().items()}
    found = tracks.tracks(model, stars, np.zeros((3, 3), np.float32), np.ones((3, 110)))
    assert len(found["kind"]) == 0 and found["z"].shape == found["z_mean"].shape == (0, 3)


def test_labels_that_the_latent_holds_are_read_off_and_others_are_not():
    stars, rng = _stars(), np.random.default_rng(2)
    unit = (stars["teff"] - 5000) / 1000
    dwarf = stars["logg"] > tracks.boundary(stars["teff"])
    latent = np.stack([unit + 0.2 * rng.normal(size=4000), rng.normal(size=4000) - 3 * dwarf], 1)
    found = labels.read_off(stars, latent)
    np.testing.assert_array_equal(found["source_id"], np.flatnonzero(stars["split"] == 2))
    assert labels.explained(found["teff"], found["latent_teff"]) > 0.85
    assert abs(labels.explained(found["m_h"], found["latent_m_h"])) < 0.1
    assert labels.dwarf_auc(found["teff"], found["logg"], found["dwarf_axis"]) > 0.95
    numbers = {n.id: n for n in findings.label_numbers(found, 0)}
    assert numbers["xpvae.dwarf_giant_auc"].value > 0.95
    few = {name: values[:5] for name, values in stars.items()}
    assert findings.label_numbers(labels.read_off(few, latent[:5]), 0) == []


def test_wavelength_errors_are_those_of_the_covariance():
    """Against GaiaXPy's matrices and each star's covariance, put together by hand."""
    rng, n = np.random.default_rng(4), 3
    arrays = {
        "coefficients": rng.normal(10, 3, (n, 110)).astype(np.float32),
        "errors": rng.uniform(0.5, 1, (n, 110)).astype(np.float32),
        "phot_g_mean_flux": np.array([50.0, 80.0, 20.0]),
    }
    for band in ("bp", "rp"):
        arrays[f"{band}_correlations"] = rng.uniform(-0.02, 0.02, (n, 1485)).astype(np.float32)
    predicted = arrays["coefficients"] / arrays["phot_g_mean_flux"][:, None] + 0.01
    found = errors.wavelength_errors(arrays, predicted)
    from starloom.prepare.wavelength import Calibrator

    matrix = Calibrator(errors.WAVELENGTH_NM).matrix
    for star in range(n):
        variance = np.zeros(61)
        for band, part in (("bp", slice(0, 55)), ("rp", slice(55, 110))):
            correlation = np.eye(55)
            correlation[np.tril_indices(55, -1)] = arrays[f"{band}_correlations"][star]
            correlation = np.maximum(correlation, correlation.T) + np.minimum(
                correlation, correlation.T
            ) * (1 - np.eye(55))
            scale = arrays["errors"][star, part] / arrays["phot_g_mean_flux"][star]
            covariance = correlation * np.outer(scale, scale)
            variance += np.einsum("ip,ij,jp->p", matrix[part], covariance, matrix[part])
        expected = -0.01 * matrix.sum(axis=0) / np.sqrt(variance)
        np.testing.assert_allclose(found[star], expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        errors.root_mean_square(found), np.linalg.norm(found, axis=1) / np.sqrt(61)
    )
    assert np.isnan(errors.wavelength_errors(arrays, predicted[:, :100])).all()


def test_errors_of_cool_stars_are_counted_by_themselves():
    rng = np.random.default_rng(0)
    residuals = {"rmse": np.array([1.0, 5.0, 2.0, 9.0]), "relative_flux": rng.normal(size=(4, 61))}
    stars = {"teff": np.array([5000.0, 3500.0, 4500.0, 3900.0]), "logg": np.full(4, 2.0)}
    found = {n.id: n for n in findings.error_numbers(residuals, stars, 0)}
    assert found["xpvae.rmse_cool"].value == 7.0 and found["xpvae.rmse_cool"].n == 2
    assert "xpvae.rmse_low_logg" not in found
    residuals["relative_flux"][:] = np.nan
    found = {n.id for n in findings.error_numbers(residuals, {}, 0)}
    assert found == set()


def test_a_spectrum_of_another_kind_of_star_file_is_refused(model):
    arrays = {"coefficients": np.ones((2, 90)), "errors": np.ones((2, 90))}
    arrays |= {
        "phot_g_mean_flux": np.ones(2),
        "source_id": np.arange(2),
        "xp_flag": np.zeros(2, int),
    }
    with pytest.raises(ValueError, match="90 coefficients; the model reads 110"):
        encode.encode(model, arrays)


def test_stars_of_the_test_set_are_held_out_and_files_may_differ_in_what_they_have():
    rng, n = np.random.default_rng(0), 300
    files = [
        {
            "source_id": np.arange(n) + 1000 * i,
            "coefficients": rng.normal(size=(n, 110)),
            "errors": np.ones((n, 110)),
            "phot_g_mean_flux": np.ones(n),
        }
        for i in (1, 2)
    ]
    files[0]["bp_correlations"] = np.zeros((n, 1485))
    files[1]["errors"][7] = 0.0
    split = {"train": 0.8, "validation": 0.1, "test": 0.1, "salt": "starloom"}
    card = {"data": "dr17", "split": split}
    found = sample.held_out(iter(files), False, card, "dr17")
    ids = np.concatenate([arrays["source_id"] for arrays in files])
    expected = ids[(assign(ids, {k: split[k] for k in FRACTIONS}) == 2) & (ids != 2007)]
    np.testing.assert_array_equal(found["source_id"], expected)
    assert "bp_correlations" not in found
    assert len(sample.held_out(iter(files), False, card, "files")["source_id"]) == 2 * n - 1
    none = {"data": "dr17", "split": {"train": 1.0, "validation": 0.0, "test": 0.0, "salt": ""}}
    with pytest.raises(ValueError, match="no usable star that the model has not seen"):
        sample.held_out(iter(files), False, none, "dr17")
