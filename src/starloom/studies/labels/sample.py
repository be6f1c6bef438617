"""The stars of a training: which there are, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from starloom.prepare.identifiers import rows_of
from starloom.prepare.split import TRAINING
from starloom.studies.labels.inputs import (
    LABELS,
    UNSURE_CUTS,
    labels_of,
    predictable,
    ratios,
    trainable,
)

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Sample:
    """
    Stars with an APOGEE row that pass the cuts and can be predicted.

    Args:
        stars: columns of `prepare.stars`.
        raw: of `inputs.ratios`.
        labels: of `inputs.labels_of`.
        flag: label_flag.
        counts: stars left after every cut.
        unsure: ratio and colour of `inputs.ratios`, of the training split's stars that have no
            place here because ASPCAP could not tell their temperature.
    """

    stars: Arrays
    raw: Arrays
    labels: Arrays
    flag: np.ndarray
    counts: list[dict]
    unsure: Arrays

    def columns(self) -> Arrays:
        """APOGEE's labels and their errors, as the tables of the study name them."""
        found = {}
        for index, label in enumerate(LABELS):
            found[f"apogee_{label}"] = self.labels["value"][:, index]
            found[f"apogee_{label}_error"] = self.labels["error"][:, index]
        return found

    def part(self, split: int) -> "Sample":
        """The training, validation or test stars, by a code of `prepare.split`."""
        return self.chosen(self.stars["split"] == split)

    def chosen(self, rows: np.ndarray) -> "Sample":
        """Some of the stars."""
        stars, raw, labels = (_rows(table, rows) for table in (self.stars, self.raw, self.labels))
        return replace(self, stars=stars, raw=raw, labels=labels, flag=self.flag[rows])


def sample_of(
    arrays: Mapping[str, np.ndarray], stars: Mapping[str, np.ndarray], zero_point: bool
) -> Sample:
    """
    Gather the stars to learn from.

    Args:
        arrays: of `prepare.spectra`, with correlations.
        stars: columns of `prepare.stars`.
        zero_point: whether the bias of Gaia's parallax is taken off.

    Returns:
        The sample; its counts go on where those of the cuts end.
    """
    rows = rows_of(arrays["source_id"], stars["source_id"])
    stars = _rows(stars, rows)
    good, counts = trainable(stars)
    chosen = _rows(stars, good)
    raw, flag = ratios(_rows(arrays, good), chosen, zero_point)
    usable = predictable(flag)
    labels = labels_of(chosen)
    usable &= np.isfinite(labels["value"]).any(axis=1)
    last = {"name": "usable", "criterion": "a spectrum, a first RP coefficient, a label"}
    removed = int((~usable).sum())
    last |= {"left": int(usable.sum()), "removed": removed, "removed_alone": removed, "missing": 0}
    unsure = stars["split"] == TRAINING
    # A cut on a column that is not there is left out: without flags nothing is known to be unsure.
    unsure &= trainable(stars, UNSURE_CUTS)[0] & ("aspcapflag" in stars)
    other, bits = ratios(_rows(arrays, unsure), _rows(stars, unsure), zero_point)
    unlike = {name: other[name][predictable(bits)] for name in ("ratio", "colour")}
    return Sample(chosen, raw, labels, flag, [*counts, last], unlike).chosen(usable)


def _rows(table, rows):
    return {name: values[rows] for name, values in table.items()}
