"""Trees of arrays by path, there and back."""

import jax.numpy as jnp
import numpy as np
import pytest

from starloom.training.checkpoint import flatten, load, newest, save, unflatten

TREE = {"a": {"b": jnp.arange(3.0)}, "c": [jnp.zeros((2, 2)), jnp.int32(4)]}


def test_trees_come_back_from_their_flat_form():
    flat = flatten(TREE)
    assert list(flat) == ["a/b", "c/0", "c/1"]
    back = unflatten(TREE, flat)
    np.testing.assert_array_equal(back["a"]["b"], [0, 1, 2])
    assert back["c"][1].dtype == jnp.int32


def test_a_missing_or_misshapen_array_is_named():
    flat = flatten(TREE)
    with pytest.raises(KeyError, match="a/b"):
        unflatten(TREE, {name: flat[name] for name in ("c/0", "c/1")})
    with pytest.raises(ValueError, match=r"c/0 is \(3,\), expected \(2, 2\)"):
        unflatten(TREE, flat | {"c/0": np.zeros(3)})


def test_a_checkpoint_beyond_the_wanted_length_does_not_count(tmp_path):
    for epoch in (5, 10):
        save(tmp_path, epoch, TREE, {"name": "x"})
    assert load(tmp_path, {"name": "x"}, 20)[1] == 10
    assert load(tmp_path, {"name": "x"}, 7)[1] == 5
    assert load(tmp_path, {"name": "x"}, 3) is None


def test_a_folder_without_checkpoints_has_no_newest(tmp_path):
    assert newest(None) is None
    assert newest(tmp_path / "none") is None
    assert load(tmp_path / "none", {}, 1) is None
