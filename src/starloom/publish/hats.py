"""
Catalogues partitioned by place on the sky, in the HATS layout that LSDB and other readers open.

    <catalogue>/hats.properties, partition_info.csv
    <catalogue>/dataset/_metadata, _common_metadata
    <catalogue>/dataset/Norder=k/Dir=d/Npix=n.parquet

References:
    The HATS note of the IVOA: Hierarchical Adaptive Tiling Scheme.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy_healpix import lonlat_to_healpix

from starloom.tables import atomic

ORDER = 29
"""HEALPix order of the index column; a pixel of 0.4 milliarcseconds."""

INDEX = f"_healpix_{ORDER}"
GAIA_SHIFT = 35
"""A Gaia source_id holds the nested HEALPix pixel of order 12 above these bits."""


def write_hats(
    path: str | Path, name: str, table: pa.Table, partition_rows: int, highest_order: int = 10
) -> None:
    """
    Write a table with positions as a HATS catalogue.

    Args:
        path: the catalogue's folder.
        name: of the catalogue.
        table: with `source_id`, and `ra` and `dec` [deg, ICRS]; a star without a position goes
            where its Gaia source_id places it.
        partition_rows: most rows of a partition; a fuller pixel is split in four.
        highest_order: order of the smallest pixels that may be made.

    Raises:
        ValueError: if the table has no rows: there is no empty HATS catalogue.
    """
    if not table.num_rows:
        raise ValueError(f"{path}: there is no star to partition")
    index = place(*(table[column].to_numpy() for column in ("source_id", "ra", "dec")))
    order = np.argsort(index, kind="stable")
    table = table.add_column(0, INDEX, pa.array(index)).take(order)
    index = index[order]
    with atomic(path) as folder:
        pixels = partitions(index, partition_rows, highest_order)
        footers = []
        for norder, npix in pixels:
            low, high = (np.searchsorted(index, _first(norder, npix + i)) for i in (0, 1))
            relative = partition_path(norder, npix)
            file = folder / "dataset" / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                table.slice(low, high - low), file, compression="zstd", metadata_collector=footers
            )
            footers[-1].set_file_path(relative)
        finish(folder, name, table.schema, pixels, footers)


def finish(
    folder: Path,
    name: str,
    schema: pa.Schema,
    pixels: list[tuple[int, int]],
    footers: list[pq.FileMetaData],
) -> None:
    """
    Write what tells readers of the partitions that are there.

    Args:
        folder: of the catalogue; its partitions are below `dataset`.
        name: of the catalogue.
        schema: of the partitions.
        pixels: order and pixel of each.
        footers: of each, with its path from `dataset`.
    """
    dataset = folder / "dataset"
    pq.write_metadata(schema, dataset / "_common_metadata")
    pq.write_metadata(schema, dataset / "_metadata", footers)
    lines = ["Norder,Npix", *(f"{norder},{npix}" for norder, npix in pixels)]
    (folder / "partition_info.csv").write_text("\n".join(lines) + "\n")
    rows = sum(footer.num_rows for footer in footers)
    said = _properties(name, rows, pixels, dataset)
    text = "#HATS catalog\n" + "".join(f"{key}={value}\n" for key, value in said.items())
    for file in ("hats.properties", "properties"):
        (folder / file).write_text(text)


def partition_path(norder: int, npix: int) -> str:
    """Where a partition lies below `dataset`."""
    return f"Norder={norder}/Dir={npix // 10000 * 10000}/Npix={npix}.parquet"


def place(source_id: np.ndarray, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """
    Nested HEALPix pixels of order 29.

    Args:
        source_id: Gaia identifiers, used where a position is NaN.
        ra: right ascension [deg].
        dec: declination [deg].

    Returns:
        Pixels, int64.
    """
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    known = np.isfinite(ra) & np.isfinite(dec)
    pixels = (np.asarray(source_id, np.int64) >> GAIA_SHIFT) << (2 * (ORDER - 12))
    degrees = np.radians(ra[known]), np.radians(dec[known])
    pixels[known] = lonlat_to_healpix(*_angles(*degrees), 2**ORDER, order="nested")
    return pixels


def partitions(index: np.ndarray, rows: int, highest_order: int) -> list[tuple[int, int]]:
    """
    Pixels that hold all stars, the largest with no more than so many.

    Args:
        index: sorted pixels of order 29.
        rows: most stars of a pixel that can be split.
        highest_order: order of pixels that are split no more.

    Returns:
        Order and pixel of each partition, in the order of the sky's nested numbering.
    """
    found, waiting = [], [(0, pixel) for pixel in reversed(range(12))]
    while waiting:
        norder, npix = waiting.pop()
        low, high = np.searchsorted(index, [_first(norder, npix), _first(norder, npix + 1)])
        if high - low > rows and norder < highest_order:
            waiting += [(norder + 1, 4 * npix + child) for child in (3, 2, 1, 0)]
        elif high > low:
            found.append((norder, npix))
    return found


def _angles(lon: np.ndarray, lat: np.ndarray):
    from astropy import units as u

    return lon * u.rad, lat * u.rad


def _first(norder: int, npix: int) -> int:
    """The first pixel of order 29 in a pixel."""
    return npix << (2 * (ORDER - norder))


def _properties(name: str, rows: int, pixels: list, dataset: Path) -> dict[str, object]:
    """What the catalogue's properties say, without a date: equal tables give equal files."""
    size = sum(file.stat().st_size for file in dataset.rglob("*") if file.is_file())
    return {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_nrows": rows,
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": INDEX,
        "hats_col_healpix_order": ORDER,
        "hats_npix_suffix": ".parquet",
        "hats_order": max(norder for norder, _ in pixels),
        "hats_estsize": size // 1024,
        "hats_version": "v0.1",
        "hats_builder": "starloom",
        "moc_sky_fraction": f"{sum(1 / (12 * 4**norder) for norder, _ in pixels):.5f}",
    }
