"""Worlds in which an effect is switched off: what has to fail there does."""

import pytest

from starloom.studies.labels.evaluate import judged, with_truth
from starloom.tables import read_table

pytestmark = pytest.mark.workflow


def _calibrated(tree):
    """Labels, of six, whose errors are honest by the stars that networks have left out."""
    results = tree / ".test" / "results"
    folds = read_table(results / "labels" / "folds.parquet")
    folds = with_truth(folds, read_table(results / "truth" / "stars.parquet"))
    return judged(folds, 1)["calibration/verdict"]["value"]


def test_the_calibration_holds_and_fails_where_reported_errors_are_half(tiny, clone, run_in):
    assert _calibrated(tiny) == 6
    tree = clone("half")
    (tree / "config" / "half.yaml").write_text("sky: {error_scale: 0.5, stars: 160, xp_files: 1}\n")
    words = ("--configfile", "config/test.yaml", "config/half.yaml")
    run_in(tree, "results/labels/folds.parquet", *words)
    assert _calibrated(tree) == 0
