"""unWISE catalogues: two bands in a column, or a column a band."""

import numpy as np
import pytest
from astropy.table import Table

from starloom.archives.unwise import read_unwise

FLUX = np.array([[1000.0, 500.0], [3.0, np.nan]], np.float32)


def test_columns_of_two_bands_are_split_and_others_kept(tmp_path):
    table = {"flux": FLUX, "dflux": FLUX / 10, "ra": [1.0, 2.0], "dec": [3.0, 4.0]}
    Table(table | {"unwise_objid": ["0000m016o0000001", "x"]}).write(tmp_path / "a.cat.fits")
    read = read_unwise(tmp_path / "a.cat.fits")
    np.testing.assert_array_equal(read["flux_w1"], FLUX[:, 0])
    np.testing.assert_array_equal(read["flux_w2"], FLUX[:, 1])
    np.testing.assert_array_equal(read["dflux_w1"], FLUX[:, 0] / 10)
    assert read["unwise_objid"].tolist() == ["0000m016o0000001", "x"]


def test_a_column_a_band_as_other_archives_give_it_is_read(tmp_path):
    (tmp_path / "a.csv").write_text("ra,dec,flux_w1,flux_w2\n1,2,1000,\n")
    read = read_unwise(tmp_path / "a.csv")
    assert read["flux_w1"].tolist() == [1000.0] and np.isnan(read["flux_w2"][0])


def test_a_catalogue_of_one_band_is_refused(tmp_path):
    Table({"flux": [1.0], "ra": [1.0], "dec": [3.0]}).write(tmp_path / "w1.cat.fits")
    with pytest.raises(ValueError, match="lacks flux_w1, flux_w2; give a band-merged"):
        read_unwise(tmp_path / "w1.cat.fits")
