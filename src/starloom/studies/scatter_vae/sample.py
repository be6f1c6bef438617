"""The stars that a model is judged by."""

from collections.abc import Iterable, Mapping

import numpy as np

from starloom.prepare.spectra import inputs
from starloom.prepare.split import unseen
from starloom.tables import stack
from starloom.training import scatter_vae as vae


def held_out(
    files: Iterable[Mapping[str, np.ndarray]], full: bool, card: Mapping, data: str
) -> dict[str, np.ndarray]:
    """
    The stars that a model has not seen and can read.

    Args:
        files: arrays of `prepare.spectra.spectra`, file by file: no more than one is held whole.
        full: whether the model wants correlations.
        card: of the model: the `data` it was trained on, and how they were `split`.
        data: what the files hold; none of it is new to a model of the same data but its test set.

    Returns:
        The arrays that all files have, of these stars.

    Raises:
        ValueError: if there is no such star.
    """
    found = []
    for arrays in files:
        new = unseen(arrays["source_id"], card["split"]) | (card["data"] != data)
        chosen = new & vae.usable(**inputs(arrays, full)[0])[0]
        found.append({name: values[chosen] for name, values in arrays.items()})
    shared = [name for name in found[0] if all(name in arrays for arrays in found)]
    arrays = stack([{name: arrays[name] for name in shared} for arrays in found])
    if not len(arrays["source_id"]):
        raise ValueError(
            "no usable star that the model has not seen: give more stars or raise split/test"
        )
    return arrays
