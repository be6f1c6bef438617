import subprocess
import sys

import numpy as np

from starloom import gaiaxpy_quiet

SCRIPT = """
import warnings
import matplotlib
before = list(warnings.filters)
from starloom.gaiaxpy_quiet import load
load()
assert matplotlib.rcParams["text.usetex"] is False
assert warnings.filters == before
"""


def test_loading_leaves_matplotlib_warnings_and_output_alone(root):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env={"PYTHONPATH": str(root / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_unit_sources_have_one_coefficient_each_and_the_other_band_zero_or_missing():
    both, alone = gaiaxpy_quiet.unit_sources("rp"), gaiaxpy_quiet.unit_sources("rp", alone=True)
    np.testing.assert_array_equal(np.stack(both["rp_coefficients"]), np.eye(55))
    assert not np.any(np.stack(both["bp_coefficients"]))
    assert alone["bp_coefficients"].isna().all() and len(alone) == 55
