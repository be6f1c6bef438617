"""The stars of a training: which there are, and what is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from starloom.prepare.identifiers import rows_of
from starloom.studies.labels.inputs import LABELS, labels_of, predictable, ratios, trainable

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
    """

    stars: Arrays
    raw: Arrays
    labels: Arrays
    flag: np.ndarray
    counts: list[dict]

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
        picked = ({k: v[rows] for k, v in t.items()} for t in (self.stars, self.raw, self.labels))
        return Sample(*picked, self.flag[rows], self.counts)


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
    stars = {name: values[rows] for name, values in stars.items()}
    good, counts = trainable(stars)
    chosen = {name: values[good] for name, values in stars.items()}
    raw, flag = ratios({k: v[good] for k, v in arrays.items()}, chosen, zero_point)
    usable = predictable(flag)
    labels = labels_of(chosen)
    usable &= np.isfinite(labels["value"]).any(axis=1)
    last = {"name": "usable", "criterion": "a spectrum, a first RP coefficient, a label"}
    removed = int((~usable).sum())
    last |= {"left": int(usable.sum()), "removed": removed, "removed_alone": removed, "missing": 0}
    return Sample(chosen, raw, labels, flag, [*counts, last]).chosen(usable)
