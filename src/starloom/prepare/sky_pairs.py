"""
Close pairs of two whole-sky catalogues, by HEALPix partitions with margins, out of core.

The libraries are LSDB and HATS, in an environment of their own (envs/hats.lock). They are imported
when they are used.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

PARTITION_ROWS = 1_000_000
"""Rows of a partition: it is in memory whole, with its margin."""

_COLUMNS = ("id", "ra", "dec")
_NEIGHBOURS = 5


def sky_pairs(
    left: Sequence[str | Path],
    right: Sequence[str | Path],
    radius_arcsec: float,
    workers: int = 1,
    partition_rows: int = PARTITION_ROWS,
    folder: str | Path | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Find all pairs nearer than a radius; of each left row the five nearest.

    Args:
        left: Parquet files with id (int64), ra, dec [deg].
        right: the same of the other catalogue, at the same epoch.
        radius_arcsec: largest separation [arcsec].
        workers: processes.
        partition_rows: rows of a partition, about.
        folder: where the partitioned catalogues are kept meanwhile; removed at the end.

    Returns:
        id of the left row, id of the right row, separation [arcsec] of each pair, in the order of
        the ids.

    Raises:
        ValueError: if a file lacks a column or has no rows.
        ModuleNotFoundError: if LSDB is not installed; the message says what to do.
    """
    lsdb = _lsdb()
    from dask.distributed import Client

    for path in (*left, *right):
        _check(path)
    with (
        tempfile.TemporaryDirectory(dir=folder) as place,
        Client(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=place,
        ) as client,
    ):
        _partition(left, Path(place), "left", partition_rows, client)
        _partition(right, Path(place), "right", partition_rows, client)
        # Without a margin LSDB loses the pairs that lie on two sides of a partition's edge.
        _margin(Path(place), "right", 2 * radius_arcsec, client)
        one = lsdb.open_catalog(Path(place) / "left")
        two = lsdb.open_catalog(Path(place) / "right", margin_cache=str(Path(place) / "margin"))
        pairs = one.crossmatch(
            two,
            n_neighbors=_NEIGHBOURS,
            radius_arcsec=radius_arcsec,
            suffixes=("_left", "_right"),
            suffix_method="all_columns",
        ).compute()
    columns = [pairs[name].to_numpy() for name in ("id_left", "id_right", "_dist_arcsec")]
    order = np.lexsort(columns[1::-1])
    return tuple(column[order] for column in columns)


def _lsdb() -> ModuleType:
    try:
        import lsdb
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "LSDB is not in this environment, where it would conflict with Snakemake: run with "
            "--software-deployment-method conda, which takes envs/hats.yaml"
        ) from error
    return lsdb


def _check(path: str | Path) -> None:
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    missing = set(_COLUMNS) - set(pq.read_schema(path).names)
    if missing:
        raise ValueError(f"{path} lacks the columns {', '.join(sorted(missing))}")
    if not metadata.num_rows:
        raise ValueError(f"{path} has no rows")


def _partition(
    files: Sequence[str | Path], place: Path, name: str, rows: int, client: object
) -> None:
    from hats_import.catalog.arguments import ImportArguments
    from hats_import.pipeline import pipeline_with_client

    arguments = ImportArguments(
        input_file_list=[Path(file) for file in files],
        file_reader="parquet",
        output_path=place,
        output_artifact_name=name,
        pixel_threshold=rows,
        progress_bar=False,
        resume=False,
    )
    pipeline_with_client(arguments, client)


def _margin(place: Path, name: str, width_arcsec: float, client: object) -> None:
    from hats_import.margin_cache.margin_cache_arguments import MarginCacheArguments
    from hats_import.pipeline import pipeline_with_client

    arguments = MarginCacheArguments(
        input_catalog_path=place / name,
        output_path=place,
        output_artifact_name="margin",
        margin_threshold=width_arcsec,
        progress_bar=False,
        resume=False,
    )
    pipeline_with_client(arguments, client)
