"""`starloom predict latent`: every star of the file comes back, with a position or a flag."""

import jax
import numpy as np
import pytest

from starloom.cli import main
from starloom.columns import XP_FLAGS
from starloom.sky.files import write_xp_bulk
from starloom.tables import read_table, write_model, write_table
from starloom.training import scatter_vae as vae

N_STAR, N_BAND = 9, 55


@pytest.fixture
def xp(tmp_path):
    """Nine stars: one without BP, one with an error of zero, one with a NaN, the rest good."""
    rng = np.random.default_rng(0)
    columns = {"source_id": 2**60 + np.arange(N_STAR) * 2**45, "xp_flag": np.zeros(N_STAR, int)}
    for band in ("bp", "rp"):
        columns[f"{band}_coefficients"] = rng.normal(100, 1, (N_STAR, N_BAND))
        columns[f"{band}_coefficient_errors"] = rng.uniform(0.5, 1, (N_STAR, N_BAND))
        columns[f"{band}_coefficient_correlations"] = np.zeros((N_STAR, N_BAND * (N_BAND - 1) // 2))
        columns[f"{band}_n_relevant_bases"] = np.full(N_STAR, 20)
        columns[f"{band}_standard_deviation"] = np.ones(N_STAR)
    for kind in ("coefficients", "coefficient_errors", "coefficient_correlations"):
        columns[f"bp_{kind}"][1] = np.nan
    columns["rp_coefficient_errors"][2, 4] = 0.0
    columns["rp_coefficients"][3, 4] = np.nan
    write_xp_bulk(tmp_path / "xp.csv.gz", columns)
    return columns


@pytest.fixture
def gaia(xp, tmp_path):
    """Fluxes of the stars; that of the fifth is zero, that of the sixth negative."""
    flux = np.full(N_STAR, 50.0)
    flux[4], flux[5] = 0.0, -3.0
    names = {"source_id": xp["source_id"], "phot_g_mean_flux": flux}
    lines = [",".join(names), *(f"{i},{f}" for i, f in zip(*names.values(), strict=True))]
    (tmp_path / "gaia.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "gaia.csv"


@pytest.fixture
def model(tmp_path):
    """A network of the right size, not trained and without a description of its stars."""
    return _model(tmp_path / "model", 2 * N_BAND)


def _model(path, n_input):
    architecture = vae.Architecture(n_input=n_input, widths=(12, 8), latent=2)
    shapes = jax.eval_shape(lambda: vae.init(jax.random.key(0), architecture))
    rng = np.random.default_rng(0)
    params, stats = jax.tree.map(
        lambda leaf: rng.uniform(0.1, 0.5, leaf.shape).astype(np.float32), shapes
    )
    made = vae.Model(architecture, params, stats, np.full(n_input, 2.0), np.full(n_input, 0.1))
    write_model(path, *vae.to_model(made))
    return path


def _run(tmp_path, model, *more):
    table = tmp_path / "t.parquet"
    words = ["predict", "latent", str(tmp_path / "xp.csv.gz"), "-o", str(table)]
    status = main([*words, "--model", str(model), *map(str, more)])
    return status, read_table(table) if status == 0 else None


def test_stars_that_cannot_be_read_are_flagged_and_keep_their_row(
    xp, gaia, model, tmp_path, capsys
):
    status, table = _run(tmp_path, model, "--gaia", gaia)
    assert status == 0
    assert sorted(table["source_id"]) == xp["source_id"].tolist()
    at = np.searchsorted(table["source_id"], xp["source_id"])
    flags = {1: "no_bp", 2: "bad_error", 3: "not_finite", 4: "no_g_flux", 5: "no_g_flux"}
    for star in range(N_STAR):
        assert np.isfinite(table["z0"][at[star]]) == (star not in flags)
        assert np.isfinite(table["chi2"][at[star]]) == (star not in flags)
        if star in flags:
            assert table["xp_flag"][at[star]] & XP_FLAGS[flags[star]].mask
    said = capsys.readouterr().out
    assert f"{N_STAR} stars, 4 with a latent position" in said
    assert "1 no_bp" in said and "1 bad_error" in said and "2 no_g_flux" in said
    assert np.isnan(table["outlier_score"]).all()  # the model does not know its own stars


def test_positions_are_those_of_the_network(xp, gaia, model, tmp_path):
    table = _run(tmp_path, model, "--gaia", gaia)[1]
    from starloom.tables import read_model

    known = vae.from_model(*read_model(model))
    ratio = np.concatenate([xp["bp_coefficients"], xp["rp_coefficients"]], axis=1)[6:] / 50.0
    x = ((ratio - 2.0) / 0.1).astype(np.float32)
    found = vae.predict(known, {"x": x, "error": np.ones_like(x)})
    for i in range(2):
        np.testing.assert_allclose(table[f"z{i}"][-3:], found["latent_mean"][:, i], atol=1e-4)


def test_another_number_of_coefficients_is_refused_with_both_numbers(xp, gaia, tmp_path, capsys):
    assert _run(tmp_path, _model(tmp_path / "next", 120), "--gaia", gaia)[0] == 2
    said = capsys.readouterr().err
    assert "110 coefficients" in said and "120" in said


def test_a_file_of_no_usable_star_is_answered_with_flags(xp, model, tmp_path):
    flux = tmp_path / "dark.csv"
    rows = "\n".join(f"{i},0.0" for i in xp["source_id"])
    flux.write_text(f"source_id,phot_g_mean_flux\n{rows}\n")
    status, table = _run(tmp_path, model, "--gaia", flux)
    assert status == 0 and len(table["z0"]) == N_STAR and np.isnan(table["z0"]).all()


@pytest.mark.parametrize("name", ["gaia.csv", "gaia.parquet"])
def test_a_table_of_fluxes_among_the_spectra_is_answered_with_its_option(
    xp, gaia, model, tmp_path, capsys, name
):
    write_table(tmp_path / "gaia.parquet", {"source_id": xp["source_id"]})
    words = ["predict", "latent", str(tmp_path / "xp.csv.gz"), str(tmp_path / name)]
    assert main([*words, "-o", str(tmp_path / "t.csv"), "--model", str(model)]) == 2
    said = capsys.readouterr().err
    assert str(tmp_path / name) in said and "goes behind --gaia" in said
