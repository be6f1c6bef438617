"""
GaiaXPy without its side effects.

Its import turns on matplotlib's usetex and mutes every RuntimeWarning of the process; its
functions print progress messages. Everything in the package that needs GaiaXPy takes it from here.
"""

import contextlib
import importlib
import io
import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pandas as pd

N_BASES = 55
"""Coefficients of each band in DR3, for which GaiaXPy has its matrices."""


def load() -> ModuleType:
    """
    Import GaiaXPy and leave matplotlib's settings and Python's warning filters as they were.

    Returns:
        The module `gaiaxpy`.
    """
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings(), silence():
        return importlib.import_module("gaiaxpy")


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Swallow what GaiaXPy prints on standard output inside the block; errors still rise."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def unit_sources(band: str, alone: bool = False) -> pd.DataFrame:
    """
    Sources for GaiaXPy's functions whose outputs are the rows of its matrices.

    Args:
        band: `bp` or `rp`, which has one coefficient 1 and the others 0 in each source.
        alone: whether the other band is missing; else all its coefficients are 0.

    Returns:
        A source for each coefficient, with unit errors and no correlations.
    """
    columns = {"source_id": np.arange(1, N_BASES + 1)}
    for name in ("bp", "rp"):
        missing = alone and name != band
        values = np.eye(N_BASES) if name == band else np.zeros((N_BASES, N_BASES))
        parts = {
            "n_parameters": N_BASES,
            "standard_deviation": 1.0,
            "coefficients": list(values),
            "coefficient_errors": [np.ones(N_BASES)] * N_BASES,
            "coefficient_correlations": [np.eye(N_BASES)] * N_BASES,
        }
        columns |= {f"{name}_{part}": np.nan if missing else parts[part] for part in parts}
    return pd.DataFrame(columns)


def require_dr3(bp: np.ndarray, rp: np.ndarray, remedy: str) -> None:
    """
    Check that coefficients are as many as GaiaXPy has matrices for.

    Raises:
        ValueError: if not; the message ends with the remedy.
    """
    if bp.shape[1:] != (N_BASES,) or rp.shape[1:] != (N_BASES,):
        raise ValueError(
            f"the spectra have {bp.shape[-1]} BP and {rp.shape[-1]} RP coefficients where GaiaXPy "
            f"has the matrices of DR3's {N_BASES}: {remedy}"
        )
