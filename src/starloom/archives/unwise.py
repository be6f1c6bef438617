"""Files of the unWISE catalogue."""

import numpy as np

from starloom.archives.raw_tables import read_columns
from starloom.archives.raw_text import Source
from starloom.archives.schema import archive_columns

BANDS = ("w1", "w2")
REQUIRED = ("ra", "dec", "flux_w1", "flux_w2")


def read_unwise(path: Source) -> dict[str, np.ndarray]:
    """
    Read unWISE sources.

    Args:
        path: a band-merged `*.cat.fits`, whose columns hold a value a band, or any table with
            `flux_w1`, `flux_w2` as the NOIRLab and IRSA archives name them.

    Returns:
        At least ra, dec [deg] at the epoch of the exposures, flux_w1, flux_w2 [Vega nanomaggies];
        of the other columns those of two bands as `_w1` and `_w2`, the rest as they are.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, has no rows, lacks a required column, or holds one
            band only.

    References:
        Schlafly, Meisner & Green (2019).
    """
    columns = read_columns(path, archive_columns("unwise"), ("ra", "dec"))
    split = {}
    for name, values in columns.items():
        if values.ndim == 2 and values.shape[1] == len(BANDS):
            for index, band in enumerate(BANDS):
                split[f"{name}_{band}"] = np.ascontiguousarray(values[:, index])
        else:
            split[name] = values
    missing = [name for name in REQUIRED if name not in split]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}; give a band-merged catalogue (*.cat.fits of both "
            "bands), not one of a single band"
        )
    return split
