"""Training of the token transformer: it learns what tokens say of each other, and is kept whole."""

import jax
import numpy as np
import pytest

from starloom.tables import read_model, write_model
from starloom.training import token_transformer as tokens

GROUPS = {"coefficients": (0, 1, 2), "label": (3,)}


def _simulate(n_star, seed):
    """Three coefficients, linear in one label that has a sign; the third is noise of its own."""
    rng = np.random.default_rng(seed)
    label = rng.normal(5000, 400, n_star)
    hidden = (label - 5000) / 400
    value = np.column_stack([3 + hidden, 1 - 0.5 * hidden, rng.normal(size=n_star), label])
    error = np.tile([0.05, 0.05, 0.05, 20.0], (n_star, 1))
    value = value + error * rng.normal(size=value.shape)
    value[rng.random(n_star) < 0.1, 3] = np.nan
    return value, error, label


@pytest.fixture(scope="module")
def trained():
    value, error, _ = _simulate(1200, 1)
    split = np.repeat([0, 1], [1000, 200])
    stars, mean, std = tokens.prepare(value, error, split == 0)
    seen, unseen = ({k: v[split == part] for k, v in stars.items()} for part in (0, 1))
    architecture = tokens.Architecture(GROUPS, width=8, heads=2, encoder=1, requests=3)
    settings = tokens.Settings(
        batch=50, epochs=30, restart_epochs=30, learning_rate=5e-3, validate_epochs=5
    )
    given = {"mean": mean, "std": std, "architecture": architecture, "settings": settings}
    return tokens.train(seen, unseen, **given, seed=2)


@pytest.fixture(scope="module")
def test_stars():
    return _simulate(400, 7)


def test_labels_come_from_coefficients_and_coefficients_from_labels(trained, test_stars):
    model, (value, _, label) = trained[0], test_stars
    found, sigma = tokens.predict(model, value[:, :3], (0, 1, 2), (3,))
    # Both coefficients together tell the label to 400 K x 0.05 / sqrt(1 + 1/4) = 18 K.
    assert np.std(found[:, 0] - label) < 50
    assert (sigma > 0).all() and np.median(sigma) < 80
    found, _ = tokens.predict(model, label[:, None], (3,), (0, 1, 2))
    assert np.std(found[:, 0] - 3 - (label - 5000) / 400) < 0.15
    # Nobody can tell the third, of unit width, from the label.
    assert np.std(found[:, 2]) < 0.6


def test_what_is_read_is_handed_through(trained, test_stars):
    model, value = trained[0], test_stars[0]
    found, _ = tokens.predict(model, value[:, :3], (0, 1, 2), (0, 1, 2))
    assert np.std(found - value[:, :3]) < 0.2


def test_a_missing_value_is_as_good_as_none_and_a_star_without_any_gets_nan(trained, test_stars):
    model, value = trained[0], test_stars[0][:10, :3].copy()
    fewer = tokens.predict(model, value[:, :2], (0, 1), (3,))[0]
    value[:, 2] = np.nan
    np.testing.assert_allclose(tokens.predict(model, value, (0, 1, 2), (3,))[0], fewer, rtol=1e-5)
    value[4] = np.nan
    found = tokens.predict(model, value, (0, 1, 2), (3,))[0]
    assert np.isnan(found[4]).all() and np.isfinite(np.delete(found, 4, axis=0)).all()


def test_an_unknown_target_costs_nothing():
    value, error, _ = _simulate(64, 3)
    stars, _, _ = tokens.prepare(value, error, np.ones(64, bool))
    architecture = tokens.Architecture(GROUPS, width=8, heads=2, encoder=1)
    params = tokens._init(jax.random.key(0), architecture)

    def score(stars):
        return tokens.loss(params, {}, stars, jax.random.key(1), False, architecture=architecture)[
            0
        ]

    other = {**stars, "value": np.where(stars["known"], stars["value"], 1e3).astype(np.float32)}
    assert not stars["known"].all()
    assert score(stars) == score(other)


def test_a_model_is_written_and_read_whole(trained, test_stars, tmp_path):
    write_model(tmp_path / "model", *tokens.to_model(trained[0], seed=2))
    arrays, card = read_model(tmp_path / "model")
    value = test_stars[0][:50, :3]
    for a, b in zip(
        tokens.predict(trained[0], value, (0, 1, 2), (3, 0)),
        tokens.predict(tokens.from_model(arrays, card), value, (0, 1, 2), (3, 0)),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="kind 'other'"):
        tokens.from_model(arrays, card | {"kind": "other"})


def test_kinds_that_teach_nothing_are_refused():
    value, error, _ = _simulate(20, 5)
    value[:, 1] = 4.0
    with pytest.raises(ValueError, match="kind 1 is the same in all training stars"):
        tokens.prepare(value, error, np.ones(20, bool))
    value[:, 1] = np.nan
    with pytest.raises(ValueError, match="kind 1 has fewer than two values"):
        tokens.prepare(value, error, np.ones(20, bool))
