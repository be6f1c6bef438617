"""Train, validation and test sets by a hash of each star's own identifier."""

import hashlib
from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Int8

FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}
"""Shares of the stars, by the name of the set."""

TRAINING, VALIDATION, TEST = SETS = (0, 1, 2)
"""Codes of the sets, in the order of `FRACTIONS`."""


def assign(
    ids: np.ndarray, fractions: Mapping[str, float] = FRACTIONS, salt: str = "starloom"
) -> Int8[np.ndarray, " n_star"]:
    """
    The set of each star, from its identifier alone.

    A star keeps its set when other stars come, go or change places, and on every platform.

    Args:
        ids: integer identifiers (source_id, KIC) or strings, one a star.
        fractions: share of each set in the order of the codes; they add up to 1.
        salt: changes which stars fall where.

    Returns:
        Codes: `TRAINING` for the first set of `fractions`, `VALIDATION`, `TEST` for the next.

    Raises:
        ValueError: if the shares are negative or do not add up to 1.
        TypeError: if the identifiers are neither integers nor strings, floats for example.

    References:
        Steele, Lea & Flood (2014), OOPSLA, Fig. 14 (splitmix64).
    """
    shares = np.array(list(fractions.values()), dtype=float)
    if np.any(shares < 0) or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"the shares of the sets must be positive and add up to 1: {fractions}")
    uniform = (_hash(np.asarray(ids), salt) >> np.uint64(11)) * 2.0**-53
    edges = np.cumsum(shares)[:-1]
    return np.searchsorted(edges, uniform, side="right").astype(np.int8)


def learning(
    table: Mapping[str, np.ndarray], split: Int8[np.ndarray, " n_star"]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """
    The training and the validation stars of a table.

    Args:
        table: arrays with the star as their first axis.
        split: code of each star's set.
    """
    seen, held = (
        {k: v[split == part] for k, v in table.items()} for part in (TRAINING, VALIDATION)
    )
    return seen, held


def unseen(ids: np.ndarray, split: Mapping[str, float | str]) -> Bool[np.ndarray, " n_star"]:
    """
    Which stars a model has not seen, by the split that it was trained with.

    Args:
        ids: identifiers.
        split: shares `train`, `validation`, `test` and the `salt`, from the model's card.
    """
    return assign(ids, {name: split[name] for name in FRACTIONS}, split["salt"]) == TEST


def _hash(ids, salt):
    """64 well-mixed bits an identifier."""
    start = np.frombuffer(hashlib.sha256(salt.encode()).digest()[:8], dtype="<u8")[0]
    if ids.size == 0:
        return np.zeros(0, np.uint64)
    if ids.dtype.kind in "iu":
        return _splitmix64(_splitmix64(ids.astype(np.uint64)) ^ start)
    if ids.dtype.kind in "USO" and all(isinstance(name, str | bytes) for name in ids.tolist()):
        return _splitmix64(_digest(ids) ^ start)
    raise TypeError(f"identifiers must be integers or strings, not {ids.dtype}: cast them first")


def _splitmix64(values):
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _digest(names):
    """FITS pads strings with blanks: they are no part of a name."""
    encoded = (name if isinstance(name, bytes) else name.encode() for name in names.tolist())
    digests = b"".join(hashlib.blake2b(name.rstrip(), digest_size=8).digest() for name in encoded)
    return np.frombuffer(digests, dtype="<u8")
