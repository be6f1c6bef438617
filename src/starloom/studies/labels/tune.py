"""What is learned after the training: the range of the training stars, the size of the errors."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from starloom.studies.labels.folds import final_scales, predicted, sigma_scales
from starloom.studies.labels.inputs import standardise
from starloom.studies.labels.model import Model
from starloom.studies.labels.range import reference_of
from starloom.studies.labels.sample import Sample


def finished(
    model: Model,
    training: Sample,
    validation: Sample,
    folds: Mapping[str, np.ndarray] | None = None,
) -> Model:
    """
    The model with what its training stars look like, and with recalibrated errors.

    Args:
        model: what `train` gave.
        training: stars it was trained on: the range comes from them.
        validation: stars it was not: the scale of the errors comes from them,
        folds: and from those of `folds.cross_fit`, which are many more.

    Returns:
        The model with `reference` and `sigma_scale`, 1 for a label with too few stars.
    """
    stars = standardise(training.raw, model.scaling)
    unsure = standardise(training.unsure, model.scaling)["x"]
    model = replace(model, reference=reference_of(stars, training.labels, model.scaling, unsure))
    unseen = predicted(model, validation)
    scale = sigma_scales(unseen) if folds is None else final_scales(folds, unseen)
    return replace(model, sigma_scale=scale)
