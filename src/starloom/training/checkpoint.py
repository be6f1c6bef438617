"""Trees of arrays on disk: flattened by path, written whole or not at all, newest two kept."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from starloom.tables import read_model, write_model

KEEP = 2
"""Checkpoints that stay; one is whole even while the other is written."""

DIVERGED = "diverged"
"""File that says that the training of this folder diverged after its newest checkpoint."""

RATES = ("learning_rate", "final_learning_rate", "restart_epochs")
"""Settings that a diverged training may change and still go on from its checkpoint."""


def flatten(tree: object) -> dict[str, np.ndarray]:
    """Arrays of a tree by their path, as in `encoder/linear/0/kernel`."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(path): np.asarray(leaf) for path, leaf in leaves}


def unflatten(like: object, arrays: Mapping[str, np.ndarray]) -> object:
    """
    The tree `like` with its arrays replaced by name.

    Args:
        like: a tree with the wanted structure and shapes.
        arrays: what `flatten` gave.

    Returns:
        The tree, with JAX arrays.

    Raises:
        KeyError: if an array is missing; the message names it.
        ValueError: if an array has another shape than in `like`; the message names both.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(like)
    found = []
    for path, leaf in leaves:
        name = _name(path)
        if name not in arrays:
            raise KeyError(f"no array {name} among the {len(arrays)} given")
        if arrays[name].shape != leaf.shape:
            raise ValueError(f"array {name} is {arrays[name].shape}, expected {leaf.shape}")
        found.append(jax.numpy.asarray(arrays[name], dtype=leaf.dtype))
    return jax.tree_util.tree_unflatten(structure, found)


def require_kind(card: Mapping, kind: str) -> None:
    """
    Refuse the card of another kind of model.

    Raises:
        ValueError: if the card's `kind` is another; the message names both.
    """
    if card.get("kind") != kind:
        raise ValueError(f"a model of kind {card.get('kind')!r}, expected {kind!r}")


def save(folder: str | Path, epoch: int, tree: object, card: Mapping) -> Path:
    """
    Write a checkpoint, then remove all but the newest ones.

    Args:
        folder: of this training.
        epoch: epochs done.
        tree: arrays to keep.
        card: plain values to keep; must tell this training from others.

    Returns:
        The checkpoint's path.
    """
    path = Path(folder) / f"epoch-{epoch:07d}"
    write_model(path, flatten(tree), {**card, "epoch": epoch})
    for old in _all(folder)[:-KEEP]:
        shutil.rmtree(old)
    (Path(folder) / DIVERGED).unlink(missing_ok=True)
    return path


def mark_diverged(folder: str | Path) -> None:
    """Note that the training diverged after its newest checkpoint: `load` then allows new rates."""
    (Path(folder) / DIVERGED).touch()


def load(folder: str | Path, card: Mapping, limit: int) -> tuple[dict[str, np.ndarray], int] | None:
    """
    Read the newest checkpoint of a training; those of another training are removed.

    Args:
        folder: of this training.
        card: what `save` was given.
        limit: a checkpoint after more epochs than this does not count.

    A training that diverged (see `mark_diverged`) may go on at other learning rates.

    Returns:
        Arrays by path and the number of epochs done, or None where there is no checkpoint.
    """
    free = RATES if (Path(folder) / DIVERGED).exists() else ()
    for path in reversed(_all(folder)):
        arrays, found = read_model(path)
        epoch = found.pop("epoch")
        wanted, given = (_without(values, free) for values in (card, found))
        changed = [k for k in sorted({*wanted, *given}) if wanted.get(k) != given.get(k)]
        if changed:
            print(f"{path} is of another training ({', '.join(changed)} differ): removed")
            shutil.rmtree(path)
        elif epoch <= limit:
            return arrays, epoch
    return None


def newest(folder: str | Path | None) -> Path | None:
    """The newest checkpoint, or None."""
    return next(reversed(_all(folder)), None) if folder else None


def _without(card, free):
    """The card without some of its settings."""
    if not free or "settings" not in card:
        return card
    kept = {name: value for name, value in card["settings"].items() if name not in free}
    return {**card, "settings": kept}


def _all(folder):
    return sorted(Path(folder).glob("epoch-*"))


def _name(path):
    return jax.tree_util.keystr(path, simple=True, separator="/")
