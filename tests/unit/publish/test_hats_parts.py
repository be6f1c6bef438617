"""Parts of the whole sky: pixels that make up a range, rows in their pixels, one catalogue."""

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy_healpix import HEALPix

from starloom.columns import STELLAR_LABELS, whole_sky
from starloom.publish.catalog import as_columns
from starloom.publish.hats_parts import join_parts, pixels_of_range, write_part


@pytest.mark.parametrize(
    ("first", "last"), [(0, 3), (1, 6), (0, 786431), (39321, 78642), (5, 5), (64, 1023)]
)
def test_pixels_cover_a_range_once_and_no_four_could_be_one(first, last):
    pixels = list(pixels_of_range(first, last))
    covered = np.concatenate(
        [np.arange(n << 2 * (8 - k), (n + 1) << 2 * (8 - k)) for k, n in pixels]
    )
    np.testing.assert_array_equal(covered, np.arange(first, last + 1))
    for level, pixel in pixels:
        siblings = {(level, pixel // 4 * 4 + child) for child in range(4)}
        assert level == 0 or not siblings <= set(pixels)


def test_the_whole_sky_is_its_twelve_base_pixels():
    assert list(pixels_of_range(0, 12 * 4**8 - 1)) == [(0, pixel) for pixel in range(12)]


def _table(pixels):
    lon, lat = HEALPix(256, "nested").healpix_to_lonlat(np.asarray(pixels))
    values = {
        "source_id": (np.asarray(pixels, np.int64) << 43) + 1,
        "ra": lon.to_value(u.deg),
        "dec": lat.to_value(u.deg),
        "teff_xp": np.linspace(4000, 5000, len(pixels)),
    }
    return as_columns(values, STELLAR_LABELS)


def test_parts_of_two_jobs_make_one_catalogue_with_each_row_in_its_pixel(tmp_path):
    extents, pixels = [(0, 99), (100, 786431)], [[3, 50, 99], [100, 5000, 700000, 786431]]
    for number, (extent, own) in enumerate(zip(extents, pixels, strict=True)):
        write_part(tmp_path / str(number), _table(own), extent, "simulated")
    counts = join_parts(tmp_path / "sky", [tmp_path / "0", tmp_path / "1"], "labels")
    assert counts["rows"] == 7
    properties = dict(
        line.split("=", 1)
        for line in (tmp_path / "sky" / "hats.properties").read_text().splitlines()
        if "=" in line
    )
    assert properties["hats_nrows"] == "7" and properties["obs_collection"] == "labels"
    lines = (tmp_path / "sky" / "partition_info.csv").read_text().splitlines()
    assert len(lines) == counts["pixels"] + 1
    for line in lines[1:]:
        level, pixel = map(int, line.split(","))
        place = f"Norder={level}/Dir={pixel // 10000 * 10000}/Npix={pixel}.parquet"
        table = pq.read_table(tmp_path / "sky" / "dataset" / place, partitioning=None)
        index = table.column("_healpix_29").to_numpy()
        assert (index >> 2 * (29 - level) == pixel).all() and (np.diff(index) >= 0).all()
        np.testing.assert_array_equal(index >> 42, table.column("source_id").to_numpy() >> 43)


def test_a_star_just_outside_its_file_counts_as_at_the_edge(tmp_path):
    write_part(tmp_path / "part", _table([7, 12]), (0, 10), "simulated")
    rows = [pq.read_metadata(path).num_rows for path in (tmp_path / "part").rglob("*.parquet")]
    assert sum(rows) == 2


def test_a_sky_without_a_star_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="none of the 1 parts"):
        join_parts(tmp_path / "sky", [tmp_path / "empty"], "labels")


def test_the_whole_sky_has_labels_and_latents_under_different_names():
    names = [column.name for column in whole_sky(4)]
    assert len(names) == len(set(names))
    assert {"teff_xp", "z3", "e_z3", "label_flag", "xp_flag"} <= set(names)
    assert "z4" not in names
