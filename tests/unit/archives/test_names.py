"""Names of raw files."""

from itertools import pairwise

import pytest

from starloom.archives.names import LEVEL8_PIXELS, bulk_chunks, chunk_range, user_chunks


def test_bulk_files_cover_the_sky_once():
    assert bulk_chunks(2) == ["000000-393215", "393216-786431"]
    ranges = [chunk_range(chunk) for chunk in bulk_chunks(7)]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == LEVEL8_PIXELS - 1
    assert all(a[1] + 1 == b[0] for a, b in pairwise(ranges))


def test_user_files_keep_their_names_and_clashes_are_refused():
    assert user_chunks(["a/my stars.csv", "b.fits"]) == ["my_stars.csv", "b.fits"]
    with pytest.raises(ValueError, match=r"b/x\.csv and a/x\.csv have the same name"):
        user_chunks(["a/x.csv", "b/x.csv"])
