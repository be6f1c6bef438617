"""The training loop on a linear model, whose every step can be written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from starloom.tables import read_model
from starloom.training import checkpoint as checkpoints
from starloom.training import epochs
from starloom.training.fit import Settings, fit
from starloom.training.schedules import cosine_restarts

QUICK = Settings(batch=8, epochs=30, learning_rate=0.03, restart_epochs=10, checkpoint_epochs=5)


@pytest.fixture(autouse=True)
def _short_calls(monkeypatch):
    """Five epochs in a compiled call."""
    monkeypatch.setattr("starloom.training.fit.STARS_PER_CALL", 200)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5] + 0.1 * rng.normal(size=60)).astype(np.float32)
    return {"x": x[:40], "y": y[:40]}, {"x": x[40:], "y": y[40:]}


def init(key):
    """Three weights; the state counts the stars of the training steps."""
    return {"w": 0.1 * jax.random.normal(key, (3,)), "b": jnp.zeros(())}, {"seen": jnp.zeros(())}


def loss(params, state, batch, key, training):
    residual = batch["y"] - batch["x"] @ params["w"] - params["b"]
    value = jnp.square(residual).mean()
    state = {"seen": state["seen"] + len(residual)} if training else state
    return value, (state, {"largest": jnp.abs(residual).max()})


def _bytes(result):
    leaves = jax.tree.leaves((result.params, result.state, result.history, result.best_loss))
    return b"".join(np.asarray(leaf).tobytes() for leaf in leaves)


def _fit(data, settings=QUICK, seed=1, **options):
    return fit(loss, init, *data, key=jax.random.key(seed), settings=settings, **options)


def test_a_linear_model_is_recovered_and_the_best_epoch_kept(data):
    result = _fit(data, Settings(batch=8, epochs=200, learning_rate=0.05, restart_epochs=100))
    np.testing.assert_allclose(result.params["w"], [1.0, -2.0, 0.5], atol=0.08)
    history = result.history
    best = int(np.argmin(history["validation_loss"]))
    assert result.best_epoch == best + 1
    assert result.best_loss == history["validation_loss"][best]
    assert result.state["seen"] == 40 * (best + 1)
    residual = data[1]["y"] - data[1]["x"] @ result.params["w"] - result.params["b"]
    np.testing.assert_allclose(result.best_loss, np.mean(residual**2), rtol=1e-5)
    assert set(history) == {
        *("train_loss", "train_largest", "validation_loss", "validation_largest")
    }


def test_steps_are_those_of_adamw_written_out_in_double_precision(data):
    settings = Settings(batch=40, epochs=12, learning_rate=0.03, restart_epochs=5, weight_decay=0.3)
    result = _fit(data, settings)
    start = _fit(data, Settings(batch=40, epochs=1, learning_rate=0.0, final_learning_rate=0.0))
    theta = np.append(np.float64(start.params["b"]), np.float64(start.params["w"]))
    rates = cosine_restarts(12, learning_rate=0.03, final_learning_rate=1e-10, restart_epochs=5)
    first = second = np.zeros(4)
    inputs = np.column_stack([np.ones(40), data[0]["x"]]).astype(float)
    scored = []
    for step, rate in enumerate(rates, start=1):
        slope = -2 * inputs.T @ (data[0]["y"] - inputs @ theta) / 40
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        theta = theta * (1 - rate * 0.3)
        root = np.sqrt(second / (1 - 0.999**step)) + 1e-8
        theta = theta - rate * first / (1 - 0.9**step) / root
        held = data[1]["y"] - np.column_stack([np.ones(20), data[1]["x"]]) @ theta
        scored.append(np.mean(held**2))
    np.testing.assert_allclose(result.history["validation_loss"], scored, rtol=2e-5)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(data):
    assert _bytes(_fit(data)) == _bytes(_fit(data))
    assert _bytes(_fit(data)) != _bytes(_fit(data, seed=2))


class _Killed(Exception):
    pass


@pytest.mark.parametrize("members", [None, 2])
def test_a_large_network_travels_in_layers_and_ends_where_a_small_one_does(
    data, members, monkeypatch, tmp_path
):
    small = _fit(data, members=members)
    start = jax.tree.map(jnp.array, small.params)
    monkeypatch.setattr(epochs, "LARGE", 0)
    epochs.compiled.cache_clear()
    large = _fit(data, members=members, folder=tmp_path)
    for one, other in zip(*map(jax.tree.leaves, (small.params, large.params)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    again = _fit(data, members=members, start=start)
    assert np.all(np.isfinite(again.best_loss))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(start))
    epochs.compiled.cache_clear()


@pytest.mark.parametrize("members", [None, 2])
def test_a_killed_and_resumed_training_gives_the_bytes_of_one_never_stopped(
    data, tmp_path, monkeypatch, capsys, members
):
    whole = _fit(data, members=members, folder=tmp_path / "whole")
    save = checkpoints.save

    def save_and_die(folder, epoch, *rest):
        save(folder, epoch, *rest)
        if epoch == 15:
            raise _Killed

    monkeypatch.setattr(checkpoints, "save", save_and_die)
    with pytest.raises(_Killed):
        _fit(data, members=members, folder=tmp_path / "killed")
    monkeypatch.setattr(checkpoints, "save", save)
    resumed = _fit(data, members=members, folder=tmp_path / "killed")
    assert "resumed after epoch 15" in capsys.readouterr().out
    assert _bytes(resumed) == _bytes(whole) == _bytes(_fit(data, members=members))
    last = [sorted((tmp_path / name).iterdir())[-1] for name in ("whole", "killed")]
    assert (last[0] / "arrays.npz").read_bytes() == (last[1] / "arrays.npz").read_bytes()


def test_only_the_newest_two_checkpoints_stay_and_none_is_half_written(data, tmp_path):
    _fit(data, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["epoch-0000025", "epoch-0000030"]
    assert read_model(tmp_path / "epoch-0000030")[1]["epoch"] == 30


def test_a_finished_training_is_read_back_without_another_epoch(data, tmp_path, capsys):
    first = _fit(data, folder=tmp_path)
    again = _fit(data, folder=tmp_path)
    assert "resumed after epoch 30" in capsys.readouterr().out
    assert _bytes(again) == _bytes(first)


def test_a_longer_training_goes_on_where_the_shorter_one_ended(data, tmp_path, capsys):
    longer = Settings(**{**vars(QUICK), "epochs": 45})
    _fit(data, folder=tmp_path)
    prolonged = _fit(data, longer, folder=tmp_path)
    assert "resumed after epoch 30" in capsys.readouterr().out
    assert _bytes(prolonged) == _bytes(_fit(data, longer))


def test_checkpoints_of_another_training_are_removed_with_a_word(data, tmp_path, capsys):
    _fit(data, folder=tmp_path)
    other = _fit(data, seed=2, folder=tmp_path, identity={"code": "new"})
    told = capsys.readouterr().out
    assert "is of another training (code, key differ): removed" in told
    assert "resumed" not in told
    assert _bytes(other) == _bytes(_fit(data, seed=2))


def test_validation_can_be_rarer_and_always_sees_the_last_epoch(data):
    result = _fit(data, Settings(**{**vars(QUICK), "validate_epochs": 4}))
    seen = np.flatnonzero(np.isfinite(result.history["validation_loss"])) + 1
    assert seen.tolist() == [4, 8, 12, 16, 20, 24, 28, 30]
    assert result.best_epoch in seen


def test_patience_ends_a_training_that_no_longer_gains(data):
    flat = {**vars(QUICK), "learning_rate": 0.0, "final_learning_rate": 0.0, "patience": 7}
    result = _fit(data, Settings(**flat))
    assert result.best_epoch == 1
    assert len(result.history["train_loss"]) == 8


def test_an_ensemble_has_members_that_differ_and_each_its_own_best_epoch(data):
    result = _fit(data, members=3)
    assert result.params["w"].shape == (3, 3)
    assert result.best_epoch.shape == (3,)
    assert result.history["train_loss"].shape == (30, 3)
    assert len(np.unique(result.history["train_loss"][0])) == 3
    lowest = result.history["validation_loss"].min(axis=0)
    np.testing.assert_array_equal(result.best_loss, lowest)


def test_a_batch_larger_than_the_set_is_reduced_with_a_word(data, capsys):
    result = _fit(data, Settings(**{**vars(QUICK), "batch": 1024}))
    assert "batch of 1024 reduced to the 40 training stars" in capsys.readouterr().out
    assert np.isfinite(result.best_loss)


def test_a_loss_that_stops_being_finite_names_the_epoch_and_the_checkpoint(data, tmp_path):
    def breaking(params, state, batch, key, training):
        value, rest = loss(params, state, batch, key, training)
        return jnp.where(training & (state["seen"] >= 40 * 12), jnp.nan, value), rest

    with pytest.raises(FloatingPointError, match=r"epoch 13; .*epoch-0000010"):
        fit(breaking, init, *data, key=jax.random.key(0), settings=QUICK, folder=tmp_path)


def test_a_validation_loss_that_is_never_finite_is_an_error(data):
    def breaking(params, state, batch, key, training):
        value, rest = loss(params, state, batch, key, training)
        return value if training else jnp.nan * value, rest

    with pytest.raises(FloatingPointError, match="no epoch had a finite validation loss"):
        fit(breaking, init, *data, key=jax.random.key(0), settings=QUICK)


def test_empty_or_uneven_sets_and_values_that_are_not_finite_are_refused(data):
    train, valid = data
    none = {name: values[:0] for name, values in valid.items()}
    with pytest.raises(ValueError, match="validation set needs"):
        _fit((train, none))
    with pytest.raises(ValueError, match="training set needs equally many"):
        _fit(({"x": train["x"], "y": train["y"][:-1]}, valid))
    bad = {"x": train["x"].copy(), "y": train["y"]}
    bad["x"][7, 1] = np.inf
    with pytest.raises(ValueError, match=r"array x: 1 stars .* first is row 7"):
        _fit((bad, valid))


def test_blocks_of_a_batch_give_the_same_training(data):
    """Mean of the blocks' gradients: the batch's own, to rounding; parts are block means."""
    whole, blocks = _fit(data), _fit(data, block=4)
    np.testing.assert_allclose(whole.params["w"], blocks.params["w"], rtol=1e-4)
    for name in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(whole.history[name], blocks.history[name], rtol=1e-4)
    assert (blocks.history["train_largest"] <= whole.history["train_largest"] + 1e-6).all()
    assert _bytes(_fit(data, block=3)) == _bytes(whole)
