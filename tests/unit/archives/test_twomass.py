"""2MASS tables of the Gaia archive and of IRSA."""

import numpy as np
import pytest

from starloom.archives.raw_tables import NO_INTEGER
from starloom.archives.twomass import read_twomass


def test_the_gaia_archives_and_irsas_names_give_the_same_columns(tmp_path):
    body = "\n00000000+0000000,0.0,-1.5,10.1,0.02,9.9,9.8,AAA,,2451234.5\n"
    gaia = "designation,ra,dec,j_m,j_msigcom,h_m,ks_m,ph_qual,ext_key,j_date"
    irsa = "designation,ra,dec,j_m,j_msigcom,h_m,k_m,ph_qual,ext_key,jdate"
    read = []
    for name, header in (("gaia.csv", gaia), ("irsa.csv", irsa)):
        (tmp_path / name).write_text(header + body)
        read.append(read_twomass(tmp_path / name))
    assert list(read[0]) == list(read[1])
    for columns in read:
        assert columns["designation"].tolist() == ["00000000+0000000"]
        assert columns["ks_m"] == np.float32(9.8)
        assert columns["ext_key"].tolist() == [NO_INTEGER]
        assert columns["j_date"].tolist() == [2451234.5]


def test_designations_of_digits_only_stay_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("designation,ra,dec,j_m,h_m,ks_m\n0012,1,2,3,4,5\n")
    assert read_twomass(path)["designation"].tolist() == ["0012"]


def test_a_table_without_a_magnitude_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("designation,ra,dec,j_m,h_m\nx,1,2,3,4\n")
    with pytest.raises(ValueError, match="lacks the columns ks_m"):
        read_twomass(path)


@pytest.mark.real
def test_a_published_table_without_designations_says_so(real):
    with pytest.raises(ValueError, match="lacks the columns designation, ra"):
        read_twomass(real / "photometry" / "corogee_allwise_2mass.fits")
