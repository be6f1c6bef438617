"""
Study: stellar labels with calibrated errors from XP spectra and photometry.

Fallows & Sanders (2024): a network that knows the errors of its inputs, of its labels and of
itself, trained on APOGEE's labels; by dropout as published, or as a deep ensemble.
"""

from starloom.studies.labels.folds import cross_fit
from starloom.studies.labels.inputs import (
    LABELS,
    Scaling,
    label_weights,
    labels_of,
    predictable,
    ratios,
    scaling_of,
    standardise,
    trainable,
)
from starloom.studies.labels.model import (
    Architecture,
    Model,
    from_model,
    targets,
    to_model,
    train,
    visible,
)
from starloom.studies.labels.predict import PARTS, predict, predict_stars
from starloom.studies.labels.sample import Sample, sample_of
from starloom.studies.labels.tune import finished

__all__ = [
    "LABELS",
    "PARTS",
    "Architecture",
    "Model",
    "Sample",
    "Scaling",
    "cross_fit",
    "finished",
    "from_model",
    "label_weights",
    "labels_of",
    "predict",
    "predict_stars",
    "predictable",
    "ratios",
    "sample_of",
    "scaling_of",
    "standardise",
    "targets",
    "to_model",
    "train",
    "trainable",
    "visible",
]
