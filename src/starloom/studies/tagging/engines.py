"""
Where the library's spectra come from: one function of Teff, log g and abundances for each engine.

`embedded` is the synthesiser of the simulated sky, which the caller brings; `payne` the published
network of The Payne; `turbospectrum` a user's own grid.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float

from starloom.studies.tagging.library import ABUNDANCES, BATCH, Engine

NAMES = ("embedded", "payne", "turbospectrum")

PAYNE_LABELS = (
    "teff", "logg", "microturbulence_kms", "C", "N", "O", "Na", "Mg", "Al", "Si", "P", "S", "K",
    "Ca", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Ge", "c12_c13", "macroturbulence_kms",
)  # fmt: skip
"""Inputs of the published network, abundances as [X/H] (Ting et al. 2019, Table 1)."""

PAYNE_FIXED = {"microturbulence_kms": 1.5, "c12_c13": 15.0, "macroturbulence_kms": 4.0}
"""Inputs that the twins do not vary."""

LEAK = 0.01
"""Slope of the published network's activation below zero."""

TOLERANCE = {"teff": 0.5, "logg": 1e-3}
"""Largest difference [K, dex] of a star and its spectrum in a grid; of an abundance as of log g."""


def x_h(abundance: Float[np.ndarray, "n_star 18"]) -> dict[str, Float[np.ndarray, " n_star"]]:
    """[X/H] by element [dex] from [Fe/H] and [X/Fe] in the order of `ABUNDANCES`."""
    columns = dict(zip(ABUNDANCES, np.asarray(abundance, float).T, strict=True))
    iron = columns["Fe"]
    return {name: iron if name == "Fe" else iron + value for name, value in columns.items()}


def embedded(from_dex, elements, kept: np.ndarray) -> Engine:
    """
    An engine from a compiled synthesiser.

    Args:
        from_dex: of `(teff, logg, x_h)`, x_h (n_star, n_element) in the order of `elements`.
        elements: those that it knows; carbon follows iron, others that it lacks have no lines.
        kept: pixels to keep.
    """

    def engine(teff, logg, abundance):
        known = x_h(abundance)
        columns = np.stack([known.get(name, known["Fe"]) for name in elements], axis=1)
        labels = np.column_stack([teff, logg, columns]).astype(np.float32)
        parts = []
        for start in range(0, len(labels), BATCH):
            rows = labels[np.minimum(np.arange(start, start + BATCH), len(labels) - 1)]
            parts.append(np.asarray(from_dex(rows[:, 0], rows[:, 1], rows[:, 2:]))[:, kept])
        return np.concatenate(parts)[: len(labels)]

    return engine


def payne(arrays: Mapping[str, np.ndarray]) -> Engine:
    """
    The published network of The Payne.

    Args:
        arrays: w_array_0, w_array_1, w_array_2, b_array_0, b_array_1, b_array_2, x_min, x_max as
            its `NN_normalized_spectra.npz` holds them.

    Raises:
        ValueError: if an array is missing or has another number of labels; from the engine, if a
            star lies outside the range that the network was trained on.

    References:
        Ting et al. (2019), ApJ 879, 69.
    """
    names = [f"{kind}_array_{k}" for kind in "wb" for k in range(3)] + ["x_min", "x_max"]
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ValueError(f"the network of The Payne lacks {', '.join(missing)}")
    low, high = (np.asarray(arrays[name], float) for name in ("x_min", "x_max"))
    if low.shape != (len(PAYNE_LABELS),):
        raise ValueError(f"the network reads {low.size} labels, {len(PAYNE_LABELS)} were expected")
    weights = [np.asarray(arrays[name], np.float32) for name in names[:6]]

    def engine(teff, logg, abundance):
        known = x_h(abundance)
        given = {"teff": teff, "logg": logg, **known}
        labels = np.stack(
            [
                given.get(name, np.full(len(teff), PAYNE_FIXED.get(name, 0.0)))
                if name in given or name in PAYNE_FIXED
                else known["Fe"]
                for name in PAYNE_LABELS
            ],
            axis=1,
        )
        inside = ((labels >= low) & (labels <= high)) | ~np.isfinite(labels)
        if not inside.all():
            star, label = np.argwhere(~inside)[0]
            raise ValueError(
                f"star {star}: {PAYNE_LABELS[label]} = {labels[star, label]:g} is outside the "
                f"network's range {low[label]:g} to {high[label]:g}"
            )
        x = ((labels - low) / (high - low) - 0.5).astype(np.float32)
        for layer in range(3):
            x = x @ weights[layer].T + weights[3 + layer]
            if layer < 2:
                x = np.where(x > 0, x, LEAK * x)
        return x

    return engine


def read_grid(path: str | Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """
    A user's grid: `labels` with the attribute `names`, `flux` over the continuum.

    Args:
        path: an HDF5 file, or a Zarr group.

    Returns:
        Labels by name (`teff`, `logg` and the elements, the latter as `ABUNDANCES` has them), and
        the flux (n_star, n_pixel).

    Raises:
        ValueError: if the file lacks one of them.
    """
    path = Path(path)
    if path.is_dir():
        from starloom.tables import open_arrays

        group = open_arrays(path)
        return _grid(path, group, group["labels"].attrs if "labels" in group else {})
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"{path} is read with h5py: install it, or give a Zarr group") from error
    with h5py.File(path, "r") as group:
        return _grid(path, group, group["labels"].attrs if "labels" in group else {})


def grid(labels: Mapping[str, np.ndarray], flux: Float[np.ndarray, "n_grid n_pixel"]) -> Engine:
    """
    An engine that looks the stars of the library up in a grid computed for them.

    Args:
        labels: of `read_grid`.
        flux: of `read_grid`.

    Raises:
        ValueError: from the engine, if the grid has no spectrum of a star; the message has its
            labels.
    """
    from scipy.spatial import cKDTree

    names = ("teff", "logg", *ABUNDANCES)
    unit = np.array([TOLERANCE.get(name, TOLERANCE["logg"]) for name in names])
    tree = cKDTree(np.stack([np.asarray(labels[name], float) for name in names], axis=1) / unit)

    def engine(teff, logg, abundance):
        wanted = np.column_stack([teff, logg, abundance]).astype(float)
        distance, row = tree.query(wanted / unit, p=np.inf)
        if (distance > 1).any():
            star = int(np.argmax(distance > 1))
            asked = ", ".join(f"{n} {v:.4g}" for n, v in zip(names, wanted[star], strict=True))
            raise ValueError(
                f"{(distance > 1).sum()} stars have no spectrum in the grid, the first has "
                f"{asked}: compute the grid for the stars of results/tagging/pairs"
            )
        return flux[row]

    return engine


def _grid(path, group, attributes):
    missing = [name for name in ("labels", "flux") if name not in group]
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in attributes.get("names", [])]
    missing += [f"label {name}" for name in ("teff", "logg", *ABUNDANCES) if name not in names]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}")
    labels = np.asarray(group["labels"][...], float)
    return dict(zip(names, labels.T, strict=True)), np.asarray(group["flux"][...], np.float32)
