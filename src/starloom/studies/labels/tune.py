"""What is learned after the training: the range of the training stars, the size of the errors."""

from dataclasses import replace

import numpy as np

from starloom.studies.labels.inputs import standardise
from starloom.studies.labels.model import Model
from starloom.studies.labels.predict import predict
from starloom.studies.labels.range import reference_of
from starloom.studies.labels.sample import Sample
from starloom.training.calibration import width_scale


def finished(model: Model, training: Sample, validation: Sample) -> Model:
    """
    The model with what its training stars look like, and with recalibrated errors.

    Args:
        model: what `train` gave.
        training: stars it was trained on: the range comes from them.
        validation: stars it was not: the scale of the errors comes from them.

    Returns:
        The model with `reference` and `sigma_scale`, 1 for a label with too few stars.
    """
    stars = standardise(training.raw, model.scaling)
    model = replace(model, reference=reference_of(stars, training.labels, model.scaling))
    found = predict(model, standardise(validation.raw, model.scaling))
    scale = np.ones(found["value"].shape[1])
    for index in range(len(scale)):
        difference = found["value"][:, index] - validation.labels["value"][:, index]
        if np.isfinite(difference).sum() >= 20:
            variances = found["sigma"][:, index] ** 2, validation.labels["error"][:, index] ** 2
            scale[index] = width_scale(difference, *variances)
    return replace(model, sigma_scale=scale)
