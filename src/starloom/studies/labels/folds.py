"""
Honest errors from stars that a network has not seen: each fifth by one trained on the others.

The validation stars are too few for the scale of the errors: its sampling error would be that of
the test stars' pulls themselves.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from starloom.prepare.split import assign
from starloom.studies.labels.inputs import LABELS, scaling_of, standardise
from starloom.studies.labels.model import Architecture, Model, targets, train
from starloom.studies.labels.predict import predict
from starloom.studies.labels.sample import Sample
from starloom.training.calibration import bootstrap_error, width_scale
from starloom.training.fit import Settings

MAIN = "dropout"
"""The method whose labels are published."""

FEWEST = 20
"""Stars with a label below which its errors keep their size."""

Table = dict[str, np.ndarray]


def folds_of(source_id: np.ndarray, folds: int) -> Int[np.ndarray, " n_star"]:
    """The fold of each star, from its identifier alone."""
    return assign(source_id, {str(fold): 1 / folds for fold in range(folds)}, "folds")


def cross_fit(
    training: Sample,
    validation: Sample,
    *,
    folds: int,
    architecture: Architecture,
    settings: Settings,
    seed: int,
    folder: str | Path,
    identity: Mapping = (),
) -> Table:
    """
    Labels of the training stars, each by a network that has not seen it.

    Args:
        training: stars, of which each network leaves out a fold.
        validation: stars that choose the epochs, as in the training on all.
        folds: how many.
        architecture: of the networks.
        settings: of the trainings.
        seed: each network derives its own.
        folder: where checkpoints go and are resumed from.
        identity: plain values that tell these trainings from others.

    Returns:
        One row a star: source_id, phot_g_mean_mag, `fold`; `apogee_{label}` and its `_error`;
        `dropout_{label}` with its error as the network says, `_raw`, and `_sigma`, scaled by what
        the stars of the other folds say; and `validation_scale_{label}`, the factor that the
        validation stars ask of the star's network.
    """
    # One scaling serves all, so that they share their compiled program.
    scaling = scaling_of(training.raw, training.labels)
    fold = folds_of(training.stars["source_id"], folds)
    table = {name: training.stars[name] for name in ("source_id", "phot_g_mean_mag")}
    table |= {"fold": fold} | training.columns()
    for label in LABELS:
        names = (f"{MAIN}_{label}{part}" for part in ("", "_raw", "_sigma"))
        for name in (*names, f"validation_scale_{label}"):
            table[name] = np.full(len(fold), np.nan)
    for one in range(folds):
        seen = [training.chosen(fold != one), validation]
        ready = [standardise(p.raw, scaling) | targets(p.labels, scaling) for p in seen]
        choices = {"scaling": scaling, "architecture": architecture, "settings": settings}
        place = {"folder": Path(folder) / str(one), "identity": {**dict(identity), "fold": one}}
        model, _ = train(*ready, **choices, **place, seed=seed + 1 + one)
        rows = np.flatnonzero(fold == one)
        found = predicted(model, training.chosen(rows))
        for name in (f"{MAIN}_{label}{part}" for label in LABELS for part in ("", "_raw")):
            table[name][rows] = found[name]
        for label, factor in zip(LABELS, sigma_scales(predicted(model, validation)), strict=True):
            table[f"validation_scale_{label}"][rows] = factor
    for one in range(folds):
        scale = sigma_scales({name: values[fold != one] for name, values in table.items()})
        rows = np.flatnonzero(fold == one)
        for label, factor in zip(LABELS, scale, strict=True):
            table[f"{MAIN}_{label}_sigma"][rows] = table[f"{MAIN}_{label}_raw"][rows] * factor
    return table


def predicted(model: Model, stars: Sample) -> Table:
    """Labels of some stars as columns beside APOGEE's, with errors as the network says."""
    found, table = predict(model, standardise(stars.raw, model.scaling)), stars.columns()
    for index, label in enumerate(LABELS):
        table[f"{MAIN}_{label}"] = found["value"][:, index]
        table[f"{MAIN}_{label}_raw"] = found["sigma"][:, index]
    return table


def final_scales(
    folds: Mapping[str, np.ndarray], validation: Mapping[str, np.ndarray]
) -> Float[np.ndarray, " n_label"]:
    """
    Factors on the errors of the network that was trained on all training stars.

    It knows more than those of the folds, and its errors follow. The validation stars say by how
    much: what they ask of it over what they ask of the others, in which most of their sampling
    error cancels.

    Args:
        folds: of `cross_fit`.
        validation: of `predicted` by the network on all.

    Returns:
        A factor for each label.
    """
    of_folds = [np.nanmean(folds[f"validation_scale_{label}"]) for label in LABELS]
    return sigma_scales(folds) * sigma_scales(validation) / of_folds


def sigma_scales(
    table: Mapping[str, np.ndarray], labels: Sequence[str] = LABELS
) -> Float[np.ndarray, " n_label"]:
    """
    Factors on the errors of the labels that give the pulls of unseen stars a width of one.

    Args:
        table: `dropout_{label}`, its `_raw` error, `apogee_{label}` and its `_error`.
        labels: which.

    Returns:
        A factor for each label; 1 for one with fewer than `FEWEST` stars.
    """
    return np.array([_scale(*_columns(table, label)) for label in labels])


def scale_error(table: Mapping[str, np.ndarray], label: str, seed: int) -> float:
    """Sampling error of a label's factor, by bootstrap of the stars."""
    return bootstrap_error(_scale, *_columns(table, label), seed=seed, draws=50)


def _columns(table, label):
    own, raw = table[f"{MAIN}_{label}"], table[f"{MAIN}_{label}_raw"]
    return own - table[f"apogee_{label}"], raw**2, table[f"apogee_{label}_error"] ** 2


def _scale(difference, variance, other):
    enough = np.isfinite(difference).sum() >= FEWEST
    return width_scale(difference, variance, other) if enough else 1.0
