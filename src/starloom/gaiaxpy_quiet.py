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
